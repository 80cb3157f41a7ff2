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

// The error names the fd, unless another thread has opened it again in the meantime.
napi_value throwBadFd(napi_env env, const SelectQuestion& question) {
  for (const int fd : question.fds()) {
    if (!isOpen(fd)) return throwSystemError(env, EBADF, "select", fd);
  }
  return throwSystemError(env, EBADF, "select");
}

// Makes `list` the question, unless it is that already. False with an exception pending.
bool pose(const Reader& reader, const SelectList& list, SelectQuestion* question) {
  if (question->isAbout(list.fds.data, list.counts)) return true;
  question->assign(list.fds.data, list.counts);
  int highest;
  if (!findHighestFd(question->fds().data(), question->fds().size(), &highest)) {
    throwOutOfRange(reader.env(), "fds", "made of integers from 0 to 2147483647", highest);
    return false;
  }
  // The table of fds only ever grows, so a number that it has held once need not be asked about again.
  int& largest_known_fd = reader.environment().largest_known_fd;
  if (highest > largest_known_fd) {
    if (!isWithinFdTable(highest)) {
      throwSystemError(reader.env(), EBADF, "select", highest);
      return false;
    }
    largest_known_fd = highest;
  }
  question->complete(highest);
  return true;
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
  if (list.fds.length - list.total() < list.total()) {
    return throwOutOfRange(env, "fds", "twice as long as there are fds",
                           static_cast<double>(list.fds.length));
  }
  SelectQuestion& question = args.environment().select_question;
  if (!pose(args, list, &question)) return nullptr;

  FdSets& sets = question.ask();
  const int count = waitThroughSignals(
      options.nanoseconds, options.retry_on_signal,
      [&](int64_t nanoseconds) { return wait(sets, nanoseconds, options.signal_mask.get()); }, monotonicNow);
  if (count < 0) {
    return errno == EBADF ? throwBadFd(env, question) : throwSystemError(env, errno, "select");
  }
  // After a signal the kernel has left the sets as they were.
  const size_t ready =
      count == 0 ? 0 : question.ready(static_cast<size_t>(count), list.fds.data + list.total());
  return makeInt32(env, static_cast<int32_t>(ready));
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
