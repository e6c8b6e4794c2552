/**
 * S lambda = b by preconditioned conjugate gradients, one backward and one forward sweep a step; each sample stops by its
 * own solver residual: packages/core, reference/conjugateGradients.ts.
 */
#pragma once
#include "preconditioner.h"

namespace pclab {

class ConjugateGradients {
 public:
  ConjugateGradients(const Shape&, int vectorLanes, int batchSize, int lanes);

  /** Once a phase: the slopes of later iterations differ too little to begin again. By every thread together. */
  void prepare(const Passes& passes, const Crew& everyone) { preconditioner_.prepare(passes, everyone); }

  /**
   * J_l^T lambda of the hidden layers into `result`. It is summed step by step, since lambda is a sum of directions whose
   * J_l^T the steps compute anyway. `b` is overwritten by the residual.
   */
  void solve(const Passes&, const Crew&, double tolerance, Buffer& b, std::vector<Buffer>& result);

 private:
  void begin(const Tile&, Buffer& b, double tolerance);
  void chooseLength(const Passes&, const Tile&, Buffer& b);
  void turn(const Tile&, const float* residual);

  int outputs_;
  Preconditioner preconditioner_;
  /** Of the sweeps, layers 1..L and 1..L-1. */
  std::vector<Buffer> h_, jacobian_, moved_;
  /** [N_L][lane]. */
  Buffer direction_;
  /** M^-1 residual, [N_L][lane] by tile. */
  std::vector<double> preconditioned_;
  /** Per lane: the length of a step; whether the sample is still searching; residual^T M^-1 residual; and its bound. */
  Buffer length_;
  std::vector<char> isOpen_;
  std::vector<double> slope_, limit_;
};

}  // namespace pclab
