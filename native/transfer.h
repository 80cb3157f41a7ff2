// The arguments and results that all calls that move bytes share.
#pragma once

#include <sys/types.h>

#include <cerrno>

#include "args.h"

namespace fdmux {

// Returned instead of a count when the call would have blocked.
constexpr int kWouldBlock = -1;

inline bool wouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// Makes a system call again if a signal has ended it before it did anything: signal(7). No listener could run
// in between, since JavaScript waits for the call. Not for connect(2), which goes on by itself, nor for
// close(2).
template <typename Call>
auto throughSignals(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

// `bytes[offset, offset + length)`.
inline bool readRange(const Reader& reader, napi_value bytes, napi_value offset, napi_value length,
                      Bytes* range) {
  Bytes whole;
  size_t start;
  if (!reader.bytes(bytes, "bytes", &whole) || !reader.upTo(offset, "offset", whole.length, &start) ||
      !reader.upTo(length, "length", whole.length - start, &range->length)) {
    return false;
  }
  range->data = whole.data + start;
  return true;
}

// If true, the call must not block regardless of the fd's flags. Omitted: it may.
inline bool readDontWait(const Reader& reader, napi_value value, bool* dont_wait) {
  return reader.isUndefined(value) || reader.boolean(value, "dontWait", dont_wait);
}

// The count of a transfer, or kWouldBlock, or the exception.
inline napi_value transferred(napi_env env, ssize_t count, const char* syscall, int fd) {
  if (count >= 0) return makeNumber(env, static_cast<double>(count));
  if (wouldBlock(errno)) return makeInt32(env, kWouldBlock);
  return throwSystemError(env, errno, syscall, fd);
}

}  // namespace fdmux
