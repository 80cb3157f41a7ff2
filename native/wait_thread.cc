// A helper thread that blocks in poll(2) or select(2) and reports through a thread-safe function. It works in
// every runtime that has Node-API.
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/select.h>

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "args.h"
#include "environment.h"
#include "exports.h"
#include "poll.h"
#include "select.h"
#include "unique_fd.h"

namespace fdmux {
namespace {

// What the thread waits for is on the heap; this is more than the C library's minimum, for sanitizers.
constexpr size_t kThreadStackBytes = size_t{256} * 1024;

enum class Call { kNone, kPoll, kSelect };

// What one arming waits for.
struct Arming {
  Call call = Call::kNone;
  uintptr_t serial = 0;
  std::vector<pollfd> poll_fds;
  std::vector<int32_t> select_fds;
  size_t select_counts[kFdSetCount] = {};
};

enum class Outcome { kReady, kCalledOut };

// The helper's side of a wait: blocks until what `arming` names, or `event_fd`, is ready.
Outcome waitInPoll(Arming& arming, int event_fd) {
  std::vector<pollfd>& fds = arming.poll_fds;
  if (arming.call == Call::kNone) fds.clear();
  fds.push_back({event_fd, POLLIN, 0});
  const int count = ::poll(fds.data(), fds.size(), -1);
  const int error = errno;
  const bool is_called_out = count > 0 ? fds.back().revents != 0 : count < 0 && error == EINTR;
  fds.pop_back();
  return is_called_out ? Outcome::kCalledOut : Outcome::kReady;
}

Outcome waitInSelect(const Arming& arming, int event_fd, FdSets& sets) {
  const std::vector<int32_t>& fds = arming.select_fds;
  int highest;
  // A bad fd is a reason to look: the real call then names it.
  if (!findHighestFd(fds.data(), fds.size(), &highest)) return Outcome::kReady;
  if (highest >= 0 && !isWithinFdTable(highest)) return Outcome::kReady;
  sets.reset(highest > event_fd ? highest : event_fd);
  if (!addAll(sets, fds.data(), arming.select_counts) || !sets.add(0, event_fd)) return Outcome::kReady;
  const int count = ::select(sets.nfds(), sets.get(0), sets.get(1), sets.get(2), nullptr);
  const bool is_called_out = count > 0 ? sets.contains(0, event_fd) : count < 0 && errno == EINTR;
  return is_called_out ? Outcome::kCalledOut : Outcome::kReady;
}

}  // namespace

// Two threads meet here: the owner's, which runs JavaScript, and the helper's. What they share is under the
// mutex; an eventfd calls the helper out of its wait.
class WaitThread final : public Waiter {
 public:
  // Null with an exception pending.
  static WaitThread* open(napi_env env, Waiters& waiters) {
    UniqueFd event_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event_fd.valid()) {
      throwSystemError(env, errno, "eventfd");
      return nullptr;
    }
    auto* waiter = new WaitThread(env, waiters, std::move(event_fd));
    if (!waiter->createFunction()) {
      delete waiter;
      return nullptr;
    }
    // From here on the function's finalizer deletes the waiter.
    const int error = waiter->startThread();
    if (error != 0) {
      napi_release_threadsafe_function(waiter->function_, napi_tsfn_abort);
      throwSystemError(env, error, "pthread_create");
      return nullptr;
    }
    waiters.add(waiter);
    // Added after the function was made, so that it runs before the function's own hook: a thread that
    // outlived its function would call into freed memory.
    if (!succeeded(env, napi_add_env_cleanup_hook(env, endAtCleanup, waiter))) {
      waiter->end();
      return nullptr;
    }
    return waiter;
  }

  void armPoll(const PollList& list) {
    spare_.call = Call::kPoll;
    spare_.poll_fds.assign(list.entries, list.entries + list.count);
    arm();
  }

  void armSelect(const SelectList& list) {
    spare_.call = Call::kSelect;
    spare_.select_fds.assign(list.fds.data, list.fds.data + list.total());
    std::copy(std::begin(list.counts), std::end(list.counts), spare_.select_counts);
    arm();
  }

  // Afterwards the helper is in no call with the fds of the arming: the kernel would keep what is closed in
  // the meantime open for it.
  void disarm() {
    armed_serial_ = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    if (is_idle_) return;
    next_.call = Call::kNone;
    has_next_ = true;
    callOut();
    taken_.wait(lock, [this] { return !has_next_; });
  }

  // Both fail only on a function that was released, which no open waiter has.
  void ref() override { napi_ref_threadsafe_function(env_, function_); }
  void unref() override { napi_unref_threadsafe_function(env_, function_); }
  void close() override {
    napi_remove_env_cleanup_hook(env_, endAtCleanup, this);
    end();
  }
  WaitThread* asWaitThread() override { return this; }

 private:
  WaitThread(napi_env env, Waiters& waiters, UniqueFd event_fd)
      : Waiter(waiters.nextId()), env_(env), waiters_(waiters), event_fd_(std::move(event_fd)) {}
  ~WaitThread() override = default;

  bool createFunction() {
    napi_value name;
    if (!succeeded(env_, napi_create_string_utf8(env_, "fdmux", NAPI_AUTO_LENGTH, &name)) ||
        !succeeded(env_, napi_create_threadsafe_function(env_, nullptr, nullptr, name, 0, 1, this,
                                                         deleteWaiter, this, deliver, &function_))) {
      return false;
    }
    unref();
    return true;
  }
  static void deleteWaiter(napi_env, void* data, void*) { delete static_cast<WaitThread*>(data); }

