/** A symmetric positive definite system by its Cholesky factor: the lower triangle alone, row by row. */
#pragma once
#include <vector>

namespace pclab {

constexpr int triangleIndex(int row, int column) { return row * (row + 1) / 2 + column; }

/** F with F F^T = S, with the inverse of its diagonal in the diagonal's place. NaN where S is not definite. */
class CholeskyFactor {
 public:
  explicit CholeskyFactor(int n) : n_(n), values_(triangleIndex(n, 0)) {}

  /** S, to be set before `factorise`. */
  double& at(int row, int column) { return values_[triangleIndex(row, column)]; }
  void factorise();

  /** b <- (F F^T)^-1 b for `lanes` right-hand sides at once, b [n][lanes]. */
  void solve(double* b, int lanes) const;

 private:
  void subtract(double* from, double factor, const double* b, int lanes) const {
    for (int lane = 0; lane < lanes; lane++) from[lane] -= factor * b[lane];
  }

  int n_;
  std::vector<double> values_;
};

}  // namespace pclab
