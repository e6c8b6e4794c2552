/**
 * Dual Gauss-Newton (docs/EQUATIONS.md): one outer iteration linearises yhat along the present path, solves
 * S lambda = r + sum_l J_l eps_l for each sample, and moves the errors towards Sigma_l J_l^T lambda.
 */
#pragma once
#include <vector>

#include "passes.h"

namespace pclab {

/** What the method needs besides the workspace. Vectors "per lane" have one entry a sample, at its place in the tiles. */
struct GaussNewtonSpace {
  /** h of a transposed sweep, layers 1..L; J_l^T v, the errors before an iteration and the whole step, layers 1..L-1. */
  std::vector<Buffer> h, jacobian, start, step;
  /** Of a forward sweep, layers 1..L. */
  std::vector<Buffer> moved;
  /** [N_L][lane]: right-hand side, its solution, and the vectors of the conjugate gradients. */
  Buffer b, lambda, residual, direction;
  /** Per lane: the part of the step to take. */
  Buffer t;
  /** Per lane: whether a sample is still searching, its Q before the step, and its bound or inner product. */
  std::vector<char> isOpen;
  std::vector<double> before, limit, square;
  /** Row j of the J_l, [j][l]; and the share of layer l in S, [l][row pair][lane]. With the dense solver alone. */
  std::vector<std::vector<Buffer>> rows;
  std::vector<Buffer> covariance;

  GaussNewtonSpace(const Shape&, int lanes, bool isDense);
};

class GaussNewton {
 public:
  GaussNewton(const Passes& passes, GaussNewtonSpace& space, const Inference& inference)
      : passes_(passes), space_(space), inference_(inference) {}

  /** The errors of a forward pass that kept its slopes: zero but at the output. */
  void begin(const Crew&) const;
  /** One outer iteration; leaves activities, h, energies and slopes up to date. */
  void iterate(const Crew&) const;

 private:
  void transposedSweep(const Crew&, Buffer& v, std::vector<Buffer>& into) const;
  Buffer& forwardSweep(const Crew&, std::vector<Buffer>& errors, bool scalesByVariance) const;
  void rightHandSide(const Crew&) const;
  void solveDense(const Crew&) const;
  void solveByConjugateGradients(const Crew&) const;
  void addCovariance(const Tile&, int l) const;
  void solveSample(const Tile&, int sample) const;
  void backtrack(const Crew&) const;
  void closeSettled(const Tile&, bool isLastTry) const;
  bool anyOpen(const Crew&) const;
  double energyOf(const Tile&, int sample) const;

  const Passes& passes_;
  GaussNewtonSpace& space_;
  const Inference& inference_;
};

}  // namespace pclab
