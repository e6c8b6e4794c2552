/**
 * Dual Gauss-Newton (docs/EQUATIONS.md): one outer iteration linearises yhat along the present path, solves
 * S lambda = r + sum_l J_l eps_l for each sample, and moves the errors towards Sigma_l J_l^T lambda.
 */
#pragma once
#include <optional>
#include <vector>

#include "conjugateGradients.h"
#include "denseSolver.h"

namespace pclab {

/** The method with its room, which the minibatches and replicas of an engine share. */
class GaussNewton {
 public:
  GaussNewton(const Shape&, int vectorLanes, int batchSize, int lanes, bool usesDense, bool usesGradients);

  /** The errors of a forward pass that kept its slopes: zero but at the output. */
  void begin(const Passes&, const Crew&) const;
  /** Once a phase, by every thread together. */
  void prepare(const Passes&, const Crew& everyone, Solver);
  /** One outer iteration; leaves activities, h, energies and slopes up to date. */
  void iterate(const Passes&, const Crew&, const Inference&, bool isFirst);

 private:
  void rightHandSide(const Passes&, const Crew&, bool isFirst);
  void backtrack(const Passes&, const Crew&);
  void closeSettled(const Passes&, const Tile&, bool isLastTry);

  std::optional<DenseSolver> dense_;
  std::optional<ConjugateGradients> gradients_;
  /** The errors before an iteration and its whole step; layers 1..L-1. */
  std::vector<Buffer> start_, step_;
  /** Of the right-hand side, layers 1..L; and itself, [N_L][lane]. */
  std::vector<Buffer> moved_;
  Buffer b_;
  /** Per lane: the part of the step to take; whether a sample is still searching; its Q before the step, twice. */
  Buffer t_;
  std::vector<char> isOpen_;
  std::vector<double> before_;
};

}  // namespace pclab
