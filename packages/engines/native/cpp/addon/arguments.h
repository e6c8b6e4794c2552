/** What JavaScript passed, checked before anything is done with it. */
#pragma once
#include <node_api.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace pclab {

/** A caller's mistake: becomes a TypeError whose message names the argument, what it is and what it must be. */
class ArgumentError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/** A typed array's memory; it stays where it is as long as JavaScript holds the array. */
struct TypedArray {
  napi_typedarray_type type;
  std::size_t length;
  void* data;

  float* floats() const { return static_cast<float*>(data); }
  double* doubles() const { return static_cast<double*>(data); }
};

class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info, std::size_t count);

  napi_value value(std::size_t index) const { return values_[index]; }
  const std::vector<napi_value>& all() const { return values_; }
  double number(std::size_t index, const char* name) const;
  /** A whole number of minimum..maximum. */
  int integer(std::size_t index, const char* name, int minimum, int maximum) const;
  std::string text(std::size_t index, const char* name) const;
  /** Of this type, and of `length` elements unless that is kAnyLength. */
  TypedArray typedArray(std::size_t index, const char* name, napi_typedarray_type type, std::size_t length) const;
  TypedArray anyTypedArray(std::size_t index, const char* name) const;
  /** A JavaScript array of Float32Arrays of these lengths. */
  std::vector<float*> floatArrays(std::size_t index, const char* name, const std::vector<std::size_t>& lengths) const;

  static constexpr std::size_t kAnyLength = SIZE_MAX;

 private:
  TypedArray readTypedArray(napi_value value, const std::string& name) const;

  napi_env env_;
  std::vector<napi_value> values_;
};

/** Fails only where the process is out of memory or going down. */
inline void check(napi_status status) {
  if (status != napi_ok) throw std::runtime_error("a call to Node-API failed");
}

}  // namespace pclab
