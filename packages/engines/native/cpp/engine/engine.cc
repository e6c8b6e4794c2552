#include "engine.h"

#include <algorithm>

#include "minibatch.h"

namespace pclab {
namespace {

bool infersBy(const std::vector<Settings>& replicas, Solver solver) {
  return std::any_of(replicas.begin(), replicas.end(), [&](const Settings& settings) {
    return !settings.isBackpropagation && settings.inference.method == Method::gaussNewton &&
           settings.inference.solver == solver;
  });
}

}  // namespace


Engine::Engine(const Kernels& kernels, Shape shape, int batchSize, const std::vector<Settings>& replicas)
    : kernels_(kernels),
      shape_(std::move(shape)),
      batchSize_(batchSize),
      space_(shape_, kernels, batchSize) {
  for (const Settings& settings : replicas) {
    Replica replica{settings, {}, 0};
    for (int l = 1; l <= shape_.layers(); l++) {
      replica.layers.emplace_back(shape_.sizes[l - 1], shape_.sizes[l], shape_.bias, settings.optimiser);
    }
    replicas_.push_back(std::move(replica));
  }
  const bool usesDense = infersBy(replicas, Solver::dense);
  const bool usesGradients = infersBy(replicas, Solver::conjugateGradient);
  if (usesDense || usesGradients) {
    gaussNewton_ = std::make_unique<GaussNewton>(shape_, kernels.vectorLanes, batchSize, space_.lanes, usesDense,
                                                 usesGradients);
  }
}

void Engine::setThreads(int count) {
  space_.provide(count);
  team_.resize(count);
}

Report Engine::train(int replica, const Batch& batch) {
  Minibatch minibatch(*this, replica, batch);
  const bool isBackpropagation = replicas_[replica].settings.isBackpropagation;
  Report report;
  report.samples = batch.count;
  team_.run([&](int thread) {
    minibatch.predict(thread, isBackpropagation);
    if (!minibatch.measurePrediction(thread, report)) return;
    if (isBackpropagation) minibatch.update(thread, false);
    else minibatch.infer(thread, {});
  });
  report.weightUpdates = minibatch.updatesDone();
  report.divergence = minibatch.divergence();
  if (minibatch.finished()) report.inference = minibatch.measures();
  return report;
}

Prediction Engine::evaluate(int replica, const Batch& batch) {
  Prediction total;
  for (int done = 0; done < batch.count; done += batchSize_) {
    const Batch part = {batch.examples, batch.indices + done, std::min(batchSize_, batch.count - done)};
    Minibatch minibatch(*this, replica, part);
    Report report;
    team_.run([&](int thread) {
      minibatch.predict(thread, false);
      minibatch.measurePrediction(thread, report);
    });
    total.lossSum += report.prediction.lossSum;
    total.correct += report.prediction.correct;
  }
  return total;
}

Gradients Engine::gradients(int replica, const Batch& batch, bool ofLoss) {
  Minibatch minibatch(*this, replica, batch);
  minibatch.prepareGradients(!ofLoss);
  team_.run([&](int thread) {
    minibatch.predict(thread, ofLoss);
    if (!ofLoss) minibatch.infer(thread, {false, false, {}});
    minibatch.sumGradients(thread, !ofLoss);
  });
  return minibatch.takeGradients();
}

Trace Engine::trace(int replica, const Batch& batch, bool withWeightUpdates) {
  Minibatch minibatch(*this, replica, batch);
  Trace trace;
  const auto observe = [&] {
    const std::vector<double> quadratic = minibatch.quadraticPerLayer();
    const std::vector<double> energy = minibatch.energyOf(quadratic);
    const auto sum = [](const std::vector<double>& values) {
      double total = 0;
      for (const double value : values) total += value;
      return total;
    };
    trace.quadraticEnergy.push_back(sum(quadratic));
    trace.energy.push_back(sum(energy));
  };
  minibatch.prepareGradients(true);
  team_.run([&](int thread) {
    minibatch.predict(thread, false);
    minibatch.infer(thread, {withWeightUpdates, false, observe});
    // What follows belongs to the last activities under the last weights.
    minibatch.lookAgain(thread);
    minibatch.sumGradients(thread, true);
  });
  observe();
  trace.end = minibatch.measures();
  trace.activities = minibatch.activities();
  trace.pc = minibatch.takeGradients();
  minibatch.prepareGradients(false);
  team_.run([&](int thread) {
    minibatch.predictAgain(thread, true);
    minibatch.sumGradients(thread, false);
  });
  trace.bp = minibatch.takeGradients();
  return trace;
}

}  // namespace pclab
