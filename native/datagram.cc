// Messages with the address they come from or go to, one at a time or many in one call: recvfrom(2),
// sendto(2), https://man7.org/linux/man-pages/man2/recvmmsg.2.html,
// https://man7.org/linux/man-pages/man2/sendmmsg.2.html; and accept4(2), whose address is the peer's.
#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "byte_list.h"
#include "exports.h"
#include "message_address.h"
#include "object_builder.h"
#include "status_flags.h"
#include "transfer.h"

namespace fdmux {
namespace {

// The kernel silently caps both calls at UIO_MAXIOV.
constexpr size_t kMaxMessages = 1024;

napi_value acceptFrom(napi_env env, napi_callback_info info) {
  Arguments<3> args(env, info);
  int fd;
  bool non_blocking, now = false;
  if (!args.fd(args[0], "fd", &fd) || !args.boolean(args[1], "nonBlocking", &non_blocking) ||
      !readNow(args, args[2], &now)) {
    return nullptr;
  }
  SocketAddress address;
  const auto accept = [&] {
    return ::accept4(fd, address.get(), &address.length, SOCK_CLOEXEC | (non_blocking ? SOCK_NONBLOCK : 0));
  };
  UniqueFd accepted(now ? withoutBlocking(fd, accept) : accept());
  if (!accepted.valid()) return nullIfWouldBlock(env, "accept4", fd);
  ObjectBuilder result(env);
  result.number("fd", accepted.get());
  if (!result.failed()) result.value("address", makeAddress(env, address));
  if (!result.failed()) handOver(env, &accepted);
  return result.result();
}

napi_value recvFrom(napi_env env, napi_callback_info info) {
  Arguments<5> args(env, info);
  int fd, flags;
  Bytes range;
  if (!args.fd(args[0], "fd", &fd) || !readRange(args, args[1], args[2], args[3], &range) ||
      !args.int32(args[4], "flags", &flags)) {
    return nullptr;
  }
  SocketAddress address;
  const ssize_t count = ::recvfrom(fd, range.data, range.length, flags, address.get(), &address.length);
  if (count < 0) return nullIfWouldBlock(env, "recvfrom", fd);
  ObjectBuilder result(env);
  result.number("bytes", static_cast<double>(count));
  if (!result.failed()) result.value("address", makeSenderAddress(env, address));
  return result.result();
}

napi_value sendTo(napi_env env, napi_callback_info info) {
  Arguments<6> args(env, info);
  int fd, flags;
  Bytes range;
  SocketAddress address;
  if (!args.fd(args[0], "fd", &fd) || !readRange(args, args[1], args[2], args[3], &range) ||
      !args.int32(args[4], "flags", &flags) || !readAddress(args, args[5], "address", &address)) {
    return nullptr;
  }
  const ssize_t count =
      ::sendto(fd, range.data, range.length, flags | MSG_NOSIGNAL, address.get(), address.length);
  return transferred(env, count, "sendto", fd);
}

napi_value recvMmsg(napi_env env, napi_callback_info info) {
  Arguments<4> args(env, info);
  int fd, flags;
  Bytes bytes;
  size_t message_bytes;
  if (!args.fd(args[0], "fd", &fd) || !args.bytes(args[1], "bytes", &bytes) ||
      !args.upTo(args[2], "messageBytes", bytes.length, &message_bytes) ||
      !args.int32(args[3], "flags", &flags)) {
    return nullptr;
  }
  if (message_bytes == 0) return throwOutOfRange(env, "messageBytes", "at least 1", 0);
  const size_t slots = std::min(bytes.length / message_bytes, kMaxMessages);
  std::vector<SocketAddress> addresses(slots);
  std::vector<iovec> vectors(slots);
  std::vector<mmsghdr> messages(slots);
  for (size_t i = 0; i < slots; i++) {
    vectors[i] = {bytes.data + i * message_bytes, message_bytes};
    messages[i].msg_hdr.msg_name = addresses[i].get();
    messages[i].msg_hdr.msg_namelen = addresses[i].length;
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  // Without MSG_WAITFORONE a blocking socket would wait until every slot is full.
  const int count =
      ::recvmmsg(fd, messages.data(), static_cast<unsigned>(slots), flags | MSG_WAITFORONE, nullptr);
  if (count < 0) return nullIfWouldBlock(env, "recvmmsg", fd);
  ArrayBuilder result(env);
  for (int i = 0; i < count && !result.failed(); i++) {
    addresses[i].length = messages[i].msg_hdr.msg_namelen;
    ObjectBuilder message(env);
    message.number("bytes", messages[i].msg_len);
    message.number("flags", messages[i].msg_hdr.msg_flags);
    if (!message.failed()) message.value("address", makeSenderAddress(env, addresses[i]));
    result.add(message.result());
  }
  return result.result();
}

napi_value sendMmsg(napi_env env, napi_callback_info info) {
  Arguments<4> args(env, info);
  int fd, flags;
  std::vector<napi_value> buffers, address_values;
  std::vector<iovec> vectors;
  if (!args.fd(args[0], "fd", &fd) || !readArray(args, args[1], "buffers", kMaxMessages, &buffers) ||
      !readArray(args, args[2], "addresses", kMaxMessages, &address_values) ||
      !args.int32(args[3], "flags", &flags) || !readVectors(args, buffers, "buffers", &vectors)) {
    return nullptr;
  }
  if (address_values.size() != vectors.size()) {
    return throwOutOfRange(env, "addresses", "as long as buffers",
                           static_cast<double>(address_values.size()));
  }
  std::vector<SocketAddress> addresses(vectors.size());
  std::vector<mmsghdr> messages(vectors.size());
  for (size_t i = 0; i < vectors.size(); i++) {
    if (!readOptionalAddress(args, address_values[i], "addresses", &addresses[i])) return nullptr;
    messages[i].msg_hdr.msg_name = addresses[i].length > 0 ? addresses[i].get() : nullptr;
    messages[i].msg_hdr.msg_namelen = addresses[i].length;
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  return transferred(
      env, ::sendmmsg(fd, messages.data(), static_cast<unsigned>(messages.size()), flags | MSG_NOSIGNAL),
      "sendmmsg", fd);
}

}  // namespace

void exportDatagrams(Exports& exports) {
  exports.function("acceptFrom", acceptFrom);
  exports.function("recvFrom", recvFrom);
  exports.function("sendTo", sendTo);
  exports.function("recvMmsg", recvMmsg);
  exports.function("sendMmsg", sendMmsg);
}

}  // namespace fdmux
