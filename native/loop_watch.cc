// How the event loop watches an epoll instance: the one file that touches libuv.
//
// A uv_poll_t watches a duplicate of the epoll fd. libuv hands an fd to the kernel only on the next turn of
// the loop, and aborts the process if other code has closed it by then.
//
// While one report follows another closely, the watch waits directly: before libuv would wait, a uv_prepare_t
// waits in the epoll instance itself, which then contains libuv's own epoll fd. That saves a turn of the
// loop, a nested epoll and a system call for each report. It lasts for as long as nothing else wants the
// loop, see `waitDirectly`. A timer in the instance bounds it, since a timeout costs the kernel a timer for
// each wait.
//
// libuv's functions are declared weak and tested before use: Deno would refuse to load an addon that needs
// them, and Bun has stand-ins that must not be called (JavaScript knows the runtime and opens no loop watch
// there).
#include <uv.h>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "args.h"
#include "environment.h"
#include "epoll_call.h"
#include "exports.h"
#include "timeout.h"
#include "unique_fd.h"

extern "C" {
__attribute__((weak)) int uv_poll_init(uv_loop_t*, uv_poll_t*, int);
__attribute__((weak)) int uv_poll_start(uv_poll_t*, int, uv_poll_cb);
__attribute__((weak)) int uv_poll_stop(uv_poll_t*);
__attribute__((weak)) void uv_close(uv_handle_t*, uv_close_cb);
__attribute__((weak)) void uv_ref(uv_handle_t*);
__attribute__((weak)) void uv_unref(uv_handle_t*);
__attribute__((weak)) int uv_prepare_init(uv_loop_t*, uv_prepare_t*);
__attribute__((weak)) int uv_prepare_start(uv_prepare_t*, uv_prepare_cb);
__attribute__((weak)) int uv_prepare_stop(uv_prepare_t*);
__attribute__((weak)) int uv_idle_init(uv_loop_t*, uv_idle_t*);
__attribute__((weak)) int uv_idle_start(uv_idle_t*, uv_idle_cb);
__attribute__((weak)) int uv_idle_stop(uv_idle_t*);
__attribute__((weak)) int uv_backend_fd(const uv_loop_t*);
__attribute__((weak)) int uv_backend_timeout(const uv_loop_t*);
__attribute__((weak)) uint64_t uv_now(const uv_loop_t*);
__attribute__((weak)) void uv_update_time(uv_loop_t*);
}

