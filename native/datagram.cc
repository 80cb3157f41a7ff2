// Messages with the address of their sender or receiver, one at a time or many in one call: recvfrom(2),
// sendto(2), https://man7.org/linux/man-pages/man2/recvmmsg.2.html,
// https://man7.org/linux/man-pages/man2/sendmmsg.2.html
#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "byte_list.h"
#include "control_values.h"
#include "exports.h"
#include "message_address.h"
#include "transfer.h"

namespace fdmux {
namespace {

// The kernel silently caps both calls at UIO_MAXIOV.
constexpr size_t kMaxMessages = 1024;
// The limit of one received message, so that the control messages of a call need no more memory than its
// bytes may.
constexpr size_t kMaxControlBytesEach = size_t{64} * 1024;
// The limit of all messages of one call.
constexpr size_t kMaxControls = size_t{16} * kMaxMessages;

napi_value recvFrom(napi_env env, napi_callback_info info) {
  Arguments<5> args(env, info);
  int fd, flags;
  Bytes range;
  if (!args.fd(args[0], "fd", &fd) || !readRange(args, args[1], args[2], args[3], &range) ||
      !args.int32(args[4], "flags", &flags)) {
    return nullptr;
  }
  SocketAddress address;
  const ssize_t count = throughSignals(
      [&] { return ::recvfrom(fd, range.data, range.length, flags, address.get(), &address.length); });
  if (count < 0) return nullIfWouldBlock(env, "recvfrom", fd);
  return guarded(env, [&] {
    Napi::Object result = Napi::Object::New(env);
    result.Set("bytes", static_cast<double>(count));
    result.Set("address", makeSenderAddress(env, address));
    return result;
  });
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
  const ssize_t count = throughSignals([&] {
    return ::sendto(fd, range.data, range.length, flags | MSG_NOSIGNAL, address.get(), address.length);
  });
  return transferred(env, count, "sendto", fd);
}

// The memory of one recvmmsg(2): each message has an address, a vector and a part of `control`.
class ReceiveSlots {
 public:
  ReceiveSlots(const Bytes& bytes, size_t message_bytes, size_t control_bytes)
      : addresses_(std::min(bytes.length / message_bytes, kMaxMessages)),
        vectors_(addresses_.size()),
        messages_(addresses_.size()),
        control_(addresses_.size() * control_bytes) {
    for (size_t i = 0; i < messages_.size(); i++) {
      vectors_[i] = {bytes.data + i * message_bytes, message_bytes};
      msghdr& header = messages_[i].msg_hdr;
      header.msg_name = addresses_[i].get();
      header.msg_namelen = addresses_[i].length;
      header.msg_iov = &vectors_[i];
      header.msg_iovlen = 1;
      header.msg_control = control_.data() + i * control_bytes;
      header.msg_controllen = control_bytes;
    }
  }

  // Without MSG_WAITFORONE a blocking socket would wait until every slot is full.
  int receive(int fd, int flags) {
    return ::recvmmsg(fd, messages_.data(), static_cast<unsigned>(messages_.size()),
                      flags | MSG_WAITFORONE | MSG_CMSG_CLOEXEC, nullptr);
  }

  Napi::Array toJs(Napi::Env env, size_t count) {
    // All of them first: fds that do not reach JavaScript are closed, whichever message fails.
    std::vector<ReceivedControl> controls;
    controls.reserve(count);
    for (size_t i = 0; i < count; i++) {
      const msghdr& header = messages_[i].msg_hdr;
      controls.emplace_back(static_cast<const uint8_t*>(header.msg_control), header.msg_controllen);
    }
    Napi::Array result = Napi::Array::New(env);
    for (size_t i = 0; i < count; i++) result.Set(static_cast<uint32_t>(i), describe(env, i, controls[i]));
    for (ReceivedControl& control : controls) control.releaseFds();
    return result;
  }

 private:
  Napi::Object describe(Napi::Env env, size_t index, const ReceivedControl& control) {
    const mmsghdr& message = messages_[index];
    addresses_[index].length = message.msg_hdr.msg_namelen;
    Napi::Object result = Napi::Object::New(env);
    result.Set("bytes", message.msg_len);
    // The kernel repeats the flag that was asked for.
    result.Set("flags", message.msg_hdr.msg_flags & ~MSG_CMSG_CLOEXEC);
    result.Set("address", makeSenderAddress(env, addresses_[index]));
    result.Set("control", control.toJs(env));
    return result;
  }

