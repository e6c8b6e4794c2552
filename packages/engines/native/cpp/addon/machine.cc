/** What is asked of the process and its processor, not of an engine. */
#include <chrono>
#include <numeric>

#include "../engine/buffer.h"
#include "../threads/team.h"
#include "functions.h"
#include "instructionSets.h"
#include "job.h"
#include "work.h"

namespace pclab {

/** (instructionSet, threads, milliseconds, result: Float64Array(1)): GFLOP/s of multiply-adds from registers. */
napi_value functions::measurePeak(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 4);
  const Kernels& kernels = kernelsNamed(arguments.text(0, "instructionSet"));
  const int threads = threadCount(arguments);
  const double milliseconds = arguments.number(2, "milliseconds");
  double* result = arguments.typedArray(3, "result", napi_float64_array, 1).doubles();
  const auto measure = [=, &kernels] {
    constexpr std::int64_t kRounds = 200000;
    Team team;
    team.resize(threads);
    std::vector<double> rates(threads);
    team.run([&](int thread) {
      const auto now = [] { return std::chrono::steady_clock::now(); };
      const auto start = now();
      alignas(64) float sink[16] = {0.999f, 0.001f};
      double total = 0, seconds = 0;
      do {
        total += kernels.multiplyAdds(kRounds, sink);
        sink[0] = 0.999f;
        sink[1] = 0.001f;
        seconds = std::chrono::duration<double>(now() - start).count();
      } while (seconds * 1e3 < milliseconds);
      rates[thread] = 2 * total / seconds;
    });
    *result = std::accumulate(rates.begin(), rates.end(), 0.0) * 1e-9;
  };
  return startJob(env, arguments.all(), measure, [] {});
}

/** Bytes that all engines of the process hold. */
napi_value functions::allocatedBytes(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 0);
  napi_value bytes;
  check(napi_create_double(env, static_cast<double>(pclab::allocatedBytes().load()), &bytes));
  return bytes;
}

}  // namespace pclab
