/** Work off the event loop that ends in a promise. */
#pragma once
#include <node_api.h>

#include <functional>
#include <vector>

#include "arguments.h"

namespace pclab {

/**
 * Runs `work` on a thread of libuv's pool and `finish` back on the event loop, then settles the promise: rejected with
 * what `work` threw. The arguments live until then, and with them the memory of their typed arrays.
 */
napi_value startJob(napi_env env, const std::vector<napi_value>& arguments, std::function<void()> work,
                    std::function<void()> finish);

}  // namespace pclab
