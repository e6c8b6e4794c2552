/** The functions that src/addon.ts describes. Each checks its arguments, then starts a job or answers at once. */
#include <node_api.h>

#include <chrono>
#include <cstring>
#include <limits>
#include <numeric>

#include "handle.h"
#include "job.h"
#include "options.h"

namespace pclab {
namespace {

constexpr int kMostThreads = 1024;
constexpr int kMostBatch = 1 << 20;

const Kernels& kernelsNamed(const std::string& name) {
  int count;
  const Kernels* const* all = availableKernels(&count);
  for (int i = 0; i < count; i++) {
    if (name == all[i]->name) return *all[i];
  }
  throw ArgumentError("instructionSet '" + name + "' is not one of this processor's");
}

napi_value number(napi_env env, double value) {
  napi_value result;
  check(napi_create_double(env, value, &result));
  return result;
}

napi_value undefined(napi_env env) {
  napi_value result;
  check(napi_get_undefined(env, &result));
  return result;
}

/** A job on an engine, which is at work until it ends. */
napi_value startWork(napi_env env, const Arguments& arguments, Handle& handle, int threads,
                     std::function<void(Engine&)> work) {
  Engine* engine = handle.engine.get();
  handle.isBusy = true;
  try {
    return startJob(
        env, arguments.all(),
        [engine, threads, work = std::move(work)] {
          engine->setThreads(threads);
          work(*engine);
        },
        [&handle] { handle.isBusy = false; });
  } catch (...) {
    handle.isBusy = false;
    throw;
  }
}

napi_value instructionSets(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 0);
  int count;
  const Kernels* const* all = availableKernels(&count);
  napi_value names;
  check(napi_create_array(env, &names));
  for (int i = 0; i < count; i++) {
    napi_value name;
    check(napi_create_string_utf8(env, all[i]->name, NAPI_AUTO_LENGTH, &name));
    check(napi_set_element(env, names, static_cast<std::uint32_t>(i), name));
  }
  return names;
}

/** (instructionSet, sizes, shapeFields, batchSize, settings) -> engine */
napi_value create(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 5);
  const Kernels& kernels = kernelsNamed(arguments.text(0, "instructionSet"));
  const Shape shape =
      decodeShape(arguments.typedArray(1, "sizes", napi_int32_array, Arguments::kAnyLength),
                  arguments.typedArray(2, "shape", napi_float64_array, kShapeFields));
  const int batchSize = arguments.integer(3, "batchSize", 1, kMostBatch);
  const TypedArray fields = arguments.typedArray(4, "settings", napi_float64_array, Arguments::kAnyLength);
  if (fields.length == 0 || fields.length % kSettingsFields != 0) {
    throw ArgumentError("settings has " + std::to_string(fields.length) + " elements, expected a multiple of " +
                        std::to_string(kSettingsFields));
  }
  std::vector<Settings> settings;
  for (std::size_t at = 0; at < fields.length; at += kSettingsFields) {
    settings.push_back(decodeSettings(fields.doubles() + at));
  }
  return wrap(env, std::make_unique<Engine>(kernels, shape, batchSize, settings));
}

/** (engine) */
napi_value dispose(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 1);
  idleHandle(env, arguments, 0).engine.reset();
  return undefined(env);
}

int replicaIndex(const Arguments& arguments, const Engine& engine) {
  return arguments.integer(2, "replica", 0, engine.replicaCount() - 1);
}

int threadCount(const Arguments& arguments) { return arguments.integer(1, "threads", 1, kMostThreads); }

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

/** (engine, threads, replica, tensors, weightUpdates) */
napi_value loadState(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 5);
  Handle& handle = idleHandle(env, arguments, 0);
  const int index = replicaIndex(arguments, *handle.engine);
  Replica& replica = handle.engine->replica(index);
  const std::vector<float*> from = arguments.floatArrays(3, "tensors", lengthsOf(replica));
  const double weightUpdates = arguments.number(4, "weightUpdates");
  return startWork(env, arguments, handle, threadCount(arguments), [=, &replica](Engine&) {
    forTensors(
        replica,
        [&](std::size_t i, Layer& layer, Buffer& to) { packWeights(from[i], layer.units, layer.inputs, to.data()); },
        [&](std::size_t i, Buffer& to) { std::memcpy(to.data(), from[i], to.size() * sizeof(float)); });
    for (Layer& layer : replica.layers) layer.refreshVariance();
    replica.weightUpdates = static_cast<std::int64_t>(weightUpdates);
  });
}

