#include "handle.h"

namespace pclab {
namespace {

constexpr napi_type_tag kTag = {0x70636c61622d6e61, 0x746976652d656e67};

void finalize(napi_env, void* data, void*) { delete static_cast<Handle*>(data); }

}  // namespace

napi_value wrap(napi_env env, std::unique_ptr<Engine> engine) {
  napi_value object;
  check(napi_create_object(env, &object));
  auto handle = std::make_unique<Handle>();
  handle->engine = std::move(engine);
  check(napi_type_tag_object(env, object, &kTag));
  check(napi_wrap(env, object, handle.get(), finalize, nullptr, nullptr));
  handle.release();
  return object;
}

Handle& idleHandle(napi_env env, const Arguments& arguments, std::size_t index) {
  bool isOurs = false;
  if (napi_check_object_type_tag(env, arguments.value(index), &kTag, &isOurs) != napi_ok || !isOurs) {
    throw ArgumentError("engine is not a native engine");
  }
  void* data;
  check(napi_unwrap(env, arguments.value(index), &data));
  Handle& handle = *static_cast<Handle*>(data);
  if (handle.isBusy) throw ArgumentError("engine is at work: await its last call first");
  if (handle.engine == nullptr) throw ArgumentError("engine was disposed of");
  return handle;
}

}  // namespace pclab
