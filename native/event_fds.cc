// Descriptors that exist to be waited for: eventfd(2).
#include <sys/eventfd.h>

#include "args.h"
#include "exports.h"
#include "transfer.h"

namespace fdmux {
namespace {

napi_value makeEventFd(napi_env env, napi_callback_info info, int flags) {
  Arguments<1> args(env, info);
  uint32_t initial_value;
  if (!args.uint32(args[0], "initialValue", &initial_value)) return nullptr;
  UniqueFd fd(::eventfd(initial_value, EFD_CLOEXEC | EFD_NONBLOCK | flags));
  if (!fd.valid()) return throwSystemError(env, errno, "eventfd");
  return makeFd(env, std::move(fd));
}

napi_value eventFd(napi_env env, napi_callback_info info) { return makeEventFd(env, info, 0); }

napi_value eventFdSemaphore(napi_env env, napi_callback_info info) {
  return makeEventFd(env, info, EFD_SEMAPHORE);
}

}  // namespace

void exportEventFds(Exports& exports) {
  exports.function("eventFd", eventFd);
  exports.function("eventFdSemaphore", eventFdSemaphore);
}

}  // namespace fdmux
