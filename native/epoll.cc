// epoll(7): https://man7.org/linux/man-pages/man7/epoll.7.html
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

#include "args.h"
#include "call.h"
#include "environment.h"
#include "epoll_call.h"
#include "exports.h"
#include "transfer.h"
#include "wait_options.h"

namespace fdmux {
namespace {

// Called by number, since the C library's function is younger than the systems we run on (glibc 2.35).
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

// The size of the kernel's own sigset_t, which is smaller than the C library's.
constexpr size_t kKernelSigsetBytes = 8;

constexpr size_t kMaxCapacity = INT32_MAX / sizeof(epoll_event);

Napi::Value epollCreate(const Call& call) {
  return call.newFd(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
}

napi_value epollCtl(napi_env env, napi_callback_info info) {
  Arguments<6> args(env, info);
  int epoll_fd, op, fd;
  if (!args.fd(args[0], "epollFd", &epoll_fd) || !args.int32(args[1], "op", &op) ||
      !args.fd(args[2], "fd", &fd)) {
    return nullptr;
  }
  epoll_event event = {};
  if (op != EPOLL_CTL_DEL) {
    uint32_t events, data_low, data_high;
    if (!args.mask(args[3], "events", &events) || !args.uint32(args[4], "dataLow", &data_low) ||
        !args.uint32(args[5], "dataHigh", &data_high)) {
      return nullptr;
    }
    event.events = events;
    event.data.u64 = static_cast<uint64_t>(data_high) << 32 | data_low;
  }
  if (::epoll_ctl(epoll_fd, op, fd, &event) != 0) return throwSystemError(env, errno, "epoll_ctl", fd);
  return nullptr;
}

// For a kernel, an emulator or a sandbox without epoll_pwait2: whole milliseconds, rounded up, in slices that
// fit into an int. Each slice lasts at least as long as it was asked to, so no clock is needed.
int waitInSlices(int epoll_fd, epoll_event* events, int max_events, int64_t nanoseconds,
                 const sigset_t* mask) {
  for (;;) {
    const int ms = msFromNanoseconds(nanoseconds);
    const int count = epollWaitMs(epoll_fd, events, max_events, ms, mask);
    if (count != 0 || ms < INT_MAX) return count;
    nanoseconds -= ms * kNanosecondsPerMs;
  }
}

int wait(Environment& environment, int epoll_fd, int max_events, int64_t nanoseconds, const sigset_t* mask) {
  epoll_event* const events = environment.event_buffer.events;
  // Looking and waiting for ever need no precision, and the older call is the cheaper one.
  if (nanoseconds > 0 && environment.has_epoll_pwait2) {
    const Timespec timeout(nanoseconds);
    const long count =
        ::syscall(SYS_epoll_pwait2, epoll_fd, events, max_events, timeout.get(), mask, kKernelSigsetBytes);
    // A sandbox's filter may answer EPERM, which epoll_pwait2 itself never does.
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(count);
    environment.has_epoll_pwait2 = false;
  }
  return waitInSlices(epoll_fd, events, max_events, nanoseconds, mask);
}

napi_value epollWait(napi_env env, napi_callback_info info) {
  Arguments<5> args(env, info);
  Environment& environment = args.environment();
  int epoll_fd;
  size_t max_events;
  WaitOptions options;
  if (!args.fd(args[0], "epollFd", &epoll_fd) ||
      !args.upTo(args[1], "maxEvents", environment.event_buffer.capacity, &max_events) ||
      !readWaitOptions(args, 2, &options)) {
    return nullptr;
  }
  if (max_events == 0) {
    return throwOutOfRange(env, "maxEvents", "an integer from 1 to the event buffer's capacity", 0);
  }
  const int count = waitThroughSignals(
      options.nanoseconds, options.retry_on_signal,
      [&](int64_t nanoseconds) {
        return wait(environment, epoll_fd, static_cast<int>(max_events), nanoseconds,
                    options.signal_mask.get());
      },
      monotonicNow);
  if (count < 0) return throwSystemError(env, errno, "epoll_wait", epoll_fd);
  return makeInt32(env, count);
}

napi_value eventBuffer(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  EventBuffer& current = args.environment().event_buffer;
  size_t capacity;
  if (!args.upTo(args[0], "capacity", kMaxCapacity, &capacity)) return nullptr;
  napi_value buffer;
  if (current.reference != nullptr && capacity <= current.capacity) {
    return succeeded(env, napi_get_reference_value(env, current.reference, &buffer)) ? buffer : nullptr;
  }
  EventBuffer next;
  next.capacity = capacity;
  void* memory = nullptr;
  if (!succeeded(env, napi_create_arraybuffer(env, capacity * sizeof(epoll_event), &memory, &buffer)) ||
      !succeeded(env, napi_create_reference(env, buffer, 1, &next.reference))) {
    return nullptr;
  }
  next.events = static_cast<epoll_event*>(memory);
  if (current.reference != nullptr && !succeeded(env, napi_delete_reference(env, current.reference)))
    return nullptr;
  current = next;
  return buffer;
}

}  // namespace

void exportEpoll(Exports& exports) {
  exports.function("epollCreate", cold<epollCreate>);
  exports.function("epollCtl", raw<epollCtl>);
  exports.function("epollWait", raw<epollWait>);
  exports.function("eventBuffer", raw<eventBuffer>);
  constexpr size_t stride_words = sizeof(epoll_event) / sizeof(uint32_t);
  constexpr size_t data_word = offsetof(epoll_event, data) / sizeof(uint32_t);
  exports.number("eventStrideWords", stride_words);
  exports.number("eventDataWord", data_word);
  Napi::Object memory = Napi::Object::New(exports.env());
  memory.Set("words", Napi::Uint32Array::New(exports.env(), 0));
  exports.object("eventMemory", memory);
}

}  // namespace fdmux