namespace fdmux {
namespace {

bool hasLibuv() {
  return uv_poll_init != nullptr && uv_poll_start != nullptr && uv_poll_stop != nullptr &&
         uv_close != nullptr && uv_ref != nullptr && uv_unref != nullptr && uv_prepare_init != nullptr &&
         uv_prepare_start != nullptr && uv_prepare_stop != nullptr && uv_idle_init != nullptr &&
         uv_idle_start != nullptr && uv_idle_stop != nullptr && uv_backend_fd != nullptr &&
         uv_backend_timeout != nullptr && uv_now != nullptr && uv_update_time != nullptr;
}

// This many reports in a row, each at most kCloseMs of the loop's clock after the one before, let the watch
// wait directly. Beginning and ending that costs six system calls.
constexpr int kCloseReports = 16;
constexpr int kCloseMs = 1;
// The loop goes round this often, for work that only the loop can see: unref'd immediates and the handles
// that libuv calls once a turn. If nothing was reported meanwhile, the direct waits end.
constexpr int kTickMs = 2;
constexpr size_t kMaxSpinUs = 1000;
// The kernel looks for cycles among all fds of an epoll instance that is added to another one.
constexpr unsigned kMaxLoopFds = 256;
// The data of libuv's fd in the instance: no fd has that number, so JavaScript drops its events. See
// CALL_OUT_DATA in src/readiness/epoll-watch.ts.
constexpr uint32_t kLoopData = 0xfffffffe;
// The data of the tick: JavaScript sees the same number, which is the lower half.
constexpr uint64_t kTickData = uint64_t{1} << 32 | kLoopData;

// Whether libuv has fds that it has not handed to the kernel yet. The field is private, but its place is part
// of libuv's ABI: an empty queue points to itself.
bool hasNewFds(const uv_loop_t* loop) {
  const void* first;
  std::memcpy(&first, &loop->watcher_queue, sizeof first);
  return first != &loop->watcher_queue;
}

}  // namespace

class LoopWatch final : public Waiter {
 public:
  // Null with an exception pending.
  static LoopWatch* open(napi_env env, uv_loop_t* loop, Environment& environment, int epoll_fd,
                         napi_value dispatcher) {
    UniqueFd duplicate(::fcntl(epoll_fd, F_DUPFD_CLOEXEC, 0));
    if (!duplicate.valid()) {
      throwSystemError(env, errno, "fcntl", epoll_fd);
      return nullptr;
    }
    auto* watch = new LoopWatch(loop, environment, std::move(duplicate));
    const int error = uv_poll_init(loop, &watch->poll_, watch->epoll_fd_.get());
    if (error != 0) {
      delete watch;  // libuv has not taken the handle
      throwSystemError(env, -error, "uv_poll_init", epoll_fd);
      return nullptr;
    }
    // These two cannot fail.
    uv_prepare_init(loop, &watch->prepare_);
    uv_idle_init(loop, &watch->idle_);
    watch->unref();
    // An open handle at a worker's end would abort the process. The environment waits for this hook to be
    // removed.
    if (!environment.waiters.add(watch, dispatcher) ||
        !succeeded(env, napi_add_async_cleanup_hook(env, closeAtCleanup, watch, &watch->cleanup_hook_))) {
      watch->close();
      return nullptr;
    }
    return watch;
  }

  // 0, or the errno, negative.
  int start() {
    if (isDirect()) return 0;
    const int error = uv_poll_start(&poll_, UV_READABLE, onReadable);
    is_started_ = error == 0;
    return error;
  }
  int stop() {
    if (isDirect()) leaveInstance();
    is_started_ = false;
    return uv_poll_stop(&poll_);
  }

  // Allows direct waits for up to `max_events` events; 0 ends them. Before they block, they look repeatedly
  // for `spin_nanoseconds`.
  void setDirect(size_t max_events, int64_t spin_nanoseconds) {
    max_events_ = max_events;
    spin_nanoseconds_ = spin_nanoseconds;
    if (max_events == 0 && isDirect()) endDirect();
  }

  // Waits directly until there is something to report. Returns how many events are in the event buffer then,
  // or 0 if the loop has to go on. JavaScript calls it at the end of a report, and so does not return in
  // between.
  uint32_t next() {
    while (is_staying_ && isDirect()) {
      is_staying_ = false;
      // New fds go to the kernel as they always do, without a set of ours above libuv's.
      if (hasNewFds(loop_)) {
        endDirect();
        break;
      }
      const int timeout = loopTimeout();
      if (timeout == 0 && has_looked_) break;
      has_looked_ = true;
      const int count = waitInInstance(timeout);
      if (count < 0) {
        if (errno != EINTR) endDirect();
        break;
      }
      const Findings found = findings(count);
      if (found.is_tick) {
        startNextTick();
        if (!has_reported_ && found.others == 0) {
          endDirect();
          break;
        }
        has_reported_ = false;
      }
      // Without an event, a timer of the loop is due.
      is_staying_ = !found.is_tick && !found.is_loop && (count > 0 || timeout == 0);
      if (found.others > 0) {
        has_reported_ = true;
        return static_cast<uint32_t>(count);
      }
    }
    return 0;
  }

  void ref() override {
    for (uv_handle_t* handle : handles()) uv_ref(handle);
  }
  void unref() override {
    for (uv_handle_t* handle : handles()) uv_unref(handle);
  }
  void close() override {
    if (is_closing_) return;
    // The instance may be open for longer than this watch.
    if (isDirect()) leaveInstance();
    is_closing_ = true;
    environment_.waiters.remove(id());
    for (uv_handle_t* handle : handles()) {
      uv_close(handle, [](uv_handle_t* closed) {
        auto* watch = static_cast<LoopWatch*>(closed->data);
        if (--watch->open_handles_ == 0) delete watch;
      });
    }
    epoll_fd_ = UniqueFd();  // a handle that is closing has left the loop's set of fds
    tick_fd_ = UniqueFd();
  }
  LoopWatch* asLoopWatch() override { return this; }

