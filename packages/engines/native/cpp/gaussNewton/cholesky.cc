#include "cholesky.h"

#include <cmath>

namespace pclab {

void CholeskyFactor::factorise() {
  for (int row = 0; row < n_; row++) {
    for (int column = 0; column <= row; column++) {
      double sum = at(row, column);
      for (int k = 0; k < column; k++) sum -= at(row, k) * at(column, k);
      at(row, column) = row == column ? 1 / std::sqrt(sum) : sum * at(column, column);
    }
  }
}

void CholeskyFactor::solve(double* b, int lanes) const {
  for (int row = 0; row < n_; row++) {
    double* solution = b + row * lanes;
    for (int k = 0; k < row; k++) subtract(solution, values_[triangleIndex(row, k)], b + k * lanes, lanes);
    const double inverse = values_[triangleIndex(row, row)];
    for (int lane = 0; lane < lanes; lane++) solution[lane] *= inverse;
  }
  for (int row = n_ - 1; row >= 0; row--) {
    double* solution = b + row * lanes;
    for (int k = row + 1; k < n_; k++) subtract(solution, values_[triangleIndex(k, row)], b + k * lanes, lanes);
    const double inverse = values_[triangleIndex(row, row)];
    for (int lane = 0; lane < lanes; lane++) solution[lane] *= inverse;
  }
}

}  // namespace pclab
