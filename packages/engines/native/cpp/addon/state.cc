/** A replica's tensors and count of weight updates, in and out. */
#include <cstring>

#include "functions.h"
#include "work.h"

namespace pclab {
namespace {

/** The lengths of a replica's tensors, per layer weights, bias, ln Sigma, each with its moments; no padding. */
std::vector<std::size_t> lengthsOf(Replica& replica) {
  std::vector<std::size_t> lengths;
  for (Layer& layer : replica.layers) {
    for (Parameter* parameter : {&layer.weights, &layer.bias, &layer.logVariance}) {
      const std::size_t length = static_cast<std::size_t>(layer.units) * (parameter == &layer.weights ? layer.inputs : 1);
      for (int which = 0; which < 3; which++) {
        if (parameter->tensor(which)->size() > 0) lengths.push_back(length);
      }
    }
  }
  return lengths;
}

template <typename OnWeights, typename OnVector>
void forTensors(Replica& replica, OnWeights onWeights, OnVector onVector) {
  std::size_t index = 0;
  for (Layer& layer : replica.layers) {
    for (Parameter* parameter : {&layer.weights, &layer.bias, &layer.logVariance}) {
      for (int which = 0; which < 3; which++) {
        Buffer* tensor = parameter->tensor(which);
        if (tensor->size() == 0) continue;
        if (parameter == &layer.weights) onWeights(index, layer, *tensor);
        else onVector(index, *tensor);
        index++;
      }
    }
  }
}

}  // namespace

/** (engine, threads, replica, tensors, weightUpdates) */
napi_value functions::loadState(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 5);
  Handle& handle = idleHandle(env, arguments, 0);
  const int index = replicaIndex(arguments, *handle.engine);
  Replica& replica = handle.engine->replica(index);
  const std::vector<float*> from = arguments.floatArrays(3, "tensors", lengthsOf(replica));
  const double weightUpdates = arguments.number(4, "weightUpdates");
  return startWork(env, arguments, handle, [=, &replica](Engine&) {
    forTensors(
        replica,
        [&](std::size_t i, Layer& layer, Buffer& to) { packWeights(from[i], layer.units, layer.inputs, to.data()); },
        [&](std::size_t i, Buffer& to) { std::memcpy(to.data(), from[i], to.size() * sizeof(float)); });
    for (Layer& layer : replica.layers) layer.refreshVariance();
    replica.weightUpdates = static_cast<std::int64_t>(weightUpdates);
  });
}

/** (engine, threads, replica, tensors, weightUpdates: Float64Array(1)); fills both. */
napi_value functions::readState(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 5);
  Handle& handle = idleHandle(env, arguments, 0);
  const int index = replicaIndex(arguments, *handle.engine);
  Replica& replica = handle.engine->replica(index);
  const std::vector<float*> to = arguments.floatArrays(3, "tensors", lengthsOf(replica));
  double* weightUpdates = arguments.typedArray(4, "weightUpdates", napi_float64_array, 1).doubles();
  return startWork(env, arguments, handle, [=, &replica](Engine&) {
    forTensors(
        replica,
        [&](std::size_t i, Layer& layer, Buffer& from) { unpackWeights(from.data(), layer.units, layer.inputs, to[i]); },
        [&](std::size_t i, Buffer& from) { std::memcpy(to[i], from.data(), from.size() * sizeof(float)); });
    *weightUpdates = static_cast<double>(replica.weightUpdates);
  });
}

}  // namespace pclab
