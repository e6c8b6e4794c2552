#include "instructionSets.h"

#include "arguments.h"
#include "functions.h"

namespace pclab {

const Kernels& kernelsNamed(const std::string& name) {
  int count;
  const Kernels* const* all = availableKernels(&count);
  for (int i = 0; i < count; i++) {
    if (name == all[i]->name) return *all[i];
  }
  throw ArgumentError("instructionSet '" + name + "' is not one of this processor's");
}

napi_value functions::instructionSets(napi_env env, napi_callback_info info) {
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

}  // namespace pclab
