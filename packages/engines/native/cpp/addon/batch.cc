#include "batch.h"

#include <string>

namespace pclab {
namespace {

Examples::Kind kindOf(const TypedArray& inputs) {
  switch (inputs.type) {
    case napi_uint8_array: return Examples::Kind::bytes;
    case napi_float32_array: return Examples::Kind::floats;
    case napi_float64_array: return Examples::Kind::doubles;
    default: throw ArgumentError("inputs must be a Uint8Array, a Float32Array or a Float64Array");
  }
}

/** How many rows of `width` there are. */
std::size_t exampleCount(const TypedArray& inputs, std::size_t width) {
  if (inputs.length % width == 0) return inputs.length / width;
  throw ArgumentError("inputs has " + std::to_string(inputs.length) + " elements, expected a multiple of " +
                      std::to_string(width));
}

void expectIndices(const std::uint32_t* values, std::size_t length, std::size_t examples) {
  for (std::size_t i = 0; i < length; i++) {
    if (values[i] < examples) continue;
    throw ArgumentError("indices[" + std::to_string(i) + "] is " + std::to_string(values[i]) + " of " +
                        std::to_string(examples) + " examples");
  }
}

}  // namespace

Batch batchOf(const Arguments& arguments, const Engine& engine, int most) {
  const TypedArray inputs = arguments.anyTypedArray(3, "inputs");
  Examples examples{};
  examples.kind = kindOf(inputs);
  const std::size_t count = exampleCount(inputs, engine.shape().sizes.front());
  const std::size_t outputs = engine.shape().sizes.back();
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
  expectIndices(values, indices.length, count);
  return {examples, values, static_cast<int>(indices.length)};
}

}  // namespace pclab
