#include "work.h"

#include <utility>

#include "job.h"

namespace pclab {

int threadCount(const Arguments& arguments) { return arguments.integer(1, "threads", 1, kMostThreads); }

int replicaIndex(const Arguments& arguments, const Engine& engine) {
  return arguments.integer(2, "replica", 0, engine.replicaCount() - 1);
}

napi_value startWork(napi_env env, const Arguments& arguments, Handle& handle, std::function<void(Engine&)> work) {
  Engine* engine = handle.engine.get();
  const int threads = threadCount(arguments);
  handle.isBusy = true;
  try {
    return startJob(
        env, arguments.all(),
        [engine, threads, work = std::move(work)] {
          engine->setThreads(threads);
          work(*engine);
        },
        [&handle] { handle.isBusy = false; });
  } catch (...) {
    handle.isBusy = false;
    throw;
  }
}

}  // namespace pclab
