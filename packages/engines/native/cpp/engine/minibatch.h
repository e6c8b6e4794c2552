/**
 * One minibatch of one replica, from its examples to its last weight update. The methods that take a `thread` are called by
 * every thread of the team, and return when all may go on.
 */
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "engine.h"

namespace pclab {

struct PhaseOptions {
  bool updatesWeights = true;
  /** Ends the phase where an energy or a parameter is NaN or infinite. */
  bool stopsOnDivergence = true;
  /** Called by one thread before each step, with the errors and their energies up to date. */
  std::function<void()> beforeStep;
};

class Minibatch {
 public:
  Minibatch(Engine& engine, int replica, const Batch& batch);

  /** Clamps the examples and predicts; with `backpropagates` h = -dLoss/da too. */
  void predict(int thread, bool backpropagates);
  /** The same for the examples clamped already. */
  void predictAgain(int thread, bool backpropagates);
  /** Measures the prediction. False: the loss is not finite. */
  bool measurePrediction(int thread, Report&);
  /** The inference phase from a forward pass, with its weight updates. */
  void infer(int thread, const PhaseOptions&);
  /** Errors and energies at the present activities under the present weights, and the residuals. */
  void lookAgain(int thread);
  /** One weight update from the present h. False: a parameter is no longer finite. */
  bool update(int thread, bool fromErrors);
  /** The gradients at the present h; packed ones are left for `unpackGradients`. */
  void sumGradients(int thread, bool fromErrors);

  void prepareGradients(bool fromErrors);
  Gradients takeGradients();
  std::vector<double> quadraticPerLayer() { return quadraticEnergyPerLayer(passes_, tiles_); }
  /** Q, E and the residual as `infer` or `lookAgain` left them. */
  InferenceMeasures measures();
  std::vector<double> energyOf(const std::vector<double>& quadratic) {
    return energyPerLayer(passes_, quadratic, batch_.count);
  }
  std::vector<Buffer> activities();
  int updatesDone() const { return updatesDone_; }
  bool finished() const { return finished_; }
  const std::optional<Divergence>& divergence() const { return divergence_; }

 private:
  void settleFreely(int thread, int steps);
  bool settleInStep(int thread, int from, int to, const PhaseOptions&);
  bool endSegment(int thread, bool isLast, const PhaseOptions&);
  void inferByGradient(int thread, const PhaseOptions&);
  void inferByGaussNewton(int thread, const PhaseOptions&);
  bool diverged(int layer, Quantity quantity);
  bool finishUpdate();
  void measureEnergies();
  bool hasSettled(double tolerance);

  /** Runs `work` for the crews of this thread. */
  template <typename Work>
  void forTiles(int thread, Work work) {
    forCrews(tiles_, thread, engine_.team_, work);
  }
  /** One thread decides for all, once all have come. */
  template <typename Decision>
  bool decide(int thread, Decision decision) {
    engine_.team_.sync();
    if (thread == 0) goesOn_ = decision();
    engine_.team_.sync();
    return goesOn_;
  }

  Engine& engine_;
  Replica& replica_;
  const Batch& batch_;
  const std::vector<Tile> tiles_;
  const Passes passes_;
  Finiteness finiteness_;
  std::vector<double> energyBefore_;
  InferenceMeasures measures_;
  std::vector<Buffer> packedGradients_;
  Gradients gradients_;
  bool goesOn_ = true;
  bool finished_ = false;
  int updatesDone_ = 0;
  std::optional<Divergence> divergence_;
};

}  // namespace pclab
