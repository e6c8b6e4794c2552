#include "update.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pclab {
namespace {

/** Inputs of a patch: enough that turning its errors around costs little beside the products. */
constexpr int kPatchInputs = 512;

UpdateRule ruleOf(const Update& update, double rate, double decay) {
  const double t = static_cast<double>(update.done) + 1;
  UpdateRule rule{};
  rule.optimiser = update.settings.optimiser;
  rule.rate = static_cast<float>(rate * scheduleFactor(update.settings, update.done));
  rule.decay = static_cast<float>(decay);
  rule.scale = 1.0f / static_cast<float>(update.samples);
  rule.firstCorrection = static_cast<float>(1 - std::pow(0.9, t));
  rule.secondCorrection = static_cast<float>(1 - std::pow(0.999, t));
  return rule;
}

/** Calls body(layer index, patch) for this thread's share of all patches; tensors and rule are the caller's to fill in. */
template <typename Body>
void forPatches(const Passes& passes, const Update& update, int thread, int threads, Body body) {
  const int span = passes.kernels.patchUnits;
  const auto rowsOf = [&](const Layer& layer) { return (layer.units + span - 1) / span; };
  const auto columnsOf = [&](const Layer& layer) { return (layer.inputs + kPatchInputs - 1) / kPatchInputs; };
  int patches = 0;
  for (const Layer& layer : passes.layers) patches += rowsOf(layer) * columnsOf(layer);
  const Share share(patches, thread, threads);
  int item = 0;
  for (int l = 1; l <= passes.last(); l++) {
    const Layer& layer = passes.layer(l);
    const int columns = columnsOf(layer);
    for (int row = 0; row < rowsOf(layer); row++) {
      for (int column = 0; column < columns; column++, item++) {
        if (item < share.begin || item >= share.end) continue;
        const Share inputs(layer.inputs, column, columns);
        GradientPatch patch{};
        patch.inputs = layer.inputs;
        patch.units = layer.units;
        patch.firstUnit = row * span;
        patch.firstInput = inputs.begin;
        patch.inputCount = inputs.end - inputs.begin;
        patch.tiles = update.tiles.data();
        patch.tileCount = static_cast<int>(update.tiles.size());
        patch.h = passes.space.h[l].data();
        patch.x = passes.space.input(l - 1).data();
        patch.transposed = passes.space.scratch[thread].transposed.data();
        body(l - 1, patch);
      }
    }
  }
}

/** Sum over the samples of value(element) of one unit. */
template <typename Value>
double sumOverSamples(Buffer& buffer, const std::vector<Tile>& tiles, int units, int unit, Value value) {
  double sum = 0;
  for (const Tile& tile : tiles) {
    const float* row = at(buffer, tile, units, unit);
    for (int i = 0; i < tile.samples; i++) sum += value(static_cast<double>(row[i]));
  }
  return sum;
}

double biasGradient(const Passes& passes, const Update& update, int l, int unit) {
  return sumOverSamples(passes.space.h[l], update.tiles, passes.layer(l).units, unit,
                        [](double h) { return -h; });
}

/** dE/ds = 1/2 (1 - pi eps^2). */
double logVarianceGradient(const Passes& passes, const Update& update, int l, int unit) {
  const double precision = passes.layer(l).precision[unit];
  return sumOverSamples(passes.space.eps[l], update.tiles, passes.layer(l).units, unit,
                        [&](double eps) { return 0.5 * (1 - precision * eps * eps); });
}

/** One element, in double precision: there are few of them. `gradient` is the sum over the samples. */
void updateElement(Parameter& parameter, int i, double gradient, const UpdateRule& rule) {
  double value = parameter.values[i];
  gradient *= rule.scale;
  if (rule.optimiser == Optimiser::adamw) value *= 1 - static_cast<double>(rule.rate) * rule.decay;
  else gradient += rule.decay * value;
  double change = gradient;
  if (rule.optimiser == Optimiser::momentum) {
    change = 0.9 * parameter.first[i] + gradient;
    parameter.first[i] = static_cast<float>(change);
  } else if (rule.optimiser != Optimiser::sgd) {
    const double first = 0.9 * parameter.first[i] + 0.1 * gradient;
    const double second = 0.999 * parameter.second[i] + 0.001 * gradient * gradient;
    parameter.first[i] = static_cast<float>(first);
    parameter.second[i] = static_cast<float>(second);
    change = first / rule.firstCorrection / (std::sqrt(second / rule.secondCorrection) + 1e-8);
  }
  parameter.values[i] = static_cast<float>(value - rule.rate * change);
}

bool trainsVariance(const Update& update, bool isOutput) {
  const Settings& settings = update.settings;
  return update.fromErrors && settings.trainsVariance && (!isOutput || settings.trainsOutputVariance);
}

}  // namespace

