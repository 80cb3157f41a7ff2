// Timeout arithmetic. Pure: no napi, no clock but the one passed in.
#pragma once

#include <cerrno>
#include <climits>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <limits>

namespace fdmux {

constexpr int64_t kForever = -1;
constexpr int64_t kNanosecondsPerUs = 1000;
constexpr int64_t kNanosecondsPerMs = 1000000;
constexpr int64_t kNanosecondsPerSecond = 1000 * kNanosecondsPerMs;

// Milliseconds (at least 0, or -1) as nanoseconds, rounded up so that no wait ends early. More than 63 bits
// hold, which is 292 years, is for ever.
inline int64_t nanosecondsFromMs(double ms) {
  if (ms == 0) return 0;
  if (ms < 0) return kForever;
  const double nanoseconds = std::ceil(ms * static_cast<double>(kNanosecondsPerMs));
  return nanoseconds < 9.2e18 ? static_cast<int64_t>(nanoseconds) : kForever;
}

// Whole milliseconds for the calls that take an int, rounded up and cut to the range of an int; -1 for ever.
inline int msFromNanoseconds(int64_t nanoseconds) {
  if (nanoseconds < 0) return -1;
  const int64_t ms = nanoseconds / kNanosecondsPerMs + (nanoseconds % kNanosecondsPerMs > 0 ? 1 : 0);
  return ms > INT_MAX ? INT_MAX : static_cast<int>(ms);
}

// As the kernel takes it. Null for ever.
class Timespec {
 public:
  explicit Timespec(int64_t nanoseconds)
      : forever_(nanoseconds < 0),
        value_{static_cast<time_t>(nanoseconds / kNanosecondsPerSecond),
               static_cast<long>(nanoseconds % kNanosecondsPerSecond)} {}
  const timespec* get() const { return forever_ ? nullptr : &value_; }

 private:
  bool forever_;
  timespec value_;
};

// The moment `nanoseconds` (at least 0) after `now`, saturating.
inline int64_t deadlineAfter(int64_t now, int64_t nanoseconds) {
  constexpr int64_t max = std::numeric_limits<int64_t>::max();
  return nanoseconds > max - now ? max : now + nanoseconds;
}

inline int64_t remainingUntil(int64_t deadline, int64_t now) { return deadline > now ? deadline - now : 0; }

// Makes the blocking call `wait(nanoseconds)`, which returns a count, or -1 with errno. A signal ends it with
// 0; or, with `retry_on_signal`, the wait goes on to the original deadline of the clock `now()`.
template <typename Wait, typename Now>
int waitThroughSignals(int64_t nanoseconds, bool retry_on_signal, Wait wait, Now now) {
  const bool has_deadline = retry_on_signal && nanoseconds > 0;
  const int64_t deadline = has_deadline ? deadlineAfter(now(), nanoseconds) : 0;
  for (;;) {
    const int result = wait(nanoseconds);
    if (result >= 0 || errno != EINTR) return result;
    if (!retry_on_signal) return 0;
    if (has_deadline) nanoseconds = remainingUntil(deadline, now());
  }
}

inline int64_t monotonicNow() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);  // cannot fail with a valid pointer and this clock
  return static_cast<int64_t>(now.tv_sec) * kNanosecondsPerSecond + now.tv_nsec;
}

}  // namespace fdmux
