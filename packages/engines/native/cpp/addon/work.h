/** A job on an engine: what the functions that start one have in common. */
#pragma once
#include <functional>

#include "handle.h"

namespace pclab {

constexpr int kMostThreads = 1024;

/** Argument 1 of every function that starts a job. */
int threadCount(const Arguments& arguments);
/** Argument 2 of every function that is about a replica. */
int replicaIndex(const Arguments& arguments, const Engine& engine);

/** Runs `work` on the engine, which is at work until it ends; answers with the promise. */
napi_value startWork(napi_env env, const Arguments& arguments, Handle& handle, std::function<void(Engine&)> work);

}  // namespace pclab
