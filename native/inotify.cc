// Changes of files as a descriptor: https://man7.org/linux/man-pages/man7/inotify.7.html
#include <sys/inotify.h>

#include "args.h"
#include "exports.h"
#include "path.h"
#include "transfer.h"

namespace fdmux {
namespace {

napi_value inotify(napi_env env, napi_callback_info) {
  UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd.valid()) return throwSystemError(env, errno, "inotify_init1");
  return makeFd(env, std::move(fd));
}

napi_value inotifyAdd(napi_env env, napi_callback_info info) {
  Arguments<3> args(env, info);
  int fd;
  char path[kPathBytes];
  uint32_t mask;
  if (!args.fd(args[0], "fd", &fd) || !args.string(args[1], "path", path, sizeof path) ||
      !args.uint32(args[2], "mask", &mask)) {
    return nullptr;
  }
  const int watch = ::inotify_add_watch(fd, path, mask);
  if (watch < 0) return throwSystemError(env, errno, "inotify_add_watch", fd);
  return makeInt32(env, watch);
}

napi_value inotifyRemove(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  int fd;
  int32_t watch;
  if (!args.fd(args[0], "fd", &fd) || !args.int32(args[1], "watch", &watch)) return nullptr;
  if (::inotify_rm_watch(fd, watch) != 0) return throwSystemError(env, errno, "inotify_rm_watch", fd);
  return nullptr;
}

}  // namespace

void exportInotify(Exports& exports) {
  exports.function("inotify", inotify);
  exports.function("inotifyAdd", inotifyAdd);
  exports.function("inotifyRemove", inotifyRemove);
}

}  // namespace fdmux