/** (engine, threads, replica, tensors, weightUpdates: Float64Array(1)); fills both. */
napi_value readState(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 5);
  Handle& handle = idleHandle(env, arguments, 0);
  const int index = replicaIndex(arguments, *handle.engine);
  Replica& replica = handle.engine->replica(index);
  const std::vector<float*> to = arguments.floatArrays(3, "tensors", lengthsOf(replica));
  double* weightUpdates = arguments.typedArray(4, "weightUpdates", napi_float64_array, 1).doubles();
  return startWork(env, arguments, handle, threadCount(arguments), [=, &replica](Engine&) {
    forTensors(
        replica,
        [&](std::size_t i, Layer& layer, Buffer& from) { unpackWeights(from.data(), layer.units, layer.inputs, to[i]); },
        [&](std::size_t i, Buffer& from) { std::memcpy(to[i], from.data(), from.size() * sizeof(float)); });
    *weightUpdates = static_cast<double>(replica.weightUpdates);
  });
}

/** Arguments 3..7: inputs, scale, offset, targets, indices. */
Batch batchOf(const Arguments& arguments, const Engine& engine, int most) {
  const TypedArray inputs = arguments.anyTypedArray(3, "inputs");
  Examples examples{};
  switch (inputs.type) {
    case napi_uint8_array: examples.kind = Examples::Kind::bytes; break;
    case napi_float32_array: examples.kind = Examples::Kind::floats; break;
    case napi_float64_array: examples.kind = Examples::Kind::doubles; break;
    default: throw ArgumentError("inputs must be a Uint8Array, a Float32Array or a Float64Array");
  }
  const std::size_t width = engine.shape().sizes.front();
  const std::size_t outputs = engine.shape().sizes.back();
  const std::size_t count = inputs.length / width;
  if (inputs.length % width != 0) {
    throw ArgumentError("inputs has " + std::to_string(inputs.length) + " elements, expected a multiple of " +
                        std::to_string(width));
  }
  examples.inputs = inputs.data;
  examples.scale = arguments.number(4, "inputScale");
  examples.offset = arguments.number(5, "inputOffset");
  examples.targets = arguments.typedArray(6, "targets", napi_float64_array, count * outputs).doubles();
  const TypedArray indices = arguments.typedArray(7, "indices", napi_uint32_array, Arguments::kAnyLength);
  if (indices.length < 1 || indices.length > static_cast<std::size_t>(most)) {
    throw ArgumentError("a minibatch of " + std::to_string(indices.length) + "; the engine was made for " +
                        std::to_string(most));
  }
  const auto* values = static_cast<const std::uint32_t*>(indices.data);
  for (std::size_t i = 0; i < indices.length; i++) {
    if (values[i] < count) continue;
    throw ArgumentError("indices[" + std::to_string(i) + "] is " + std::to_string(values[i]) + " of " +
                        std::to_string(count) + " examples");
  }
  return {examples, values, static_cast<int>(indices.length)};
}

void writeMeasures(const InferenceMeasures& measures, double* to) {
  *to++ = measures.residual.sum;
  *to++ = measures.residual.max;
  *to++ = measures.stepsTaken;
  for (const double energy : measures.quadraticEnergyPerLayer) *to++ = energy;
  for (const double energy : measures.energyPerLayer) *to++ = energy;
}

/** Residual sum and max, steps taken; Q and E per layer. */
std::size_t measuresLength(const Engine& engine) { return 3 + 2 * engine.shape().layers(); }

void writeReport(const Report& report, double* to) {
  to[0] = report.weightUpdates;
  to[1] = report.prediction.lossSum;
  to[2] = report.prediction.correct;
  to[3] = report.prediction.condition1Count;
  to[4] = report.divergence ? static_cast<double>(report.divergence->quantity) : -1;
  to[5] = report.divergence ? static_cast<double>(report.divergence->weightUpdate) : 0;
  to[6] = report.divergence ? report.divergence->layer : 0;
  to[7] = report.inference ? 1 : 0;
  if (report.inference) writeMeasures(*report.inference, to + 8);
}

/** (engine, threads, replica, inputs, scale, offset, targets, indices, report: Float64Array(8 + measures)) */
napi_value train(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 9);
  Handle& handle = idleHandle(env, arguments, 0);
  const int replica = replicaIndex(arguments, *handle.engine);
  const Batch batch = batchOf(arguments, *handle.engine, handle.engine->batchSize());
  double* report =
      arguments.typedArray(8, "report", napi_float64_array, 8 + measuresLength(*handle.engine)).doubles();
  return startWork(env, arguments, handle, threadCount(arguments),
                   [=](Engine& engine) { writeReport(engine.train(replica, batch), report); });
}

