// Processes as descriptors: https://man7.org/linux/man-pages/man2/pidfd_open.2.html
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call.h"
#include "exports.h"
#include "transfer.h"

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

// Null while the process runs; then [how it ended (CLD_EXITED ...), exit code or signal], once.
Napi::Value pidFdWait(const Call& call) {
  constexpr auto kPidFd = static_cast<idtype_t>(3);  // P_PIDFD, since Linux 5.4
  const int fd = call.fd(0, "fd");
  siginfo_t info = {};
  call.result(
      throughSignals([&] { return ::waitid(kPidFd, static_cast<id_t>(fd), &info, WEXITED | WNOHANG); }),
      "waitid", fd);
  if (info.si_pid == 0) return call.env().Null();
  Napi::Array ending = Napi::Array::New(call.env(), 2);
  ending.Set(uint32_t{0}, info.si_code);
  ending.Set(uint32_t{1}, info.si_status);
  return ending;
}

}  // namespace

void exportPidFds(Exports& exports) {
  exports.function("pidFd", cold<pidFd>);
  exports.function("pidFdSendSignal", cold<pidFdSendSignal>);
  exports.function("pidFdWait", cold<pidFdWait>);
}

}  // namespace fdmux
