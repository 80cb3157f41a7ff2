#include "select.h"

#include <fcntl.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "environment.h"
#include "exports.h"
#include "wait_options.h"

namespace fdmux {
namespace {

bool isOpen(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

// The error names the fd; where another thread has opened it again meanwhile, it names none.
napi_value throwBadFd(napi_env env, const SelectList& list) {
  for (size_t i = 0; i < list.total(); i++) {
    const int fd = list.fds.data[i];
    if (!isOpen(fd)) return throwSystemError(env, EBADF, "select", fd);
  }
  return throwSystemError(env, EBADF, "select");
}

int wait(FdSets& sets, int64_t nanoseconds, const sigset_t* mask) {
#ifdef SYS_select
  // Not by the C library, see epoll.cc.
  if (mask == nullptr && nanoseconds <= 0) {
    timeval at_once = {};
    return static_cast<int>(::syscall(SYS_select, sets.nfds(), sets.get(0), sets.get(1), sets.get(2),
                                      nanoseconds == 0 ? &at_once : nullptr));
  }
#endif
  const Timespec timeout(nanoseconds);
  return ::pselect(sets.nfds(), sets.get(0), sets.get(1), sets.get(2), timeout.get(), mask);
}

napi_value select(napi_env env, napi_callback_info info) {
  Arguments<7> args(env, info);
  WaitOptions options;
  SelectList list;
  if (!readWaitOptions(args, 4, &options) ||
      !readSelectList(args, args[0], args[1], args[2], args[3], &list)) {
    return nullptr;
  }
  int highest;
  if (!findHighestFd(list.fds.data, list.total(), &highest)) {
    return throwOutOfRange(env, "fds", "made of integers from 0 to 2147483647", highest);
  }
  // The table of fds only ever grows, so a number that it has held once need not be asked about again.
  int& largest_known_fd = args.environment().largest_known_fd;
  if (highest > largest_known_fd) {
    if (!isWithinFdTable(highest)) return throwSystemError(env, EBADF, "select", highest);
    largest_known_fd = highest;
  }
  FdSets& sets = args.environment().fd_sets;
  sets.reset(highest);
  if (!addAll(sets, list.fds.data, list.counts)) return throwBadFd(env, list);

  const int count = waitThroughSignals(
      options.nanoseconds, options.retry_on_signal,
      [&](int64_t nanoseconds) { return wait(sets, nanoseconds, options.signal_mask.get()); }, monotonicNow);
  if (count < 0) return errno == EBADF ? throwBadFd(env, list) : throwSystemError(env, errno, "select");
  // After a signal the kernel has left the sets as they were.
  if (count == 0) sets.reset(highest);
  return makeNumber(env, static_cast<double>(replaceWithReadiness(sets, list.fds.data, list.counts)));
}

}  // namespace

bool isWithinFdTable(int highest) { return isOpen(highest); }

bool readSelectList(const Reader& reader, napi_value fds, napi_value read_count, napi_value write_count,
                    napi_value except_count, SelectList* list) {
  if (!reader.int32s(fds, "fds", &list->fds)) return false;
  const size_t length = list->fds.length;
  size_t(&counts)[kFdSetCount] = list->counts;
  return reader.upTo(read_count, "readCount", length, &counts[0]) &&
         reader.upTo(write_count, "writeCount", length - counts[0], &counts[1]) &&
         reader.upTo(except_count, "exceptCount", length - counts[0] - counts[1], &counts[2]);
}

void exportSelect(Exports& exports) { exports.function("select", select); }

}  // namespace fdmux
