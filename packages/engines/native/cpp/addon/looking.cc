/** Calls that leave a replica as it was: evaluation, gradients, a trace. */
#include <cstring>
#include <limits>

#include "batch.h"
#include "functions.h"
#include "inferenceMeasures.h"
#include "work.h"

namespace pclab {
namespace {

/** Per layer weights, bias where there is one, and ln Sigma unless the gradient is BP's. */
std::vector<std::size_t> gradientLengths(const Engine& engine, bool ofLoss) {
  std::vector<std::size_t> lengths;
  const Shape& shape = engine.shape();
  for (int l = 1; l <= shape.layers(); l++) {
    const std::size_t units = shape.sizes[l];
    lengths.push_back(units * shape.sizes[l - 1]);
    if (shape.bias) lengths.push_back(units);
    if (!ofLoss) lengths.push_back(units);
  }
  return lengths;
}

void copyGradients(const Gradients& gradients, const std::vector<float*>& to) {
  std::size_t index = 0;
  const auto copy = [&](const Buffer& from) {
    if (from.size() > 0) std::memcpy(to[index++], from.data(), from.size() * sizeof(float));
  };
  for (std::size_t l = 0; l < gradients.weights.size(); l++) {
    copy(gradients.weights[l]);
    copy(gradients.bias[l]);
    copy(gradients.logVariance[l]);
  }
}

}  // namespace

/** (engine, threads, replica, inputs, scale, offset, targets, indices, result: Float64Array(2)) */
napi_value functions::evaluate(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 9);
  Handle& handle = idleHandle(env, arguments, 0);
  const int replica = replicaIndex(arguments, *handle.engine);
  const Batch batch = batchOf(arguments, *handle.engine, std::numeric_limits<int>::max());
  double* result = arguments.typedArray(8, "result", napi_float64_array, 2).doubles();
  return startWork(env, arguments, handle, [=](Engine& engine) {
    const Prediction prediction = engine.evaluate(replica, batch);
    result[0] = prediction.lossSum;
    result[1] = prediction.correct;
  });
}

/** (engine, threads, replica, inputs, scale, offset, targets, indices, ofLoss: 0 | 1, gradients) */
napi_value functions::gradients(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 10);
  Handle& handle = idleHandle(env, arguments, 0);
  const int replica = replicaIndex(arguments, *handle.engine);
  const Batch batch = batchOf(arguments, *handle.engine, handle.engine->batchSize());
  const bool ofLoss = arguments.integer(8, "ofLoss", 0, 1) == 1;
  const std::vector<float*> to = arguments.floatArrays(9, "gradients", gradientLengths(*handle.engine, ofLoss));
  return startWork(env, arguments, handle, [=](Engine& engine) {
    copyGradients(engine.gradients(replica, batch, ofLoss), to);
  });
}

/**
 * (engine, threads, replica, inputs, scale, offset, targets, indices, withWeightUpdates: 0 | 1,
 *  energies: Float64Array(2 * (steps + 1)), measures, activities, pc, bp)
 */
napi_value functions::trace(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 14);
  Handle& handle = idleHandle(env, arguments, 0);
  Engine& owner = *handle.engine;
  const int replica = replicaIndex(arguments, owner);
  const Batch batch = batchOf(arguments, owner, owner.batchSize());
  const bool withWeightUpdates = arguments.integer(8, "withWeightUpdates", 0, 1) == 1;
  const Inference& inference = owner.replica(replica).settings.inference;
  const std::size_t most =
      1 + (inference.method == Method::gradient ? inference.steps : inference.outerIterations);
  double* energies = arguments.typedArray(9, "energies", napi_float64_array, 2 * most).doubles();
  double* measures = arguments.typedArray(10, "measures", napi_float64_array, measuresLength(owner)).doubles();
  std::vector<std::size_t> lengths;
  for (int l = 1; l < owner.shape().layers(); l++) {
    lengths.push_back(static_cast<std::size_t>(batch.count) * owner.shape().sizes[l]);
  }
  const std::vector<float*> activities = arguments.floatArrays(11, "activities", lengths);
  const std::vector<float*> pc = arguments.floatArrays(12, "pc", gradientLengths(owner, false));
  const std::vector<float*> bp = arguments.floatArrays(13, "bp", gradientLengths(owner, true));
  return startWork(env, arguments, handle, [=](Engine& engine) {
    const Trace result = engine.trace(replica, batch, withWeightUpdates);
    for (std::size_t i = 0; i < result.energy.size(); i++) {
      energies[i] = result.energy[i];
      energies[most + i] = result.quadraticEnergy[i];
    }
    writeMeasures(result.end, measures);
    for (std::size_t l = 0; l < activities.size(); l++) {
      std::memcpy(activities[l], result.activities[l].data(), lengths[l] * sizeof(float));
    }
    copyGradients(result.pc, pc);
    copyGradients(result.bp, bp);
  });
}

}  // namespace pclab