 private:
  LoopWatch(uv_loop_t* loop, Environment& environment, UniqueFd epoll_fd)
      : Waiter(environment.waiters.nextId()),
        loop_(loop),
        environment_(environment),
        epoll_fd_(std::move(epoll_fd)) {
    for (uv_handle_t* handle : handles()) handle->data = this;
  }
  // From libuv's close callback, when the environment's own data may already be gone.
  ~LoopWatch() override {
    if (cleanup_hook_ != nullptr) napi_remove_async_cleanup_hook(cleanup_hook_);
  }

  static void closeAtCleanup(napi_async_cleanup_hook_handle, void* data) {
    static_cast<LoopWatch*>(data)->close();
  }

  // A status other than 0 is a reason to look, too: the real call then reports the error.
  static void onReadable(uv_poll_t* handle, int, int) {
    auto* watch = static_cast<LoopWatch*>(handle->data);
    watch->countClose();
    watch->environment_.waiters.reportFromLoop(watch->id(), 0);
    watch->beginDirect();
  }

  static void onPrepare(uv_prepare_t* handle) { static_cast<LoopWatch*>(handle->data)->waitDirectly(); }

  // Its only purpose is to be there: the loop does not wait while there is one.
  static void onIdle(uv_idle_t* handle) { uv_idle_stop(handle); }

  void countClose() {
    const uint64_t now = uv_now(loop_);
    close_reports_ = now - reported_ms_ <= kCloseMs ? close_reports_ + 1 : 0;
    reported_ms_ = now;
  }

  bool isDirect() const { return environment_.direct_waits.watch == this; }

  size_t room() const { return std::min(max_events_, environment_.event_buffer.capacity); }

  // libuv's fd enters the instance, and the instance leaves libuv's set: epoll refuses a cycle.
  void beginDirect() {
    // Only one: while it waits, libuv's set, with the instances of the others, is below its own.
    if (close_reports_ < kCloseReports || is_closing_ || !is_started_ ||
        environment_.direct_waits.watch != nullptr || room() == 0 || loop_->nfds > kMaxLoopFds) {
      return;
    }
    close_reports_ = 0;
    uv_poll_stop(&poll_);
    environment_.direct_waits.watch = this;
    if (enterInstance()) {
      has_reported_ = true;
      uv_prepare_start(&prepare_, onPrepare);
    } else {
      // The sets of the user may be nested too deeply, or there are no fds left.
      max_events_ = 0;
      leaveInstance();
      uv_poll_start(&poll_, UV_READABLE, onReadable);
    }
  }

