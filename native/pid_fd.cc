// Processes as descriptors: https://man7.org/linux/man-pages/man2/pidfd_open.2.html
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"
#include "exports.h"

// The numbers are the same on every architecture; older C libraries name neither the calls nor their numbers.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

namespace fdmux {
namespace {

Napi::Value pidFd(const Call& call) {
  const int32_t pid = call.int32(0, "pid");
  // The kernel makes it close-on-exec.
  return call.newFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)), "pidfd_open");
}

void pidFdSendSignal(const Call& call) {
  const int fd = call.fd(0, "fd");
  const int32_t signal = call.int32(1, "signal");
  call.result(static_cast<int>(::syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0)), "pidfd_send_signal",
              fd);
}

}  // namespace

void exportPidFds(Exports& exports) {
  exports.function("pidFd", cold<pidFd>);
  exports.function("pidFdSendSignal", cold<pidFdSendSignal>);
}

}  // namespace fdmux
