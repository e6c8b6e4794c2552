#include "options.h"

#include <cmath>
#include <limits>
#include <string>

namespace pclab {
namespace {

/** The largest layer that every index of the kernels holds. */
constexpr int kMostUnits = 1 << 20;

/** Reads fields in their order, each checked against its range. */
class Fields {
 public:
  explicit Fields(const double* values) : values_(values) {}

  double real(const char* name, double minimum) {
    const double value = values_[next_++];
    // A minimum of minus infinity is there for a floor that binds nothing.
    if (value >= minimum && value < std::numeric_limits<double>::infinity()) return value;
    throw ArgumentError(std::string(name) + " is " + std::to_string(value) + ", expected a number from " +
                        std::to_string(minimum) + " on");
  }

  int whole(const char* name, int minimum, int maximum) {
    const double value = real(name, minimum);
    if (value == std::floor(value) && value <= maximum) return static_cast<int>(value);
    throw ArgumentError(std::string(name) + " is " + std::to_string(value) + ", expected a whole number up to " +
                        std::to_string(maximum));
  }

  bool flag(const char* name) { return whole(name, 0, 1) == 1; }

 private:
  const double* values_;
  int next_ = 0;
};

constexpr int kMostActivations = static_cast<int>(Activation::identity);
constexpr double kLowest = -std::numeric_limits<double>::infinity();

}  // namespace

Shape decodeShape(const TypedArray& sizes, const TypedArray& values) {
  Shape shape{};
  const auto* units = static_cast<const std::int32_t*>(sizes.data);
  if (sizes.length < 2) throw ArgumentError("sizes has fewer than two layers");
  for (std::size_t l = 0; l < sizes.length; l++) {
    if (units[l] < 1 || units[l] > kMostUnits) {
      throw ArgumentError("sizes[" + std::to_string(l) + "] is " + std::to_string(units[l]) + ", expected 1 to " +
                          std::to_string(kMostUnits));
    }
    shape.sizes.push_back(units[l]);
  }
  Fields fields(values.doubles());
  shape.hidden = static_cast<Activation>(fields.whole("activation", 0, kMostActivations));
  shape.output = static_cast<Activation>(fields.whole("outputActivation", 0, kMostActivations));
  shape.amb = fields.flag("amb");
  shape.bias = fields.flag("bias");
  return shape;
}

Settings decodeSettings(const double* values) {
  constexpr int kMost = std::numeric_limits<int>::max();
  Fields fields(values);
  Settings settings{};
  settings.isBackpropagation = fields.flag("isBackpropagation");
  settings.updatesDuringInference = fields.flag("updatesDuringInference");
  settings.trainsVariance = fields.flag("trainsVariance");
  settings.trainsOutputVariance = fields.flag("trainsOutputVariance");
  Inference& inference = settings.inference;
  inference.method = static_cast<Method>(fields.whole("method", 0, 1));
  inference.steps = fields.whole("steps", 1, kMost);
  inference.updateEvery = fields.whole("updateEvery", 1, kMost);
  inference.rate = static_cast<float>(fields.real("rate", 0));
  inference.precondition = fields.flag("precondition");
  inference.tolerance = fields.real("tolerance", 0);
  inference.outerIterations = fields.whole("outerIterations", 1, kMost);
  inference.solver = static_cast<Solver>(fields.whole("solver", 0, 1));
  inference.solverTolerance = fields.real("solverTolerance", 0);
  settings.optimiser = static_cast<Optimiser>(fields.whole("optimiser", 0, 3));
  settings.learningRate = fields.real("learningRate", 0);
  settings.weightDecay = fields.real("weightDecay", 0);
  settings.varianceLearningRate = fields.real("varianceLearningRate", 0);
  settings.varianceDecay = fields.real("varianceDecay", 0);
  settings.varianceFloor = fields.real("varianceFloor", kLowest);
  settings.warmup = fields.real("warmup", 0);
  settings.finalShare = fields.real("finalShare", 0);
  settings.totalWeightUpdates = fields.real("totalWeightUpdates", 0);
  settings.condition1Delta = fields.real("condition1Delta", 0);
  return settings;
}

}  // namespace pclab
