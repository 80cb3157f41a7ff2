// No timeout is shorter than asked for, none overflows, and a wait through signals ends at its deadline.
#include "../../../native/timeout.h"

#include "input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fdmux;
  Input input(data, size);
  const double ms = input.take<double>();
  if (!(ms >= 0 || ms == -1)) return 0;  // what the reader of arguments refuses
  const int64_t nanoseconds = nanosecondsFromMs(ms);
  require(nanoseconds >= kForever);
  if (ms == -1) require(nanoseconds == kForever);
  if (ms >= 0 && nanoseconds >= 0) require(static_cast<double>(nanoseconds) >= ms * kNanosecondsPerMs);

  const Timespec timeout(nanoseconds);
  require((timeout.get() == nullptr) == (nanoseconds < 0));
  if (timeout.get() != nullptr) {
    const timespec& parts = *timeout.get();
    require(parts.tv_sec >= 0 && parts.tv_nsec >= 0 && parts.tv_nsec < kNanosecondsPerSecond);
    require(parts.tv_sec == nanoseconds / kNanosecondsPerSecond);
  }
  const int whole = msFromNanoseconds(nanoseconds);
  require(nanoseconds < 0 ? whole == -1 : whole >= 0);
  if (whole < INT_MAX && nanoseconds >= 0) require(whole * kNanosecondsPerMs >= nanoseconds);

  int64_t now = input.take<int64_t>() & std::numeric_limits<int64_t>::max();
  const int64_t deadline = nanoseconds >= 0 ? deadlineAfter(now, nanoseconds) : 0;
  const bool retry = input.take<uint8_t>() % 2 == 0;
  const std::vector<uint32_t> signals = input.takeMany<uint32_t>(50);
  size_t next = 0;
  const int result = waitThroughSignals(
      nanoseconds, retry,
      [&](int64_t remaining) {
        require((remaining < 0) == (nanoseconds < 0));
        if (next == signals.size()) {  // the wait runs to its end
          if (remaining > 0) now = deadlineAfter(now, remaining);
          return 0;
        }
        const int64_t slept = signals[next++];
        now = deadlineAfter(now, remaining >= 0 && slept > remaining ? remaining : slept);
        errno = EINTR;
        return -1;
      },
      [&] { return now; });
  require(result == 0);
  if (retry && nanoseconds >= 0) require(now >= deadline);
  return 0;
}
