// One message with its ancillary data: sendmsg(2), recvmsg(2),
// https://man7.org/linux/man-pages/man2/recvmsg.2.html, https://man7.org/linux/man-pages/man7/unix.7.html
#include "byte_list.h"
#include "control_values.h"
#include "exports.h"
#include "message_address.h"
#include "transfer.h"

namespace fdmux {
namespace {

napi_value recvMsg(napi_env env, napi_callback_info info) {
  Arguments<4> args(env, info);
  int fd, flags;
  size_t control_bytes;
  std::vector<napi_value> buffers;
  std::vector<iovec> vectors;
  if (!args.fd(args[0], "fd", &fd) || !readArray(args, args[1], "buffers", kMaxVectors, &buffers) ||
      !args.upTo(args[2], "controlBytes", kMaxControlBytes, &control_bytes) ||
      !args.int32(args[3], "flags", &flags) || !readVectors(args, buffers, "buffers", &vectors)) {
    return nullptr;
  }
  SocketAddress address;
  std::vector<uint8_t> control(control_bytes);
  msghdr message = {};
  message.msg_name = address.get();
  message.msg_namelen = address.length;
  message.msg_iov = vectors.data();
  message.msg_iovlen = vectors.size();
  message.msg_control = control.data();
  const ssize_t count = throughSignals([&] {
    message.msg_controllen = control.size();
    return ::recvmsg(fd, &message, flags | MSG_CMSG_CLOEXEC);
  });
  if (count < 0) return nullIfWouldBlock(env, "recvmsg", fd);
  ReceivedControl received(control.data(), message.msg_controllen);
  address.length = message.msg_namelen;

  return guarded(env, [&] {
    Napi::Object result = Napi::Object::New(env);
    result.Set("bytes", static_cast<double>(count));
    // The kernel repeats the flag that was asked for.
    result.Set("flags", message.msg_flags & ~MSG_CMSG_CLOEXEC);
    result.Set("address", makeSenderAddress(env, address));
    result.Set("control", received.toJs(env));
    received.releaseFds();
    return result;
  });
}

napi_value sendMsg(napi_env env, napi_callback_info info) {
  Arguments<6> args(env, info);
  int fd, flags;
  std::vector<napi_value> buffers, control_data;
  std::vector<iovec> vectors;
  std::vector<std::vector<uint8_t>> controls(1);
  SocketAddress address;
  if (!args.fd(args[0], "fd", &fd) || !readArray(args, args[1], "buffers", kMaxVectors, &buffers) ||
      !readArray(args, args[3], "controlData", kMaxVectors, &control_data) ||
      !encodeControls(args, args[2], control_data, &controls) || !args.int32(args[4], "flags", &flags) ||
      !readOptionalAddress(args, args[5], "address", &address) ||
      !readVectors(args, buffers, "buffers", &vectors)) {
    return nullptr;
  }
  msghdr message = {};
  message.msg_name = address.length > 0 ? address.get() : nullptr;
  message.msg_namelen = address.length;
  message.msg_iov = vectors.data();
  message.msg_iovlen = vectors.size();
  setControl(&message, controls.front());
  const ssize_t count = throughSignals([&] { return ::sendmsg(fd, &message, flags | MSG_NOSIGNAL); });
  return transferred(env, count, "sendmsg", fd);
}

}  // namespace

void exportMessages(Exports& exports) {
  exports.function("recvMsg", raw<recvMsg>);
  exports.function("sendMsg", raw<sendMsg>);
}

}  // namespace fdmux
