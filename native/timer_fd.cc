// Timers as descriptors: https://man7.org/linux/man-pages/man2/timerfd_create.2.html
#include <sys/timerfd.h>

#include "call.h"
#include "exports.h"
#include "timeout.h"

namespace fdmux {
namespace {

Napi::Value timerFd(const Call& call) {
  const int32_t clock = call.int32(0, "clock");
  return call.newFd(::timerfd_create(clock, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create");
}

// At least 0 milliseconds, and no more than a timespec can hold.
timespec readTime(const Call& call, size_t index, const char* name) {
  const double ms = call.timeoutMs(index, name);
  const int64_t nanoseconds = nanosecondsFromMs(ms);
  if (nanoseconds == kForever) call.failRange(name, "milliseconds from 0 to 292 years", ms);
  return *Timespec(nanoseconds).get();
}

double msFromTimespec(const timespec& time) {
  return static_cast<double>(time.tv_sec) * 1000 + static_cast<double>(time.tv_nsec) / kNanosecondsPerMs;
}

Napi::Value makeSetting(const Call& call, const itimerspec& setting) {
  Napi::Object result = Napi::Object::New(call.env());
  result.Set("remainingMs", msFromTimespec(setting.it_value));
  result.Set("intervalMs", msFromTimespec(setting.it_interval));
  return result;
}

Napi::Value timerFdSet(const Call& call) {
  itimerspec setting, before;
  const int fd = call.fd(0, "fd");
  setting.it_value = readTime(call, 1, "initialMs");
  setting.it_interval = readTime(call, 2, "intervalMs");
  const int32_t flags = call.int32(3, "flags");
  call.result(::timerfd_settime(fd, flags, &setting, &before), "timerfd_settime", fd);
  return makeSetting(call, before);
}

Napi::Value timerFdGet(const Call& call) {
  itimerspec setting;
  const int fd = call.fd(0, "fd");
  call.result(::timerfd_gettime(fd, &setting), "timerfd_gettime", fd);
  return makeSetting(call, setting);
}

}  // namespace

void exportTimerFds(Exports& exports) {
  exports.function("timerFd", cold<timerFd>);
  exports.function("timerFdSet", cold<timerFdSet>);
  exports.function("timerFdGet", cold<timerFdGet>);
}

}  // namespace fdmux
