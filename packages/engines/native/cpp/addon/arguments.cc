#include "arguments.h"

#include <cmath>

namespace pclab {
namespace {

const char* nameOf(napi_typedarray_type type) {
  switch (type) {
    case napi_uint8_array: return "Uint8Array";
    case napi_int32_array: return "Int32Array";
    case napi_uint32_array: return "Uint32Array";
    case napi_float32_array: return "Float32Array";
    case napi_float64_array: return "Float64Array";
    default: return "typed array";
  }
}

void expectLength(std::size_t length, std::size_t expected, const std::string& name) {
  if (expected == Arguments::kAnyLength || length == expected) return;
  throw ArgumentError(name + " has " + std::to_string(length) + " elements, expected " + std::to_string(expected));
}

}  // namespace

Arguments::Arguments(napi_env env, napi_callback_info info, std::size_t count) : env_(env), values_(count) {
  std::size_t given = count;
  check(napi_get_cb_info(env, info, &given, values_.data(), nullptr, nullptr));
  if (given != count) {
    throw ArgumentError(std::to_string(given) + " arguments, expected " + std::to_string(count));
  }
}

double Arguments::number(std::size_t index, const char* name) const {
  double value;
  if (napi_get_value_double(env_, values_[index], &value) != napi_ok) {
    throw ArgumentError(std::string(name) + " must be a number");
  }
  return value;
}

int Arguments::integer(std::size_t index, const char* name, int minimum, int maximum) const {
  const double value = number(index, name);
  if (std::isfinite(value) && value == std::floor(value) && value >= minimum && value <= maximum) {
    return static_cast<int>(value);
  }
  throw ArgumentError(std::string(name) + " is " + std::to_string(value) + ", expected a whole number of " +
                      std::to_string(minimum) + " to " + std::to_string(maximum));
}

std::string Arguments::text(std::size_t index, const char* name) const {
  char buffer[64];
  std::size_t length;
  if (napi_get_value_string_utf8(env_, values_[index], buffer, sizeof buffer, &length) != napi_ok) {
    throw ArgumentError(std::string(name) + " must be a string");
  }
  return std::string(buffer, length);
}

TypedArray Arguments::readTypedArray(napi_value value, const std::string& name) const {
  bool isTypedArray = false;
  check(napi_is_typedarray(env_, value, &isTypedArray));
  if (!isTypedArray) throw ArgumentError(name + " must be a typed array");
  TypedArray array{};
  check(napi_get_typedarray_info(env_, value, &array.type, &array.length, &array.data, nullptr, nullptr));
  return array;
}

TypedArray Arguments::anyTypedArray(std::size_t index, const char* name) const {
  return readTypedArray(values_[index], name);
}

TypedArray Arguments::typedArray(std::size_t index, const char* name, napi_typedarray_type type,
                                 std::size_t length) const {
  const TypedArray array = readTypedArray(values_[index], name);
  if (array.type != type) throw ArgumentError(std::string(name) + " must be a " + nameOf(type));
  expectLength(array.length, length, name);
  return array;
}

std::vector<float*> Arguments::floatArrays(std::size_t index, const char* name,
                                           const std::vector<std::size_t>& lengths) const {
  bool isArray = false;
  check(napi_is_array(env_, values_[index], &isArray));
  if (!isArray) throw ArgumentError(std::string(name) + " must be an array of Float32Arrays");
  std::uint32_t count;
  check(napi_get_array_length(env_, values_[index], &count));
  expectLength(count, lengths.size(), name);
  std::vector<float*> arrays;
  for (std::uint32_t i = 0; i < count; i++) {
    const std::string element = std::string(name) + "[" + std::to_string(i) + "]";
    napi_value value;
    check(napi_get_element(env_, values_[index], i, &value));
    const TypedArray array = readTypedArray(value, element);
    if (array.type != napi_float32_array) throw ArgumentError(element + " must be a Float32Array");
    expectLength(array.length, lengths[i], element);
    arrays.push_back(array.floats());
  }
  return arrays;
}

}  // namespace pclab
