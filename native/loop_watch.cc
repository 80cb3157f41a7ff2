// A uv_poll_t on an epoll instance: the one file that touches libuv.
//
// It watches a duplicate of the epoll fd. libuv hands an fd to the kernel only on the next turn of the loop,
// and aborts the process if other code has closed it by then.
//
// libuv's functions are declared weak and tested before use: Deno would refuse to load an addon that needs
// them, and Bun has stand-ins that must not be called (JavaScript knows the runtime and opens no loop watch
// there).
#include <uv.h>

#include <fcntl.h>

#include "args.h"
#include "environment.h"
#include "exports.h"
#include "unique_fd.h"

extern "C" {
__attribute__((weak)) int uv_poll_init(uv_loop_t*, uv_poll_t*, int);
__attribute__((weak)) int uv_poll_start(uv_poll_t*, int, uv_poll_cb);
__attribute__((weak)) int uv_poll_stop(uv_poll_t*);
__attribute__((weak)) void uv_close(uv_handle_t*, uv_close_cb);
__attribute__((weak)) void uv_ref(uv_handle_t*);
__attribute__((weak)) void uv_unref(uv_handle_t*);
}

namespace fdmux {
namespace {

bool hasLibuv() {
  return uv_poll_init != nullptr && uv_poll_start != nullptr && uv_poll_stop != nullptr &&
         uv_close != nullptr && uv_ref != nullptr && uv_unref != nullptr;
}

}  // namespace

class LoopWatch final : public Waiter {
 public:
  // Null with an exception pending.
  static LoopWatch* open(napi_env env, uv_loop_t* loop, Waiters& waiters, int epoll_fd,
                         napi_value dispatcher) {
    UniqueFd duplicate(::fcntl(epoll_fd, F_DUPFD_CLOEXEC, 0));
    if (!duplicate.valid()) {
      throwSystemError(env, errno, "fcntl", epoll_fd);
      return nullptr;
    }
    auto* watch = new LoopWatch(waiters, std::move(duplicate));
    const int error = uv_poll_init(loop, &watch->handle_, watch->epoll_fd_.get());
    if (error != 0) {
      delete watch;  // libuv has not taken the handle
      throwSystemError(env, -error, "uv_poll_init", epoll_fd);
      return nullptr;
    }
    watch->unref();
    // An open handle at a worker's end would abort the process. The environment waits for this hook to be
    // removed.
    if (!waiters.add(watch, dispatcher) ||
        !succeeded(env, napi_add_async_cleanup_hook(env, closeAtCleanup, watch, &watch->cleanup_hook_))) {
      watch->close();
      return nullptr;
    }
    return watch;
  }

  // 0, or the errno, negative.
  int start() { return uv_poll_start(&handle_, UV_READABLE, onReadable); }
  int stop() { return uv_poll_stop(&handle_); }

  void ref() override { uv_ref(handle()); }
  void unref() override { uv_unref(handle()); }
  void close() override {
    if (is_closing_) return;
    is_closing_ = true;
    waiters_.remove(id());
    uv_close(handle(), [](uv_handle_t* handle) { delete static_cast<LoopWatch*>(handle->data); });
    epoll_fd_ = UniqueFd();  // a handle that is closing has left the loop's set of fds
  }
  LoopWatch* asLoopWatch() override { return this; }

 private:
  LoopWatch(Waiters& waiters, UniqueFd epoll_fd)
      : Waiter(waiters.nextId()), waiters_(waiters), epoll_fd_(std::move(epoll_fd)) {
    handle_.data = this;
  }
  // From libuv's close callback, when the environment's own data may already be gone.
  ~LoopWatch() override {
    if (cleanup_hook_ != nullptr) napi_remove_async_cleanup_hook(cleanup_hook_);
  }

  static void closeAtCleanup(napi_async_cleanup_hook_handle, void* data) {
    static_cast<LoopWatch*>(data)->close();
  }

  // A status other than 0 is a reason to look, too: the real call then says what is wrong.
  static void onReadable(uv_poll_t* handle, int, int) {
    const auto* watch = static_cast<LoopWatch*>(handle->data);
    watch->waiters_.reportFromLoop(watch->id());
  }

  uv_handle_t* handle() { return reinterpret_cast<uv_handle_t*>(&handle_); }

  Waiters& waiters_;
  UniqueFd epoll_fd_;
  uv_poll_t handle_ = {};
  napi_async_cleanup_hook_handle cleanup_hook_ = nullptr;
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
  const LoopWatch* watch = LoopWatch::open(env, loop, args.environment().waiters, epoll_fd, args[1]);
  return watch == nullptr ? nullptr : makeNumber(env, watch->id());
}

LoopWatch* readLoopWatch(const Arguments<1>& args) {
  WaiterId id;
  if (!args.uint32(args[0], "waiter", &id)) return nullptr;
  Waiter* waiter = args.environment().waiters.find(id);
  LoopWatch* watch = waiter == nullptr ? nullptr : waiter->asLoopWatch();
  if (watch == nullptr) throwOutOfRange(args.env(), "waiter", "an open loop watch", id);
  return watch;
}

napi_value loopWatchStart(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  LoopWatch* watch = readLoopWatch(args);
  if (watch == nullptr) return nullptr;
  const int error = watch->start();
  return error == 0 ? nullptr : throwSystemError(env, -error, "uv_poll_start");
}

napi_value loopWatchStop(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  LoopWatch* watch = readLoopWatch(args);
  if (watch == nullptr) return nullptr;
  const int error = watch->stop();
  return error == 0 ? nullptr : throwSystemError(env, -error, "uv_poll_stop");
}

}  // namespace

void exportLoopWatch(Exports& exports) {
  exports.function("loopWatchOpen", loopWatchOpen);
  exports.function("loopWatchStart", loopWatchStart);
  exports.function("loopWatchStop", loopWatchStop);
}

}  // namespace fdmux
