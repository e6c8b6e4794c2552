/**
 * The mean S of a minibatch's first samples. Samples of one minibatch have nearly the same S, so that it preconditions all
 * of them: packages/core, reference/conjugateGradients.ts.
 *
 * The rows of the few samples' J_l are columns side by side, c = sample * N_L + row, so that one backward sweep over them
 * gives all: three samples of ten classes are a single tile of 32 lanes.
 */
#pragma once
#include <vector>

#include "cholesky.h"
#include "jacobian.h"

namespace pclab {

class Preconditioner {
 public:
  Preconditioner(const Shape&, int vectorLanes, int batchSize);

  /** From the slopes that the forward pass left. By every thread together. */
  void prepare(const Passes&, const Crew& everyone);

  /** residual <- M^-1 residual, [N_L][lanes]; as it is where the samples would cost more than they save. */
  void apply(double* residual, int lanes) const {
    if (samples_ > 0) factor_.solve(residual, lanes);
  }

 private:
  void spreadSlopes(const Passes&, const Crew&, int sampleStride);
  void sumLayer(const Passes&, int l);
  void factorise(const Passes&);

  int outputs_;
  int mostSamples_;
  int samples_ = 0;
  std::vector<Tile> tiles_;
  Buffer unitVectors_;
  std::vector<Buffer> slope_, h_, jacobian_;
  /** Sigma_l J_l^T in the packed form of weights; and J_l Sigma_l J_l^T, [column][lane] tile by tile. Layers 1..L-1. */
  std::vector<Buffer> scaled_, products_;
  CholeskyFactor factor_;
};

}  // namespace pclab
