#include "signal_relay.h"

#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>

namespace fdmux {
namespace {

constexpr int kHighestSignal = 64;
constexpr int kRelayedCode = 0x66640000;
constexpr int kCodeMask = 0xffff;

// Runs in the thread that took the signal. When it returns, the thread's mask becomes that of the context,
// so each thread takes a signal at most once, and the last one leaves it pending. Sender and value stay as
// they are.
void relay(int signal, siginfo_t* received, void* context) {
  const int saved = errno;
  sigaddset(&static_cast<ucontext_t*>(context)->uc_sigmask, signal);
  siginfo_t info = *received;
  // The kernel lets only the first thread of a process send its own codes, so they travel in a member that
  // Linux does not use. SignalFd puts them back.
  if (info.si_code >= 0 || info.si_code == SI_TKILL) {
    info.si_errno = kRelayedCode | (info.si_code & kCodeMask);
    info.si_code = SI_QUEUE;
  }
  // Fails only for a real-time signal when the queue of the user is full (RLIMIT_SIGPENDING), which loses it
  // just as it would have been lost by its sender.
  ::syscall(SYS_rt_sigqueueinfo, ::getpid(), signal, &info);
  errno = saved;
}

}  // namespace

int relaySignals(const sigset_t& signals) {
  const int error = ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  if (error != 0) return error;
  struct sigaction action = {};
  action.sa_sigaction = relay;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigfillset(&action.sa_mask);
  for (int signal = 1; signal <= kHighestSignal; signal++) {
    if (sigismember(&signals, signal) == 1 && ::sigaction(signal, &action, nullptr) != 0) return errno;
  }
  return 0;
}

}  // namespace fdmux
