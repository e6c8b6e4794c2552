/** One minibatch of training, and what is told of it. */
#include "batch.h"
#include "functions.h"
#include "inferenceMeasures.h"
#include "work.h"

namespace pclab {
namespace {

/** Those before the measures. */
constexpr std::size_t kReportFields = 8;

void writeReport(const Report& report, double* to) {
  to[0] = report.weightUpdates;
  to[1] = report.prediction.lossSum;
  to[2] = report.prediction.correct;
  to[3] = report.prediction.condition1Count;
  to[4] = report.divergence ? static_cast<double>(report.divergence->quantity) : -1;
  to[5] = report.divergence ? static_cast<double>(report.divergence->weightUpdate) : 0;
  to[6] = report.divergence ? report.divergence->layer : 0;
  to[7] = report.inference ? 1 : 0;
  if (report.inference) writeMeasures(*report.inference, to + kReportFields);
}

}  // namespace

/** (engine, threads, replica, inputs, scale, offset, targets, indices, report: Float64Array(8 + measures)) */
napi_value functions::train(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info, 9);
  Handle& handle = idleHandle(env, arguments, 0);
  const int replica = replicaIndex(arguments, *handle.engine);
  const Batch batch = batchOf(arguments, *handle.engine, handle.engine->batchSize());
  double* report =
      arguments.typedArray(8, "report", napi_float64_array, kReportFields + measuresLength(*handle.engine)).doubles();
  return startWork(env, arguments, handle, [=](Engine& engine) { writeReport(engine.train(replica, batch), report); });
}

}  // namespace pclab