/** (engine, threads, replica, inputs, scale, offset, targets, indices, result: Float64Array(2)) */
napi_value evaluate(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 9);
  Handle& handle = idleHandle(env, arguments, 0);
  const int replica = replicaIndex(arguments, *handle.engine);
  const Batch batch = batchOf(arguments, *handle.engine, std::numeric_limits<int>::max());
  double* result = arguments.typedArray(8, "result", napi_float64_array, 2).doubles();
  return startWork(env, arguments, handle, threadCount(arguments), [=](Engine& engine) {
    const Prediction prediction = engine.evaluate(replica, batch);
    result[0] = prediction.lossSum;
    result[1] = prediction.correct;
  });
}

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

/** (engine, threads, replica, inputs, scale, offset, targets, indices, ofLoss: 0 | 1, gradients) */
napi_value gradients(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 10);
  Handle& handle = idleHandle(env, arguments, 0);
  const int replica = replicaIndex(arguments, *handle.engine);
  const Batch batch = batchOf(arguments, *handle.engine, handle.engine->batchSize());
  const bool ofLoss = arguments.integer(8, "ofLoss", 0, 1) == 1;
  const std::vector<float*> to = arguments.floatArrays(9, "gradients", gradientLengths(*handle.engine, ofLoss));
  return startWork(env, arguments, handle, threadCount(arguments), [=](Engine& engine) {
    copyGradients(engine.gradients(replica, batch, ofLoss), to);
  });
}

/**
 * (engine, threads, replica, inputs, scale, offset, targets, indices, withWeightUpdates: 0 | 1,
 *  energies: Float64Array(2 * (steps + 1)), measures, activities, pc, bp)
 */
napi_value trace(napi_env env, napi_callback_info info) {
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
  return startWork(env, arguments, handle, threadCount(arguments), [=](Engine& engine) {
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

/** (instructionSet, threads, milliseconds, result: Float64Array(1)): GFLOP/s of multiply-adds from registers. */
napi_value measurePeak(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 4);
  const Kernels& kernels = kernelsNamed(arguments.text(0, "instructionSet"));
  const int threads = threadCount(arguments);
  const double milliseconds = arguments.number(2, "milliseconds");
  double* result = arguments.typedArray(3, "result", napi_float64_array, 1).doubles();
  const auto measure = [=, &kernels] {
    constexpr std::int64_t kRounds = 200000;
    Team team;
    team.resize(threads);
    std::vector<double> rates(threads);
    team.run([&](int thread) {
      const auto now = [] { return std::chrono::steady_clock::now(); };
      const auto start = now();
      alignas(64) float sink[16] = {0.999f, 0.001f};
      double total = 0, seconds = 0;
      do {
        total += kernels.multiplyAdds(kRounds, sink);
        sink[0] = 0.999f;
        sink[1] = 0.001f;
        seconds = std::chrono::duration<double>(now() - start).count();
      } while (seconds * 1e3 < milliseconds);
      rates[thread] = 2 * total / seconds;
    });
    *result = std::accumulate(rates.begin(), rates.end(), 0.0) * 1e-9;
  };
  return startJob(env, arguments.all(), measure, [] {});
}

/** Bytes that all engines of the process hold. */
napi_value allocated(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 0);
  return number(env, static_cast<double>(allocatedBytes().load()));
}

/** Calls a function and turns what it throws into JavaScript's exceptions. */
template <napi_value (*function)(napi_env, napi_callback_info)>
napi_value guarded(napi_env env, napi_callback_info info) {
  try {
    return function(env, info);
  } catch (const ArgumentError& error) {
    napi_throw_type_error(env, nullptr, error.what());
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, nullptr, "out of memory");
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

template <napi_value (*function)(napi_env, napi_callback_info)>
void add(napi_env env, napi_value exports, const char* name) {
  napi_value value;
  check(napi_create_function(env, name, NAPI_AUTO_LENGTH, guarded<function>, nullptr, &value));
  check(napi_set_named_property(env, exports, name, value));
}

}  // namespace
}  // namespace pclab

NAPI_MODULE_INIT() {
  using namespace pclab;
  add<instructionSets>(env, exports, "instructionSets");
  add<create>(env, exports, "create");
  add<dispose>(env, exports, "dispose");
  add<loadState>(env, exports, "loadState");
  add<readState>(env, exports, "readState");
  add<train>(env, exports, "train");
  add<evaluate>(env, exports, "evaluate");
  add<gradients>(env, exports, "gradients");
  add<trace>(env, exports, "trace");
  add<measurePeak>(env, exports, "measurePeak");
  add<allocated>(env, exports, "allocatedBytes");
  return exports;
}
