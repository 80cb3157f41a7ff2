// Processes as descriptors: https://man7.org/linux/man-pages/man2/pidfd_open.2.html
#include <sys/syscall.h>
#include <unistd.h>

#include "args.h"
#include "exports.h"
#include "transfer.h"

// One number on every architecture; older C libraries name neither the calls nor their numbers.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

namespace fdmux {
namespace {

napi_value pidFd(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  int32_t pid;
  if (!args.int32(args[0], "pid", &pid)) return nullptr;
  // Close-on-exec by itself.
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd.valid()) return throwSystemError(env, errno, "pidfd_open");
  return makeFd(env, std::move(fd));
}

napi_value pidFdSendSignal(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  int fd;
  int32_t signal;
  if (!args.fd(args[0], "fd", &fd) || !args.int32(args[1], "signal", &signal)) return nullptr;
  if (::syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0) != 0) {
    return throwSystemError(env, errno, "pidfd_send_signal", fd);
  }
  return nullptr;
}

}  // namespace

void exportPidFds(Exports& exports) {
  exports.function("pidFd", pidFd);
  exports.function("pidFdSendSignal", pidFdSendSignal);
}

}  // namespace fdmux
