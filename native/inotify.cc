// Changes of files as a descriptor: https://man7.org/linux/man-pages/man7/inotify.7.html
#include <sys/inotify.h>

#include "call.h"
#include "exports.h"

namespace fdmux {
namespace {

Napi::Value inotify(const Call& call) {
  return call.newFd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "inotify_init1");
}

Napi::Value inotifyAdd(const Call& call) {
  const int fd = call.fd(0, "fd");
  const std::string path = call.path(1, "path");
  const uint32_t mask = call.uint32(2, "mask");
  const int watch = call.result(::inotify_add_watch(fd, path.c_str(), mask), "inotify_add_watch", fd);
  return Napi::Number::New(call.env(), watch);
}

void inotifyRemove(const Call& call) {
  const int fd = call.fd(0, "fd");
  const int32_t watch = call.int32(1, "watch");
  call.result(::inotify_rm_watch(fd, watch), "inotify_rm_watch", fd);
}

}  // namespace

void exportInotify(Exports& exports) {
  exports.function("inotify", cold<inotify>);
  exports.function("inotifyAdd", cold<inotifyAdd>);
  exports.function("inotifyRemove", cold<inotifyRemove>);
}

}  // namespace fdmux
