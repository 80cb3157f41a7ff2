#include "poll.h"

#include "environment.h"
#include "exports.h"
#include "timeout.h"

namespace fdmux {
namespace {

// JavaScript builds the entries as pairs of int32: the fd, then events in the low half and revents in the
// high one.
static_assert(sizeof(pollfd) == 2 * sizeof(int32_t) && alignof(pollfd) == alignof(int32_t));
static_assert(offsetof(pollfd, events) == 4 && offsetof(pollfd, revents) == 6);
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

napi_value poll(napi_env env, napi_callback_info info) {
  Arguments<5> args(env, info);
  SignalMask mask;
  PollList list;
  double timeout_ms;
  bool retry_on_signal;
  if (!args.signalMask(args[4], "signalMask", &mask) || !args.timeoutMs(args[2], "timeoutMs", &timeout_ms) ||
      !args.boolean(args[3], "retryOnSignal", &retry_on_signal) ||
      !readPollList(args, args[0], args[1], &list)) {
    return nullptr;
  }
  const int count = waitThroughSignals(
      nanosecondsFromMs(timeout_ms), retry_on_signal,
      [&](int64_t nanoseconds) {
        const Timespec timeout(nanoseconds);
        return ::ppoll(list.entries, list.count, timeout.get(), mask.get());
      },
      monotonicNow);
  if (count < 0) return throwSystemError(env, errno, "poll");
  return makeInt32(env, count);
}

}  // namespace

bool readPollList(const Reader& reader, napi_value poll_fds, napi_value count, PollList* list) {
  Int32s words;
  if (!reader.int32s(poll_fds, "pollFds", &words) ||
      !reader.upTo(count, "count", words.length / 2, &list->count)) {
    return false;
  }
  list->entries = reinterpret_cast<pollfd*>(words.data);
  return true;
}

void exportPoll(Exports& exports) { exports.function("poll", poll); }

}  // namespace fdmux
