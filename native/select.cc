#include "select.h"

#include <fcntl.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

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

// Whether select(2) looks at every fd up to `highest`. False with an exception pending.
bool isLookedAt(const Reader& reader, int highest) {
  // The table of fds only ever grows, so a number that it has held once need not be asked about again.
  int& largest_known_fd = reader.environment().largest_known_fd;
  if (highest <= largest_known_fd) return true;
  if (!isWithinFdTable(highest)) {
    throwSystemError(reader.env(), EBADF, "select", highest);
    return false;
  }
  largest_known_fd = highest;
  return true;
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
  if (!isLookedAt(reader, highest)) return false;
  question->complete(highest);
  return true;
}

int wait(int nfds, fd_set* const (&sets)[kFdSetCount], const WaitOptions& options) {
  return waitThroughSignals(
      options.nanoseconds, options.retry_on_signal,
      [&](int64_t nanoseconds) {
#ifdef SYS_select
        // Not by the C library, see epoll_call.h.
        if (options.signal_mask.get() == nullptr && nanoseconds <= 0) {
          timeval at_once = {};
          return static_cast<int>(
              ::syscall(SYS_select, nfds, sets[0], sets[1], sets[2], nanoseconds == 0 ? &at_once : nullptr));
        }
#endif
        const Timespec timeout(nanoseconds);
        return ::pselect(nfds, sets[0], sets[1], sets[2], timeout.get(), options.signal_mask.get());
      },
      monotonicNow);
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
  const int count = wait(sets.nfds(), {sets.get(0), sets.get(1), sets.get(2)}, options);
  if (count < 0) {
    return errno == EBADF ? throwBadFd(env, question) : throwSystemError(env, errno, "select");
  }
  // After a signal the kernel has left the sets as they were.
  const size_t ready =
      count == 0 ? 0 : question.ready(static_cast<size_t>(count), list.fds.data + list.total());
  return makeInt32(env, static_cast<int32_t>(ready));
}

// The three sets as JavaScript keeps them, and as many words again for the kernel's answer.
class KeptSets {
 public:
  static constexpr size_t kParts = 2 * kFdSetCount;

  KeptSets(const Int32s& words, size_t set_words) : words_(words.data), set_words_(set_words) {}

  // Copies the sets to the place of the kernel's answer. Only the copy counts: another thread may write to
  // the original.
  void ask() {
    std::copy_n(words_, kFdSetCount * set_words_, answer(0));
    for (size_t set = 0; set < kFdSetCount; set++) {
      is_used_[set] =
          std::any_of(answer(set), answer(set) + set_words_, [](int32_t word) { return word != 0; });
    }
  }
  // Null for an empty set: the kernel copies none in and none out then.
  fd_set* get(size_t set) { return is_used_[set] ? reinterpret_cast<fd_set*>(answer(set)) : nullptr; }

  // Whether `fd` is in one of the sets, before the kernel has answered.
  bool contains(int fd) {
    const auto number = static_cast<size_t>(fd);
    const uint32_t bit = uint32_t{1} << (number % kBitsPerWord);
    for (size_t set = 0; set < kFdSetCount; set++) {
      if ((static_cast<uint32_t>(answer(set)[number / kBitsPerWord]) & bit) != 0) return true;
    }
    return false;
  }

 private:
  static constexpr size_t kBitsPerWord = sizeof(int32_t) * CHAR_BIT;

  int32_t* answer(size_t set) { return words_ + (kFdSetCount + set) * set_words_; }

  int32_t* const words_;
  const size_t set_words_;
  bool is_used_[kFdSetCount] = {};
};

napi_value selectSets(napi_env env, napi_callback_info info) {
  Arguments<5> args(env, info);
  WaitOptions options;
  Int32s words;
  if (!readWaitOptions(args, 2, &options) || !args.int32s(args[0], "sets", &words)) return nullptr;
  const size_t set_words = words.length / KeptSets::kParts;
  // The kernel copies whole longs.
  constexpr size_t kWordsPerLong = sizeof(long) / sizeof(int32_t);
  if (words.length % (KeptSets::kParts * kWordsPerLong) != 0) {
    return throwOutOfRange(env, "sets", "six parts of whole longs", static_cast<double>(words.length));
  }
  size_t nfds;
  const size_t limit = std::min<size_t>(set_words * sizeof(int32_t) * CHAR_BIT, INT_MAX);
  if (!args.upTo(args[1], "nfds", limit, &nfds)) return nullptr;
  const int highest = static_cast<int>(nfds) - 1;
  if (highest >= 0 && !isLookedAt(args, highest)) return nullptr;

  KeptSets sets(words, set_words);
  sets.ask();
  const int count = wait(static_cast<int>(nfds), {sets.get(0), sets.get(1), sets.get(2)}, options);
  if (count >= 0) return makeInt32(env, count);
  if (errno != EBADF) return throwSystemError(env, errno, "select");
  // The error names the fd, unless another thread has opened it again in the meantime.
  for (int fd = 0; fd <= highest; fd++) {
    if (sets.contains(fd) && !isOpen(fd)) return throwSystemError(env, EBADF, "select", fd);
  }
  return throwSystemError(env, EBADF, "select");
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

void exportSelect(Exports& exports) {
  exports.function("select", raw<select>);
  exports.function("selectSets", raw<selectSets>);
}

}  // namespace fdmux
