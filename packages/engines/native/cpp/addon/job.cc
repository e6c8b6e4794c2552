#include "job.h"

#include <memory>
#include <string>

namespace pclab {
namespace {

struct Job {
  napi_async_work handle = nullptr;
  napi_deferred deferred = nullptr;
  napi_ref arguments = nullptr;
  std::function<void()> work;
  std::function<void()> finish;
  std::string failure;
};

void execute(napi_env, void* data) {
  Job* job = static_cast<Job*>(data);
  try {
    job->work();
  } catch (const std::bad_alloc&) {
    job->failure = "out of memory";
  } catch (const std::exception& error) {
    job->failure = error.what();
  }
}

void settle(napi_env env, Job* job) {
  napi_value result;
  if (job->failure.empty()) {
    check(napi_get_undefined(env, &result));
    check(napi_resolve_deferred(env, job->deferred, result));
    return;
  }
  napi_value message;
  check(napi_create_string_utf8(env, job->failure.c_str(), NAPI_AUTO_LENGTH, &message));
  check(napi_create_error(env, nullptr, message, &result));
  check(napi_reject_deferred(env, job->deferred, result));
}

void complete(napi_env env, napi_status, void* data) {
  const std::unique_ptr<Job> job(static_cast<Job*>(data));
  job->finish();
  try {
    settle(env, job.get());
  } catch (const std::exception&) {
    // The environment is going down: nobody is left to hear of it.
  }
  napi_delete_reference(env, job->arguments);
  napi_delete_async_work(env, job->handle);
}

}  // namespace

napi_value startJob(napi_env env, const std::vector<napi_value>& arguments, std::function<void()> work,
                    std::function<void()> finish) {
  auto job = std::make_unique<Job>();
  job->work = std::move(work);
  job->finish = std::move(finish);
  napi_value kept, name, promise;
  check(napi_create_array_with_length(env, arguments.size(), &kept));
  for (std::size_t i = 0; i < arguments.size(); i++) {
    check(napi_set_element(env, kept, static_cast<std::uint32_t>(i), arguments[i]));
  }
  check(napi_create_reference(env, kept, 1, &job->arguments));
  check(napi_create_string_utf8(env, "pclab", NAPI_AUTO_LENGTH, &name));
  check(napi_create_promise(env, &job->deferred, &promise));
  check(napi_create_async_work(env, nullptr, name, execute, complete, job.get(), &job->handle));
  check(napi_queue_async_work(env, job->handle));
  job.release();
  return promise;
}

}  // namespace pclab
