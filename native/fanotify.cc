// Accesses to files, and the permission for them, as a descriptor:
// https://man7.org/linux/man-pages/man7/fanotify.7.html
#include <fcntl.h>
#include <sys/fanotify.h>

#include "call.h"
#include "exports.h"

namespace fdmux {
namespace {

Napi::Value fanotify(const Call& call) {
  const uint32_t flags = call.uint32(0, "flags");
  const uint32_t event_flags = call.uint32(1, "eventFlags");
  // The kernel opens the files of events. O_CLOEXEC keeps them, too, from the programs that this one starts.
  return call.newFd(::fanotify_init(flags | FAN_CLOEXEC | FAN_NONBLOCK, event_flags | O_CLOEXEC),
                    "fanotify_init");
}

void fanotifyMark(const Call& call) {
  const int fd = call.fd(0, "fd");
  const uint32_t flags = call.uint32(1, "flags");
  const uint32_t mask = call.uint32(2, "mask");
  const std::string path = call.path(3, "path");
  call.result(::fanotify_mark(fd, flags, mask, AT_FDCWD, path.c_str()), "fanotify_mark", fd);
}

}  // namespace

void exportFanotify(Exports& exports) {
  exports.function("fanotify", cold<fanotify>);
  exports.function("fanotifyMark", cold<fanotifyMark>);
}

}  // namespace fdmux
