// Bytes from one fd to another within the kernel, through a pipe, as far as they go in one call: splice(2),
// https://man7.org/linux/man-pages/man2/splice.2.html
#include <fcntl.h>

#include <algorithm>

#include "args.h"
#include "exports.h"
#include "transfer.h"

namespace fdmux {
namespace {

// The reason why a call has returned. `SpliceOutcome` in contract.ts has the same numbers.
enum class Outcome { kSpent, kSourceEmpty, kTargetFull, kSourceEnded, kSourceFailed, kTargetFailed };

// The counts for JavaScript: the bytes taken from the source, those given to the target, and the errno of a
// failure.
constexpr size_t kCounts = 3;

class Passage {
 public:
  Passage(int from, int to, int reader, int writer, size_t pending)
      : from_(from), to_(to), reader_(reader), writer_(writer), pending_(pending) {}

  // Takes at most `max_bytes` from the source. All that it has taken is given before more is taken, so a pipe
  // that takes nothing means a source that has nothing.
  Outcome run(size_t max_bytes) {
    for (;;) {
      while (pending_ > 0) {
        const ssize_t count = move(reader_, to_, pending_);
        if (count < 0 && !wouldBlock(errno)) return fail(Outcome::kTargetFailed);
        if (count <= 0) return Outcome::kTargetFull;
        given_ += static_cast<size_t>(count);
        pending_ -= static_cast<size_t>(count);
      }
      if (taken_ >= max_bytes) return Outcome::kSpent;
      const ssize_t count = move(from_, writer_, max_bytes - taken_);
      if (count < 0) return wouldBlock(errno) ? Outcome::kSourceEmpty : fail(Outcome::kSourceFailed);
      if (count == 0) return Outcome::kSourceEnded;
      taken_ += static_cast<size_t>(count);
      pending_ = static_cast<size_t>(count);
    }
  }

  void describe(int32_t* counts) const {
    counts[0] = static_cast<int32_t>(taken_);
    counts[1] = static_cast<int32_t>(given_);
    counts[2] = errno_;
  }

 private:
  static ssize_t move(int from, int to, size_t length) {
    return throughSignals(
        [&] { return ::splice(from, nullptr, to, nullptr, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK); });
  }

  Outcome fail(Outcome outcome) {
    errno_ = errno;
    return outcome;
  }

  const int from_, to_, reader_, writer_;
  size_t pending_;
  size_t taken_ = 0;
  size_t given_ = 0;
  int errno_ = 0;
};

napi_value spliceThrough(napi_env env, napi_callback_info info) {
  Arguments<7> args(env, info);
  int from, to, reader, writer;
  size_t pending, max_bytes;
  Int32s counts;
  // Both lengths together fit into the numbers of `counts`.
  constexpr size_t kMaxBytes = size_t{1} << 30;
  if (!args.fd(args[0], "from", &from) || !args.fd(args[1], "to", &to) ||
      !args.fd(args[2], "reader", &reader) || !args.fd(args[3], "writer", &writer) ||
      !args.upTo(args[4], "pendingBytes", kMaxBytes - 1, &pending) ||
      !args.upTo(args[5], "maxBytes", kMaxBytes, &max_bytes) || !args.int32s(args[6], "counts", &counts)) {
    return nullptr;
  }
  if (counts.length < kCounts) {
    return throwOutOfRange(env, "counts", "three numbers", static_cast<double>(counts.length));
  }
  Passage passage(from, to, reader, writer, pending);
  const Outcome outcome = passage.run(max_bytes);
  passage.describe(counts.data);
  return makeInt32(env, static_cast<int32_t>(outcome));
}

}  // namespace

void exportRelays(Exports& exports) { exports.function("spliceThrough", raw<spliceThrough>); }

}  // namespace fdmux
