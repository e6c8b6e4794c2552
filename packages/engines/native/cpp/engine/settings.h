/** What a network and its training are, as the engine interface says it (packages/core/src/engine/engine.ts). */
#pragma once
#include <cstdint>
#include <vector>

#include "../kernels/kernels.h"

namespace pclab {

struct Shape {
  /** N_0..N_L. */
  std::vector<int> sizes;
  Activation hidden;
  Activation output;
  /** mu = theta f(x) instead of f(theta x). */
  bool amb;
  bool bias;

  int layers() const { return static_cast<int>(sizes.size()) - 1; }
  /** g_l of layer l, 1..L: what makes mu_l of a_l. */
  Activation outer(int l) const {
    if (l == layers()) return output;
    return amb ? Activation::identity : hidden;
  }
};

enum class Method : int { gradient, gaussNewton };
enum class Solver : int { dense, conjugateGradient };

struct Inference {
  Method method;
  int steps;
  int updateEvery;
  float rate;
  bool precondition;
  double tolerance;
  int outerIterations;
  Solver solver;
  double solverTolerance;
};

struct Settings {
  bool isBackpropagation;
  /** rc2: weights are updated during inference. */
  bool updatesDuringInference;
  /** rc3: variances are trained, that of the output if `trainsOutputVariance`. */
  bool trainsVariance;
  bool trainsOutputVariance;
  Inference inference;
  Optimiser optimiser;
  double learningRate;
  double weightDecay;
  double varianceLearningRate;
  double varianceDecay;
  double varianceFloor;
  /** Shares of the run's weight updates and of the rate; a constant schedule has warmup 0 and final 1. */
  double warmup;
  double finalShare;
  double totalWeightUpdates;
  double condition1Delta;
};

/** The value of an input is scale * raw + offset. The arrays are [count x N_0] and [count x N_L]. */
struct Examples {
  enum class Kind { bytes, floats, doubles };
  Kind kind;
  const void* inputs;
  double scale;
  double offset;
  const double* targets;
};

}  // namespace pclab
