/** An engine as JavaScript holds it. */
#pragma once
#include <node_api.h>

#include <memory>

#include "../engine/engine.h"
#include "arguments.h"

namespace pclab {

/** Freed by `dispose`, or with the JavaScript object. */
struct Handle {
  std::unique_ptr<Engine> engine;
  /** A job is under way: nothing else may touch the engine. */
  bool isBusy = false;
};

/** A JavaScript object that owns the engine. */
napi_value wrap(napi_env env, std::unique_ptr<Engine> engine);

/** Throws ArgumentError for another object, a disposed engine, or one that is at work. */
Handle& idleHandle(napi_env env, const Arguments& arguments, std::size_t index);

}  // namespace pclab
