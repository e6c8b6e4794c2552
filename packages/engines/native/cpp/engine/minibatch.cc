#include "minibatch.h"

#include <algorithm>
#include <cmath>

#include "../gaussNewton/gaussNewton.h"

namespace pclab {

Minibatch::Minibatch(Engine& engine, int replica, const Batch& batch)
    : engine_(engine),
      replica_(engine.replicas_[replica]),
      batch_(batch),
      tiles_(tilesOf(batch.count, engine.kernels_.vectorLanes)),
      passes_{engine.shape_, engine.kernels_, replica_.layers, engine.space_},
      finiteness_(engine.shape_.layers()) {}

void Minibatch::predict(int thread, bool backpropagates) {
  const bool keepsSlopes = backpropagates || replica_.settings.inference.method == Method::gaussNewton;
  forTiles(thread, [&](const Crew& crew) {
    passes_.clamp(crew, batch_.examples, batch_.indices);
    passes_.forward(crew, keepsSlopes);
    if (backpropagates) passes_.backpropagate(crew);
  });
  engine_.team_.sync();
}

void Minibatch::predictAgain(int thread, bool backpropagates) {
  forTiles(thread, [&](const Crew& crew) {
    passes_.forward(crew, backpropagates);
    if (backpropagates) passes_.backpropagate(crew);
  });
  engine_.team_.sync();
}

bool Minibatch::measurePrediction(int thread, Report& report) {
  return decide(thread, [&] {
    report.prediction = pclab::measurePrediction(passes_, tiles_, replica_.settings.condition1Delta);
    return std::isfinite(report.prediction.lossSum) || diverged(0, Quantity::loss);
  });
}

void Minibatch::infer(int thread, const PhaseOptions& options) {
  if (replica_.settings.inference.method == Method::gradient) inferByGradient(thread, options);
  else inferByGaussNewton(thread, options);
  if (thread == 0) finished_ = goesOn_;
  engine_.team_.sync();
}

/** Activity steps with the weight updates in their places: packages/core, reference/phase.ts. */
void Minibatch::inferByGradient(int thread, const PhaseOptions& options) {
  const Inference& inference = replica_.settings.inference;
  const bool inStep = inference.tolerance > 0 || options.beforeStep;
  for (int step = 0; step < inference.steps;) {
    const int boundary = std::min(inference.steps, (step / inference.updateEvery + 1) * inference.updateEvery);
    bool settled = false;
    if (inStep) settled = !settleInStep(thread, step, boundary, options);
    else settleFreely(thread, boundary - step);
    const bool isLast = settled || boundary == inference.steps;
    if (!inStep && thread == 0) measures_.stepsTaken = boundary;
    if (!endSegment(thread, isLast, options) || isLast) return;
    forTiles(thread, [&](const Crew& crew) { passes_.predictFirst(crew); });
    step = boundary;
  }
}

/** Outer iterations, then one weight update: packages/core, reference/gaussNewton.ts. */
void Minibatch::inferByGaussNewton(int thread, const PhaseOptions& options) {
  const Inference& inference = replica_.settings.inference;
  GaussNewton& method = *engine_.gaussNewton_;
  forTiles(thread, [&](const Crew& crew) { method.begin(passes_, crew); });
  engine_.team_.sync();
  method.prepare(passes_, everyone(tiles_, thread, engine_.team_), inference.solver);
  for (int iteration = 1; iteration <= inference.outerIterations; iteration++) {
    if (options.beforeStep || inference.tolerance > 0) {
      decide(thread, [&] {
        if (options.beforeStep) options.beforeStep();
        energyBefore_ = quadraticEnergyPerSample(passes_, tiles_);
        return true;
      });
    }
    forTiles(thread, [&](const Crew& crew) { method.iterate(passes_, crew, inference, iteration == 1); });
    const bool goesOn = decide(thread, [&] {
      measures_.stepsTaken = iteration;
      return inference.tolerance == 0 || !hasSettled(inference.tolerance);
    });
    if (!goesOn) break;
  }
  endSegment(thread, true, options);
}

void Minibatch::settleFreely(int thread, int steps) {
  forTiles(thread, [&](const Crew& crew) {
    passes_.settle(crew, replica_.settings.inference, steps);
    passes_.errors(crew, true);
  });
}

/** All threads together, step by step. False: the phase has settled. */
bool Minibatch::settleInStep(int thread, int from, int to, const PhaseOptions& options) {
  const Settings& settings = replica_.settings;
  const Inference& inference = settings.inference;
  const Crew crew = everyone(tiles_, thread, engine_.team_);
  passes_.errors(crew, true);
  for (int step = from + 1; step <= to; step++) {
    if (thread == 0) {
      if (options.beforeStep) options.beforeStep();
      energyBefore_ = quadraticEnergyPerSample(passes_, tiles_);
    }
    engine_.team_.sync();
    passes_.stepAll(crew, inference);
    passes_.errors(crew, true);
    const bool goesOn = decide(thread, [&] {
      measures_.stepsTaken = step;
      // With updates during inference a phase ends at an update alone, so that no step is left without one.
      const bool mayStop = inference.tolerance > 0 && (step == to || !settings.updatesDuringInference);
      return !mayStop || !hasSettled(inference.tolerance);
    });
    if (!goesOn) return false;
  }
  return true;
}

/** |dQ|/Q of the last step is below the tolerance for every sample; a Q that stands still, at 0 too, has settled. */
bool Minibatch::hasSettled(double tolerance) {
  const std::vector<double> energies = quadraticEnergyPerSample(passes_, tiles_);
  for (std::size_t i = 0; i < energies.size(); i++) {
    const double change = std::fabs(energies[i] - energyBefore_[i]);
    if (change != 0 && !(change < tolerance * energyBefore_[i])) return false;
  }
  return true;
}

/** Where a weight update is due: with the errors of the new activities under the old weights. */
bool Minibatch::endSegment(int thread, bool isLast, const PhaseOptions& options) {
  const bool isFinite = decide(thread, [&] {
    measureEnergies();
    if (!options.stopsOnDivergence) return true;
    for (std::size_t i = 0; i < measures_.quadraticEnergyPerLayer.size(); i++) {
      if (!std::isfinite(measures_.quadraticEnergyPerLayer[i])) {
        return diverged(static_cast<int>(i) + 1, Quantity::energy);
      }
    }
    return true;
  });
  if (!isFinite) return false;
  if (isLast) {
    forTiles(thread, [&](const Crew& crew) { passes_.residuals(crew); });
    engine_.team_.sync();
  }
  if (!options.updatesWeights) return true;
  return update(thread, true) || !options.stopsOnDivergence;
}

void Minibatch::measureEnergies() {
  measures_.quadraticEnergyPerLayer = quadraticPerLayer();
  measures_.energyPerLayer = energyOf(measures_.quadraticEnergyPerLayer);
}

void Minibatch::lookAgain(int thread) {
  forTiles(thread, [&](const Crew& crew) {
    passes_.predictFirst(crew);
    passes_.errors(crew, true);
    passes_.residuals(crew);
  });
  decide(thread, [&] {
    measureEnergies();
    return true;
  });
}

InferenceMeasures Minibatch::measures() {
  measures_.residual = measureResidual(passes_, tiles_);
  return measures_;
}

bool Minibatch::update(int thread, bool fromErrors) {
  const Update what = {replica_.settings, tiles_, batch_.count, replica_.weightUpdates, fromErrors};
  updateParameters(passes_, replica_.layers, what, thread, engine_.team_.size(), finiteness_);
  return decide(thread, [&] { return finishUpdate(); });
}

bool Minibatch::finishUpdate() {
  replica_.weightUpdates++;
  updatesDone_++;
  for (int l = 0; l < engine_.shape_.layers(); l++) {
    if (finiteness_.weights[l]) return diverged(l + 1, Quantity::weights);
    if (finiteness_.bias[l]) return diverged(l + 1, Quantity::bias);
    if (finiteness_.logVariance[l]) return diverged(l + 1, Quantity::logVariance);
  }
  return true;
}

bool Minibatch::diverged(int layer, Quantity quantity) {
  divergence_ = Divergence{replica_.weightUpdates, layer, quantity};
  return false;
}

void Minibatch::prepareGradients(bool fromErrors) {
  gradients_ = Gradients{};
  packedGradients_.clear();
  for (const Layer& layer : replica_.layers) {
    packedGradients_.emplace_back(layer.weights.values.size());
    gradients_.weights.emplace_back(static_cast<std::size_t>(layer.units) * layer.inputs);
    gradients_.bias.emplace_back(layer.bias.values.size());
    gradients_.logVariance.emplace_back(fromErrors ? layer.units : 0);
  }
}

void Minibatch::sumGradients(int thread, bool fromErrors) {
  const Update what = {replica_.settings, tiles_, batch_.count, replica_.weightUpdates, fromErrors};
  pclab::sumGradients(passes_, replica_.layers, what, thread, engine_.team_.size(), packedGradients_, gradients_);
  engine_.team_.sync();
}

Gradients Minibatch::takeGradients() {
  for (std::size_t i = 0; i < replica_.layers.size(); i++) {
    const Layer& layer = replica_.layers[i];
    unpackWeights(packedGradients_[i].data(), layer.units, layer.inputs, gradients_.weights[i].data());
  }
  packedGradients_.clear();
  return std::move(gradients_);
}

std::vector<Buffer> Minibatch::activities() {
  std::vector<Buffer> result;
  for (int l = 1; l < passes_.last(); l++) {
    const int units = engine_.shape_.sizes[l];
    Buffer rows(static_cast<std::size_t>(batch_.count) * units);
    int firstSample = 0;
    for (const Tile& tile : tiles_) {
      const float* x = at(engine_.space_.x[l], tile, units);
      for (int sample = 0; sample < tile.samples; sample++) {
        float* row = rows.data() + static_cast<std::size_t>(firstSample + sample) * units;
        for (int i = 0; i < units; i++) row[i] = x[static_cast<std::size_t>(i) * tile.lanes + sample];
      }
      firstSample += tile.samples;
    }
    result.push_back(std::move(rows));
  }
  return result;
}

}  // namespace pclab
