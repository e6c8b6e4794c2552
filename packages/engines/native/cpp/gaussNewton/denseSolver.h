/** S lambda = b by a Cholesky factor of each sample's S: packages/core, reference/denseSolver.ts. */
#pragma once
#include "cholesky.h"
#include "jacobian.h"

namespace pclab {

class DenseSolver {
 public:
  DenseSolver(const Shape&, int lanes);

  /** J_l^T lambda of the hidden layers into `result`, from the rows of the J_l, one backward sweep each. */
  void solve(const Passes&, const Crew&, Buffer& b, std::vector<Buffer>& result);

 private:
  void sumCovariance(const Passes&, const Tile&, int l);
  void solveSample(const Passes&, const Tile&, Buffer& b, int sample);

  int outputs_;
  /** Of the sweeps: layers 1..L, and the unit vectors [N_L][lane]. */
  std::vector<Buffer> h_;
  Buffer unitVector_;
  /** Row j of the J_l, [j][l]; the share of layer l in S, [l][row pair][lane]. */
  std::vector<std::vector<Buffer>> rows_;
  std::vector<Buffer> covariance_;
};

}  // namespace pclab
