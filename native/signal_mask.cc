#include "signal_mask.h"

#include <dirent.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>

namespace fdmux {
namespace {

constexpr int kHighestSignal = 64;
// A thread answers within microseconds unless it is stopped; one that does not is left as it is.
constexpr long kAnswerSeconds = 1;
// How often it is looked whether there still is a thread to wait for.
constexpr long kMomentNs = 10'000'000;
constexpr long kSecondNs = 1'000'000'000;
// Threads may be born of threads not yet reached: one more pass finds those.
constexpr int kMaxPasses = 100;

// Only a thread itself can change its mask. So each gets a signal whose handler edits the mask that is put
// back when the handler returns; what to block comes with the signal, for there is no global state.
struct Request {
  sigset_t signals;
  sem_t answered;
};

void onCarrier(int, siginfo_t* info, void* context) {
  if (info->si_code != SI_QUEUE || info->si_pid != ::getpid()) return;
  auto* request = static_cast<Request*>(info->si_value.sival_ptr);
  sigset_t& mask = static_cast<ucontext_t*>(context)->uc_sigmask;
  for (int signal = 1; signal <= kHighestSignal; signal++) {
    if (sigismember(&request->signals, signal) == 1) sigaddset(&mask, signal);
  }
  const int saved = errno;
  sem_post(&request->answered);
  errno = saved;
}

uint64_t bits(const sigset_t& signals) {
  uint64_t result = 0;
  for (int signal = 1; signal <= kHighestSignal; signal++) {
    if (sigismember(&signals, signal) == 1) result |= uint64_t{1} << (signal - 1);
  }
  return result;
}

struct ThreadStatus {
  bool asleep;
  uint64_t blocked;  // its mask, as a word
};

// False where the thread is gone.
bool readStatus(const char* thread, ThreadStatus* status) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/task/%.20s/status", thread);
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path, "re"), std::fclose);
  if (file == nullptr) return false;
  char line[256];
  while (std::fgets(line, sizeof line, file.get()) != nullptr) {
    char state = 0;
    if (std::sscanf(line, "State: %c", &state) == 1) status->asleep = state == 'S';
    if (std::sscanf(line, "SigBlk: %" SCNx64, &status->blocked) == 1) return true;
  }
  return false;
}

timespec now(clockid_t clock) {
  timespec result;
  ::clock_gettime(clock, &result);
  return result;
}

bool isHandled(int signal) {
  struct sigaction action;
  return ::sigaction(signal, nullptr, &action) != 0 || action.sa_handler != SIG_DFL;
}

int sendTo(pid_t thread, int carrier, Request* request) {
  siginfo_t info = {};
  info.si_code = SI_QUEUE;
  info.si_pid = ::getpid();
  info.si_uid = ::getuid();
  info.si_value.sival_ptr = request;
  return static_cast<int>(::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), thread, carrier, &info));
}

timespec inAMoment() {
  timespec result = now(CLOCK_REALTIME);
  result.tv_nsec += kMomentNs;
  if (result.tv_nsec >= kSecondNs) {
    result.tv_sec += 1;
    result.tv_nsec -= kSecondNs;
  }
  return result;
}

// Until the thread has answered, or has ended before it could. False where it does neither.
bool awaitAnswer(const char* thread, Request* request) {
  const time_t deadline = now(CLOCK_MONOTONIC).tv_sec + kAnswerSeconds;
  do {
    const timespec moment = inAMoment();
    if (::sem_timedwait(&request->answered, &moment) == 0) return true;
    ThreadStatus status;
    if (!readStatus(thread, &status)) {
      ::sem_trywait(&request->answered);  // its last act may have been the answer
      return true;
    }
  } while (now(CLOCK_MONOTONIC).tv_sec <= deadline);
  return false;
}

class Broadcast {
 public:
  Broadcast(const sigset_t& signals, int carrier)
      : wanted_(bits(signals)), carrier_(carrier), request_(new Request) {
    request_->signals = signals;
    ::sem_init(&request_->answered, 0, 0);
    struct sigaction action = {};
    action.sa_sigaction = onCarrier;
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    sigfillset(&action.sa_mask);
    if (::sigaction(carrier, &action, &before_) != 0) error_ = errno;
  }
  Broadcast(const Broadcast&) = delete;
  Broadcast& operator=(const Broadcast&) = delete;

  // After a thread that did not answer, handler and request stay for ever: the signal may still arrive.
  ~Broadcast() {
    if (unanswered_) return;
    if (error_ == 0) ::sigaction(carrier_, &before_, nullptr);
    ::sem_destroy(&request_->answered);
    delete request_;
  }

  int reachAll() {
    if (error_ != 0) return error_;
    for (int pass = 0; pass < kMaxPasses; pass++) {
      bool reached = false;
      const int error = reachOnce(&reached);
      if (error != 0 || !reached) return error;
    }
    return 0;
  }

 private:
  // `reached` tells whether any thread had to be told.
  int reachOnce(bool* reached) {
    std::unique_ptr<DIR, int (*)(DIR*)> threads(::opendir("/proc/self/task"), ::closedir);
    if (threads == nullptr) return errno;
    while (const dirent* entry = ::readdir(threads.get())) {
      if (entry->d_name[0] == '.' || !lacks(entry->d_name)) continue;
      if (sendTo(static_cast<pid_t>(std::atoi(entry->d_name)), carrier_, request_) != 0) {
        if (errno == ESRCH) continue;  // it ended meanwhile
        return errno;
      }
      if (awaitAnswer(entry->d_name, request_)) {
        *reached = true;
      } else {
        unanswered_ = true;
        return ETIMEDOUT;
      }
    }
    return 0;
  }

  // Whether a thread has to be told. One that blocks the carrier too cannot be: it blocks everything on
  // purpose, and sleeps; or it is starting a process or a thread, or is such a new thread, and puts back the
  // mask that it had in a moment.
  bool lacks(const char* thread) const {
    const time_t deadline = now(CLOCK_MONOTONIC).tv_sec + kAnswerSeconds;
    ThreadStatus status = {};
    for (int asleep = 0; asleep < 2; asleep += status.asleep ? 1 : 0) {
      if (!readStatus(thread, &status)) return false;
      if ((status.blocked & (uint64_t{1} << (carrier_ - 1))) == 0)
        return (status.blocked & wanted_) != wanted_;
      if (now(CLOCK_MONOTONIC).tv_sec > deadline) return false;
      ::sched_yield();
    }
    return false;
  }

  uint64_t wanted_;
  int carrier_;
  Request* request_;
  struct sigaction before_ = {};
  int error_ = 0;  // of installing the handler
  bool unanswered_ = false;
};

}  // namespace

int blockEverywhere(const sigset_t& signals) {
  const int error = ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  if (error != 0) return error;
  // The dispositions of signals belong to the process, and so does the order in which environments change
  // them.
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  // A real-time signal that nobody handles: the highest are the least likely to be somebody's. Emulators have
  // fewer than they say, and refuse to send what they lack.
  int result = EBUSY;
  for (int carrier = SIGRTMAX; carrier >= SIGRTMIN; carrier--) {
    if (isHandled(carrier)) continue;
    result = Broadcast(signals, carrier).reachAll();
    if (result != EINVAL) break;
  }
  return result;
}

}  // namespace fdmux