  // 0 or the errno.
  int startThread() {
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0) return error;
    // Signals are for the threads that run JavaScript: the helper inherits a mask that blocks them all.
    sigset_t all, before;
    sigfillset(&all);
    error = pthread_attr_setstacksize(&attributes, kThreadStackBytes);
    if (error == 0) error = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (error == 0) {
      error = pthread_create(&thread_, &attributes, runHelper, this);
      pthread_sigmask(SIG_SETMASK, &before, nullptr);  // cannot fail with a mask that was in force
    }
    pthread_attr_destroy(&attributes);  // cannot fail on attributes that were initialized
    return error;
  }

  // Hands `spare_` over and gets the memory of an earlier arming back.
  void arm() {
    armed_serial_ = ++last_serial_;
    spare_.serial = armed_serial_;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      std::swap(next_, spare_);
      has_next_ = true;
      is_idle_ = false;
    }
    callOut();
  }

  static void endAtCleanup(void* data) { static_cast<WaitThread*>(data)->end(); }

  void end() {
    armed_serial_ = 0;
    waiters_.remove(id());
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      is_ending_ = true;
    }
    callOut();
    pthread_join(thread_, nullptr);  // cannot fail on a thread that is joined once
    event_fd_ = UniqueFd();          // by now: where an environment ends, Deno runs no finalizer
    // The finalizer deletes this object, at once or on a later turn of the loop.
    napi_release_threadsafe_function(function_, napi_tsfn_abort);
  }

  // Fails only where the counter is at its maximum, and then the helper has been called.
  void callOut() { (void)!::eventfd_write(event_fd_.get(), 1); }

  // In the owner's thread. Without an environment it is going down, and the waiter may be gone.
  static void deliver(napi_env env, napi_value, void* context, void* serial) {
    if (env == nullptr) return;
    auto* waiter = static_cast<WaitThread*>(context);
    if (waiter->armed_serial_ == 0 || waiter->armed_serial_ != reinterpret_cast<uintptr_t>(serial)) return;
    waiter->armed_serial_ = 0;
    waiter->waiters_.report(waiter->id());
  }

  static void* runHelper(void* data) {
    static_cast<WaitThread*>(data)->help();
    return nullptr;
  }

  void help() {
    Arming current;
    FdSets sets;
    while (takeNext(current)) {
      const Outcome outcome = current.call == Call::kSelect ? waitInSelect(current, event_fd_.get(), sets)
                                                            : waitInPoll(current, event_fd_.get());
      if (outcome == Outcome::kCalledOut) {
        eventfd_t calls;
        (void)!::eventfd_read(event_fd_.get(), &calls);  // empty after EINTR, which is fine
      } else if (current.call != Call::kNone) {
        report(current);
      }
    }
  }

  // Leaves `current` as it is where nothing has changed. False where the thread is to end.
  bool takeNext(Arming& current) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (has_next_) {
      std::swap(current, next_);
      has_next_ = false;
      taken_.notify_one();
    }
    return !is_ending_;
  }

  // One report for one arming: the helper is idle afterwards, unless there is a new arming already.
  void report(Arming& done) {
    done.call = Call::kNone;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      is_idle_ = !has_next_;
    }
    // Fails only where the environment is going down.
    napi_call_threadsafe_function(function_, reinterpret_cast<void*>(done.serial), napi_tsfn_nonblocking);
  }

  // The owner's alone.
  const napi_env env_;
  Waiters& waiters_;
  napi_threadsafe_function function_ = nullptr;
  pthread_t thread_ = {};
  Arming spare_;
  uintptr_t last_serial_ = 0;
  uintptr_t armed_serial_ = 0;  // 0: nothing armed, no report wanted

  UniqueFd event_fd_;
  std::mutex mutex_;
  std::condition_variable taken_;  // `next_`, by the helper
  Arming next_;
  bool has_next_ = false;
  bool is_idle_ = true;  // nothing armed: the helper waits for its eventfd alone
  bool is_ending_ = false;
};

namespace {

napi_value waitThreadOpen(napi_env env, napi_callback_info info) {
  Arguments<0> args(env, info);
  const WaitThread* waiter = WaitThread::open(env, args.environment().waiters);
  return waiter == nullptr ? nullptr : makeNumber(env, waiter->id());
}

WaitThread* readWaitThread(const Reader& reader, napi_value value) {
  WaiterId id;
  if (!reader.uint32(value, "waiter", &id)) return nullptr;
  Waiter* waiter = reader.environment().waiters.find(id);
  WaitThread* thread = waiter == nullptr ? nullptr : waiter->asWaitThread();
  if (thread == nullptr) throwOutOfRange(reader.env(), "waiter", "an open wait thread", id);
  return thread;
}

napi_value waitThreadArmPoll(napi_env env, napi_callback_info info) {
  Arguments<3> args(env, info);
  WaitThread* thread = readWaitThread(args, args[0]);
  PollList list;
  if (thread != nullptr && readPollList(args, args[1], args[2], kPollFdWords, &list)) thread->armPoll(list);
  return nullptr;
}

napi_value waitThreadArmSelect(napi_env env, napi_callback_info info) {
  Arguments<5> args(env, info);
  WaitThread* thread = readWaitThread(args, args[0]);
  SelectList list;
  if (thread != nullptr && readSelectList(args, args[1], args[2], args[3], args[4], &list))
    thread->armSelect(list);
  return nullptr;
}

napi_value waitThreadDisarm(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  if (WaitThread* thread = readWaitThread(args, args[0])) thread->disarm();
  return nullptr;
}

}  // namespace

void exportWaitThread(Exports& exports) {
  exports.function("waitThreadOpen", waitThreadOpen);
  exports.function("waitThreadArmPoll", waitThreadArmPoll);
  exports.function("waitThreadArmSelect", waitThreadArmSelect);
  exports.function("waitThreadDisarm", waitThreadDisarm);
}

}  // namespace fdmux
