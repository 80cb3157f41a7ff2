// Bytes of many sockets in one native call.
// recv(2), https://man7.org/linux/man-pages/man2/recv.2.html
// send(2), sendmsg(2), https://man7.org/linux/man-pages/man2/send.2.html
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>

#include "args.h"
#include "byte_list.h"
#include "environment.h"
#include "exports.h"
#include "transfer.h"

namespace fdmux {
namespace {

size_t totalLength(const iovec* vectors, size_t count) {
  size_t total = 0;
  for (size_t i = 0; i < count; i++) total += vectors[i].iov_len;
  return total;
}

ssize_t sendOnce(int fd, iovec* vectors, size_t count) {
  if (count == 1) return ::send(fd, vectors->iov_base, vectors->iov_len, MSG_NOSIGNAL);
  msghdr message = {};
  message.msg_iov = vectors;
  message.msg_iovlen = count;
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

// Sends until the socket takes no more. The count is then short, as with send(2). If nothing was sent, it
// returns the errno, negative.
int32_t sendRun(int fd, iovec* vectors, size_t count) {
  size_t sent = 0;
  while (count > 0) {
    const size_t batch = std::min(count, kMaxVectors);
    const size_t offered = totalLength(vectors, batch);
    // The caller's count has 31 bits; the rest of such a run is left as if the socket had not taken it.
    if (offered > INT32_MAX - sent) return sent > 0 ? static_cast<int32_t>(sent) : -EMSGSIZE;
    const ssize_t result = throughSignals([&] { return sendOnce(fd, vectors, batch); });
    if (result < 0) return sent > 0 ? static_cast<int32_t>(sent) : -errno;
    sent += static_cast<size_t>(result);
    if (static_cast<size_t>(result) < offered) break;
    vectors += batch;
    count -= batch;
  }
  return static_cast<int32_t>(sent);
}

napi_value sendRanges(napi_env env, napi_callback_info info) {
  Arguments<3> args(env, info);
  Bytes bytes;
  Int32s operations;
  size_t count;
  if (!args.bytes(args[0], "bytes", &bytes) || !args.int32s(args[1], "operations", &operations) ||
      !args.upTo(args[2], "count", operations.length / SendPlan::kWordsPerOperation, &count)) {
    return nullptr;
  }
  SendPlan& plan = args.environment().send_plan;
  if (!plan.build(operations.data, count, bytes.data, bytes.length)) {
    return throwOutOfRange(env, "operations", "made of fds and ranges of bytes");
  }
  for (const SendRun& run : plan.runs()) {
    operations.data[run.first_operation * SendPlan::kWordsPerOperation] =
        sendRun(run.fd, plan.vectors(run), run.vector_count);
  }
  return nullptr;
}

// Receives at most `max_bytes` from each socket, end to end, and stops when there is no room for that many.
// With less room, a count below `max_bytes` would no longer mean that the socket is drained.
napi_value recvMany(napi_env env, napi_callback_info info) {
  Arguments<4> args(env, info);
  Bytes bytes;
  Int32s operations;
  size_t count;
  size_t max_bytes;
  if (!args.bytes(args[0], "bytes", &bytes) || !args.int32s(args[1], "operations", &operations) ||
      !args.upTo(args[2], "count", operations.length, &count) ||
      !args.upTo(args[3], "maxBytes", std::min<size_t>(bytes.length, INT32_MAX), &max_bytes)) {
    return nullptr;
  }
  // recv(2) of nothing gives 0, which would read as the end of the stream.
  if (max_bytes == 0) return throwOutOfRange(env, "maxBytes", "at least 1", 0);
  size_t used = 0;
  size_t done = 0;
  for (; done < count && bytes.length - used >= max_bytes; done++) {
    const int32_t fd = operations.data[done];
    const ssize_t received = throughSignals([&] { return ::recv(fd, bytes.data + used, max_bytes, 0); });
    if (received > 0) used += static_cast<size_t>(received);
    operations.data[done] = received >= 0 ? static_cast<int32_t>(received) : -errno;
  }
  return makeInt32(env, static_cast<int32_t>(done));
}

}  // namespace

void exportBatches(Exports& exports) {
  exports.function("sendRanges", sendRanges);
  exports.function("recvMany", recvMany);
}

}  // namespace fdmux