  std::vector<SocketAddress> addresses_;
  std::vector<iovec> vectors_;
  std::vector<mmsghdr> messages_;
  std::vector<uint8_t> control_;
};

napi_value recvMmsg(napi_env env, napi_callback_info info) {
  Arguments<5> args(env, info);
  int fd, flags;
  Bytes bytes;
  size_t message_bytes, control_bytes;
  if (!args.fd(args[0], "fd", &fd) || !args.bytes(args[1], "bytes", &bytes) ||
      !args.upTo(args[2], "messageBytes", bytes.length, &message_bytes) ||
      !args.upTo(args[3], "controlBytes", kMaxControlBytesEach, &control_bytes) ||
      !args.int32(args[4], "flags", &flags)) {
    return nullptr;
  }
  if (message_bytes == 0) return throwOutOfRange(env, "messageBytes", "at least 1", 0);
  ReceiveSlots slots(bytes, message_bytes, control_bytes);
  const int count = throughSignals([&] { return slots.receive(fd, flags); });
  if (count < 0) return nullIfWouldBlock(env, "recvmmsg", fd);
  return guarded(env, [&] { return slots.toJs(env, static_cast<size_t>(count)); });
}

// The arguments of one sendmmsg(2). They hold until JavaScript runs again.
struct SendSlots {
  std::vector<iovec> vectors;
  std::vector<SocketAddress> addresses;
  std::vector<std::vector<uint8_t>> controls;
  std::vector<mmsghdr> messages;
};

// False with an exception pending.
bool readSendSlots(const Arguments<6>& args, SendSlots* slots) {
  std::vector<napi_value> buffers, address_values, control_data;
  if (!readArray(args, args[1], "buffers", kMaxMessages, &buffers) ||
      !readArray(args, args[2], "addresses", kMaxMessages, &address_values) ||
      !readArray(args, args[4], "controlData", kMaxControls, &control_data) ||
      !readVectors(args, buffers, "buffers", &slots->vectors)) {
    return false;
  }
  const size_t count = slots->vectors.size();
  if (address_values.size() != count) {
    throwOutOfRange(args.env(), "addresses", "as long as buffers",
                    static_cast<double>(address_values.size()));
    return false;
  }
  slots->addresses.resize(count);
  slots->controls.resize(count);
  slots->messages.resize(count);
  for (size_t i = 0; i < count; i++) {
    if (!readOptionalAddress(args, address_values[i], "addresses", &slots->addresses[i])) return false;
  }
  return encodeControls(args, args[3], control_data, &slots->controls);
}

napi_value sendMmsg(napi_env env, napi_callback_info info) {
  Arguments<6> args(env, info);
  int fd, flags;
  SendSlots slots;
  if (!args.fd(args[0], "fd", &fd) || !readSendSlots(args, &slots) || !args.int32(args[5], "flags", &flags)) {
    return nullptr;
  }
  for (size_t i = 0; i < slots.messages.size(); i++) {
    SocketAddress& address = slots.addresses[i];
    msghdr& header = slots.messages[i].msg_hdr;
    header.msg_name = address.length > 0 ? address.get() : nullptr;
    header.msg_namelen = address.length;
    header.msg_iov = &slots.vectors[i];
    header.msg_iovlen = 1;
    setControl(&header, slots.controls[i]);
  }
  const int count = throughSignals([&] {
    return ::sendmmsg(fd, slots.messages.data(), static_cast<unsigned>(slots.messages.size()),
                      flags | MSG_NOSIGNAL);
  });
  return transferred(env, count, "sendmmsg", fd);
}

}  // namespace

void exportDatagrams(Exports& exports) {
  exports.function("recvFrom", raw<recvFrom>);
  exports.function("sendTo", raw<sendTo>);
  exports.function("recvMmsg", raw<recvMmsg>);
  exports.function("sendMmsg", raw<sendMmsg>);
}

}  // namespace fdmux
