/** The functions that src/addon.ts describes. Each checks its arguments, then starts a job or answers at once. */
#pragma once
#include <node_api.h>

namespace pclab::functions {

using Function = napi_value(napi_env, napi_callback_info);

Function instructionSets;
Function create;
Function dispose;
Function loadState;
Function readState;
Function train;
Function evaluate;
Function gradients;
Function trace;
Function measurePeak;
Function allocatedBytes;

}  // namespace pclab::functions
