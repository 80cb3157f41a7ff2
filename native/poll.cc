#include "poll.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "environment.h"
#include "exports.h"
#include "wait_options.h"

namespace fdmux {
namespace {

// JavaScript builds the entries as pairs of int32: the fd, then events in the low half and revents in the
// high one.
static_assert(sizeof(pollfd) == 2 * sizeof(int32_t) && alignof(pollfd) == alignof(int32_t));
static_assert(offsetof(pollfd, events) == 4 && offsetof(pollfd, revents) == 6);
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

int wait(const PollList& list, int64_t nanoseconds, const sigset_t* mask) {
#ifdef SYS_poll
  // Not by the C library, see epoll.cc.
  if (mask == nullptr && nanoseconds <= 0) {
    return static_cast<int>(::syscall(SYS_poll, list.entries, list.count, msFromNanoseconds(nanoseconds)));
  }
#endif
  const Timespec timeout(nanoseconds);
  return ::ppoll(list.entries, list.count, timeout.get(), mask);
}

// Leaves the places of the `count` entries that have something to report behind the entries.
void findReady(const PollList& list, int count) {
  int32_t* places = reinterpret_cast<int32_t*>(list.entries + list.count);
  for (size_t place = 0; count > 0 && place < list.count; place++) {
    if (list.entries[place].revents == 0) continue;
    *places++ = static_cast<int32_t>(place);
    count--;
  }
}

napi_value poll(napi_env env, napi_callback_info info) {
  Arguments<5> args(env, info);
  WaitOptions options;
  PollList list;
  if (!readWaitOptions(args, 2, &options) || !readPollList(args, args[0], args[1], kPollFdWords + 1, &list)) {
    return nullptr;
  }
  const int count = waitThroughSignals(
      options.nanoseconds, options.retry_on_signal,
      [&](int64_t nanoseconds) { return wait(list, nanoseconds, options.signal_mask.get()); }, monotonicNow);
  if (count < 0) return throwSystemError(env, errno, "poll");
  findReady(list, count);
  return makeInt32(env, count);
}

}  // namespace

bool readPollList(const Reader& reader, napi_value poll_fds, napi_value count, size_t words, PollList* list) {
  Int32s memory;
  if (!reader.int32s(poll_fds, "pollFds", &memory) ||
      !reader.upTo(count, "count", memory.length / words, &list->count)) {
    return false;
  }
  list->entries = reinterpret_cast<pollfd*>(memory.data);
  return true;
}

void exportPoll(Exports& exports) { exports.function("poll", raw<poll>); }

}  // namespace fdmux
