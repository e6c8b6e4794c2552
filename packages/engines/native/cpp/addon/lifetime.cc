#include "functions.h"
#include "handle.h"
#include "instructionSets.h"
#include "options.h"

namespace pclab {
namespace {

constexpr int kMostBatch = 1 << 20;

}  // namespace

/** (instructionSet, sizes, shapeFields, batchSize, settings) -> engine */
napi_value functions::create(napi_env env, napi_callback_info info) {
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
napi_value functions::dispose(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 1);
  idleHandle(env, arguments, 0).engine.reset();
  napi_value undefined;
  check(napi_get_undefined(env, &undefined));
  return undefined;
}

}  // namespace pclab