  bool enterInstance() {
    if (!tick_fd_.valid()) tick_fd_ = UniqueFd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!tick_fd_.valid()) return false;
    epoll_event loop = {};
    loop.events = EPOLLIN;
    loop.data.u64 = kLoopData;
    if (::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_ADD, uv_backend_fd(loop_), &loop) != 0) return false;
    epoll_event tick = {};
    tick.events = EPOLLIN;
    tick.data.u64 = kTickData;
    return ::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_ADD, tick_fd_.get(), &tick) == 0 && setTick(kTickMs);
  }

  void leaveInstance() {
    environment_.direct_waits.watch = nullptr;
    uv_prepare_stop(&prepare_);
    // Each fails only if the fd is not there, or other code has closed it.
    ::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_DEL, uv_backend_fd(loop_), nullptr);
    if (!tick_fd_.valid()) return;
    ::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_DEL, tick_fd_.get(), nullptr);
    setTick(0);
  }

  // The kernel starts the next interval of a timer only when it is read.
  void startNextTick() const {
    uint64_t count;
    // Fails only if other code has closed it.
    if (::read(tick_fd_.get(), &count, sizeof count) < 0) return;
  }

  // Has the tick fire every `ms`, or never if that is 0.
  bool setTick(int ms) const {
    const timespec interval = {0, ms * kNanosecondsPerMs};
    const itimerspec setting = {interval, interval};
    return ::timerfd_settime(tick_fd_.get(), 0, &setting, nullptr) == 0;
  }

  void endDirect() {
    leaveInstance();
    uv_poll_start(&poll_, UV_READABLE, onReadable);  // fails only while the handle closes
    // Unref'd immediates of the latest reports would otherwise wait for the next event.
    letLoopGoRound();
  }

  void letLoopGoRound() { uv_idle_start(&idle_, onIdle); }

  // How long the loop would wait now, in ms; -1 if that is for ever, or until a timer that is due after the
  // next tick. 0 if it has something to do: immediates, handles that close, a timer that is due, or nothing
  // that keeps it alive.
  int loopTimeout() {
    const int timeout = uv_backend_timeout(loop_);
    if (timeout <= 0) return timeout;
    // The loop's clock stands still since its last turn, which was after the last tick. So a timer that was
    // far away then is due after the next tick, and to ask the clock would only cost time.
    if (timeout > kTickMs + 1) return -1;
    uv_update_time(loop_);
    return uv_backend_timeout(loop_);
  }

  // Runs at the point where libuv would wait next: it has already called everything that was ready in its own
  // turn.
  void waitDirectly() {
    has_looked_ = false;
    is_staying_ = true;
    while (const uint32_t count = next()) environment_.waiters.reportFromLoop(id(), count);
    if (isDirect()) letLoopGoRound();
  }

  // How long the loop would wait, in ms; -1 for ever.
  int waitInInstance(int timeout) {
    // The tick fires first, and a wait without a timeout costs less.
    if (timeout > kTickMs) timeout = -1;
    DirectWaits& waits = environment_.direct_waits;
    const int64_t start = monotonicNow();
    int count = timeout == 0 || spin_nanoseconds_ == 0 ? 0 : spin(start, timeout);
    if (count == 0) count = callEpoll(timeout);
    const int error = errno;
    waits.count += 1;
    waits.milliseconds += static_cast<double>(monotonicNow() - start) / kNanosecondsPerMs;
    errno = error;
    return count;
  }

  int callEpoll(int timeout) {
    return epollWaitMs(epoll_fd_.get(), environment_.event_buffer.events, static_cast<int>(room()), timeout);
  }

  // Looks repeatedly. A thread that does not block need not be woken, and waking takes longer than looking.
  int spin(int64_t start, int timeout) {
    const int64_t wait = timeout < 0 ? spin_nanoseconds_ : timeout * kNanosecondsPerMs;
    const int64_t end = start + std::min(spin_nanoseconds_, wait);
    int count;
    do {
      count = callEpoll(0);
      environment_.direct_waits.spins += 1;
    } while (count == 0 && monotonicNow() < end);
    return count;
  }

  struct Findings {
    int others = 0;
    bool is_loop = false;
    bool is_tick = false;
  };

  Findings findings(int count) const {
    Findings found;
    for (int i = 0; i < count; i++) {
      const uint64_t data = environment_.event_buffer.events[i].data.u64;
      if (data == kLoopData) {
        found.is_loop = true;
      } else if (data == kTickData) {
        found.is_tick = true;
      } else {
        found.others++;
      }
    }
    return found;
  }

  std::array<uv_handle_t*, 3> handles() {
    return {reinterpret_cast<uv_handle_t*>(&poll_), reinterpret_cast<uv_handle_t*>(&prepare_),
            reinterpret_cast<uv_handle_t*>(&idle_)};
  }

  uv_loop_t* const loop_;
  Environment& environment_;
  UniqueFd epoll_fd_;
  UniqueFd tick_fd_;  // a timer, once the watch has waited directly
  uv_poll_t poll_ = {};
  uv_prepare_t prepare_ = {};
  uv_idle_t idle_ = {};
  size_t open_handles_ = 3;
  napi_async_cleanup_hook_handle cleanup_hook_ = nullptr;
  size_t max_events_ = 0;
  int64_t spin_nanoseconds_ = 0;
  uint64_t reported_ms_ = 0;
  int close_reports_ = 0;
  bool is_staying_ = false;    // in direct waits, since nothing else wants the loop
  bool has_looked_ = false;    // in this stay
  bool has_reported_ = false;  // since the last tick
  bool is_started_ = false;
  bool is_closing_ = false;
};