double scheduleFactor(const Settings& settings, std::int64_t done) {
  const double total = settings.totalWeightUpdates;
  const double warmup = std::floor(settings.warmup * total + 0.5);
  const double update = static_cast<double>(done);
  if (update < warmup) return (update + 1) / warmup;
  const double remaining = std::max(1.0, total - warmup);
  const double progress = std::min(1.0, (update - warmup + 1) / remaining);
  return settings.finalShare +
         (1 - settings.finalShare) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

void updateParameters(const Passes& passes, std::vector<Layer>& layers, const Update& update, int thread,
                      int threads, Finiteness& finiteness) {
  const Settings& settings = update.settings;
  const UpdateRule weightRule = ruleOf(update, settings.learningRate, settings.weightDecay);
  forPatches(passes, update, thread, threads, [&](int index, GradientPatch& patch) {
    Parameter& weights = layers[index].weights;
    patch.weights = weights.values.data();
    patch.first = weights.first.data();
    patch.second = weights.second.data();
    patch.rule = weightRule;
    if (passes.kernels.updateWeights(patch) != 0.0f) finiteness.weights[index] = true;
  });
  const UpdateRule varianceRule = ruleOf(update, settings.varianceLearningRate, settings.varianceDecay);
  for (int l = 1; l <= passes.last(); l++) {
    Layer& layer = layers[l - 1];
    const Share share(layer.units, thread, threads);
    const bool learns = trainsVariance(update, l == passes.last());
    for (int unit = share.begin; unit < share.end; unit++) {
      if (layer.bias.values.size() > 0) {
        updateElement(layer.bias, unit, biasGradient(passes, update, l, unit), weightRule);
        if (!std::isfinite(layer.bias.values[unit])) finiteness.bias[l - 1] = true;
      }
      if (!learns) continue;
      updateElement(layer.logVariance, unit, logVarianceGradient(passes, update, l, unit), varianceRule);
      float& s = layer.logVariance.values[unit];
      // Written so that a NaN is not raised: it must show as divergence.
      if (s < settings.varianceFloor) s = static_cast<float>(settings.varianceFloor);
      if (!std::isfinite(s)) finiteness.logVariance[l - 1] = true;
      layer.variance[unit] = static_cast<float>(std::exp(static_cast<double>(s)));
      layer.precision[unit] = static_cast<float>(std::exp(-static_cast<double>(s)));
    }
  }
}

void sumGradients(const Passes& passes, std::vector<Layer>& layers, const Update& update, int thread,
                  int threads, std::vector<Buffer>& packed, Gradients& gradients) {
  forPatches(passes, update, thread, threads, [&](int index, GradientPatch& patch) {
    patch.gradient = packed[index].data();
    passes.kernels.updateWeights(patch);
  });
  for (int l = 1; l <= passes.last(); l++) {
    Layer& layer = layers[l - 1];
    const Share share(layer.units, thread, threads);
    for (int unit = share.begin; unit < share.end; unit++) {
      if (layer.bias.values.size() > 0) {
        gradients.bias[l - 1][unit] = static_cast<float>(biasGradient(passes, update, l, unit));
      }
      if (update.fromErrors) {
        gradients.logVariance[l - 1][unit] = static_cast<float>(logVarianceGradient(passes, update, l, unit));
      }
    }
  }
}

}  // namespace pclab
