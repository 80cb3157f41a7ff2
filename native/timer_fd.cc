// Timers as descriptors: https://man7.org/linux/man-pages/man2/timerfd_create.2.html
#include <sys/timerfd.h>

#include <cmath>

#include "args.h"
#include "exports.h"
#include "object_builder.h"
#include "timeout.h"
#include "transfer.h"

namespace fdmux {
namespace {

napi_value timerFd(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  int32_t clock;
  if (!args.int32(args[0], "clock", &clock)) return nullptr;
  UniqueFd fd(::timerfd_create(clock, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!fd.valid()) return throwSystemError(env, errno, "timerfd_create");
  return makeFd(env, std::move(fd));
}

// Milliseconds from 0 on that a timespec can hold.
bool readTime(const Reader& reader, napi_value value, const char* name, timespec* out) {
  double ms;
  if (!reader.timeoutMs(value, name, &ms)) return false;
  const int64_t nanoseconds = nanosecondsFromMs(ms);
  if (nanoseconds == kForever) {
    throwOutOfRange(reader.env(), name, "milliseconds from 0 to 292 years", ms);
    return false;
  }
  *out = *Timespec(nanoseconds).get();
  return true;
}

double msFromTimespec(const timespec& time) {
  return static_cast<double>(time.tv_sec) * 1000 + static_cast<double>(time.tv_nsec) / kNanosecondsPerMs;
}

napi_value makeSetting(napi_env env, const itimerspec& setting) {
  ObjectBuilder result(env);
  result.number("remainingMs", msFromTimespec(setting.it_value));
  result.number("intervalMs", msFromTimespec(setting.it_interval));
  return result.result();
}

napi_value timerFdSet(napi_env env, napi_callback_info info) {
  Arguments<4> args(env, info);
  int fd;
  int32_t flags;
  itimerspec setting, before;
  if (!args.fd(args[0], "fd", &fd) || !readTime(args, args[1], "initialMs", &setting.it_value) ||
      !readTime(args, args[2], "intervalMs", &setting.it_interval) || !args.int32(args[3], "flags", &flags)) {
    return nullptr;
  }
  if (::timerfd_settime(fd, flags, &setting, &before) != 0)
    return throwSystemError(env, errno, "timerfd_settime", fd);
  return makeSetting(env, before);
}

napi_value timerFdGet(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  int fd;
  itimerspec setting;
  if (!args.fd(args[0], "fd", &fd)) return nullptr;
  if (::timerfd_gettime(fd, &setting) != 0) return throwSystemError(env, errno, "timerfd_gettime", fd);
  return makeSetting(env, setting);
}

}  // namespace

void exportTimerFds(Exports& exports) {
  exports.function("timerFd", timerFd);
  exports.function("timerFdSet", timerFdSet);
  exports.function("timerFdGet", timerFdGet);
}

}  // namespace fdmux
