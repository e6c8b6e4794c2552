/** The addon's table of functions. */
#include <new>

#include "arguments.h"
#include "functions.h"

namespace pclab {
namespace {

/** Calls a function and turns what it throws into JavaScript's exceptions. */
template <functions::Function* function>
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

template <functions::Function* function>
void add(napi_env env, napi_value exports, const char* name) {
  napi_value value;
  check(napi_create_function(env, name, NAPI_AUTO_LENGTH, guarded<function>, nullptr, &value));
  check(napi_set_named_property(env, exports, name, value));
}

}  // namespace
}  // namespace pclab

NAPI_MODULE_INIT() {
  using namespace pclab;
  add<functions::instructionSets>(env, exports, "instructionSets");
  add<functions::create>(env, exports, "create");
  add<functions::dispose>(env, exports, "dispose");
  add<functions::loadState>(env, exports, "loadState");
  add<functions::readState>(env, exports, "readState");
  add<functions::train>(env, exports, "train");
  add<functions::evaluate>(env, exports, "evaluate");
  add<functions::gradients>(env, exports, "gradients");
  add<functions::trace>(env, exports, "trace");
  add<functions::measurePeak>(env, exports, "measurePeak");
  add<functions::allocatedBytes>(env, exports, "allocatedBytes");
  return exports;
}