namespace {

napi_value loopWatchOpen(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  int epoll_fd;
  if (!args.fd(args[0], "epollFd", &epoll_fd) || !args.function(args[1], "dispatcher")) return nullptr;
  if (!hasLibuv()) return throwUnsupported(env, "A loop watch needs libuv, which this runtime does not have");
  uv_loop_t* loop = nullptr;
  if (!succeeded(env, napi_get_uv_event_loop(env, &loop))) return nullptr;
  const LoopWatch* watch = LoopWatch::open(env, loop, args.environment(), epoll_fd, args[1]);
  return watch == nullptr ? nullptr : makeNumber(env, watch->id());
}

LoopWatch* readLoopWatch(const Reader& args, napi_value value) {
  WaiterId id;
  if (!args.uint32(value, "waiter", &id)) return nullptr;
  Waiter* waiter = args.environment().waiters.find(id);
  LoopWatch* watch = waiter == nullptr ? nullptr : waiter->asLoopWatch();
  if (watch == nullptr) throwOutOfRange(args.env(), "waiter", "an open loop watch", id);
  return watch;
}

napi_value loopWatchStart(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  LoopWatch* watch = readLoopWatch(args, args[0]);
  if (watch == nullptr) return nullptr;
  const int error = watch->start();
  return error == 0 ? nullptr : throwSystemError(env, -error, "uv_poll_start");
}

napi_value loopWatchStop(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  LoopWatch* watch = readLoopWatch(args, args[0]);
  if (watch == nullptr) return nullptr;
  const int error = watch->stop();
  return error == 0 ? nullptr : throwSystemError(env, -error, "uv_poll_stop");
}

napi_value loopWatchDirect(napi_env env, napi_callback_info info) {
  Arguments<3> args(env, info);
  LoopWatch* watch = readLoopWatch(args, args[0]);
  size_t max_events, spin_us;
  if (watch == nullptr ||
      !args.upTo(args[1], "maxEvents", args.environment().event_buffer.capacity, &max_events) ||
      !args.upTo(args[2], "spinUs", kMaxSpinUs, &spin_us)) {
    return nullptr;
  }
  watch->setDirect(max_events, static_cast<int64_t>(spin_us) * kNanosecondsPerUs);
  return nullptr;
}

napi_value loopWatchNext(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  LoopWatch* watch = readLoopWatch(args, args[0]);
  return watch == nullptr ? nullptr : makeInt32(env, static_cast<int32_t>(watch->next()));
}

napi_value directWaitCount(napi_env env, napi_callback_info info) {
  return makeNumber(env, Arguments<0>(env, info).environment().direct_waits.count);
}

napi_value directWaitSpins(napi_env env, napi_callback_info info) {
  return makeNumber(env, Arguments<0>(env, info).environment().direct_waits.spins);
}

napi_value directWaitMs(napi_env env, napi_callback_info info) {
  return makeNumber(env, Arguments<0>(env, info).environment().direct_waits.milliseconds);
}

}  // namespace

void exportLoopWatch(Exports& exports) {
  exports.function("loopWatchOpen", raw<loopWatchOpen>);
  exports.function("loopWatchStart", raw<loopWatchStart>);
  exports.function("loopWatchStop", raw<loopWatchStop>);
  exports.function("loopWatchDirect", raw<loopWatchDirect>);
  exports.function("loopWatchNext", raw<loopWatchNext>);
  exports.function("directWaitCount", raw<directWaitCount>);
  exports.function("directWaitSpins", raw<directWaitSpins>);
  exports.function("directWaitMs", raw<directWaitMs>);
}

}  // namespace fdmux
