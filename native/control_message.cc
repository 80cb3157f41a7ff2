// One message with its ancillary data: sendmsg(2), recvmsg(2),
// https://man7.org/linux/man-pages/man2/recvmsg.2.html, https://man7.org/linux/man-pages/man7/unix.7.html
#include "control_message.h"

#include <arpa/inet.h>

#include "byte_list.h"
#include "exports.h"
#include "message_address.h"
#include "object_builder.h"
#include "transfer.h"
#include "unique_fd.h"

namespace fdmux {
namespace {

// Far beyond net.core.optmem_max, which bounds what the kernel takes.
constexpr size_t kMaxControlBytes = size_t{1024} * 1024;

std::string inetText(int family, const void* address) {
  char text[INET6_ADDRSTRLEN];
  return ::inet_ntop(family, address, text, sizeof text);
}

// What a received buffer says. The fds in it are this object's until they are released.
class ReceivedControl {
 public:
  ReceivedControl(const uint8_t* buffer, size_t length) {
    ControlReader reader(buffer, length);
    ControlMessage message;
    while (reader.next(&message)) {
      messages_.push_back({message, decodeControlMessage(message)});
      for (int fd : messages_.back().parts.fds) fds_.emplace_back(fd);
    }
  }

  napi_value toJs(napi_env env) const {
    ArrayBuilder array(env);
    for (const Entry& entry : messages_) {
      if (array.failed()) break;
      array.add(describe(env, entry));
    }
    return array.result();
  }

  // JavaScript has them now.
  void releaseFds() {
    for (UniqueFd& fd : fds_) fd.release();
  }

 private:
  struct Entry {
    ControlMessage message;
    ControlParts parts;
  };

  static napi_value describe(napi_env env, const Entry& entry) {
    const ControlParts& parts = entry.parts;
    ObjectBuilder object(env);
    object.number("level", entry.message.level);
    object.number("type", entry.message.type);
    if (!object.failed()) object.value("data", makeBytes(env, entry.message.data, entry.message.length));
    switch (parts.kind) {
      case ControlKind::kRights: {
        object.text("kind", "rights");
        ArrayBuilder fds(env);
        for (int fd : parts.fds) fds.number(fd);
        object.value("fds", fds.result());
        break;
      }
      case ControlKind::kCredentials:
        object.text("kind", "credentials");
        object.number("pid", parts.credentials.pid);
        object.number("uid", parts.credentials.uid);
        object.number("gid", parts.credentials.gid);
        break;
      case ControlKind::kPacketInfo:
        object.text("kind", "packet-info");
        object.number("interfaceIndex", parts.packet_info.ipi_ifindex);
        object.text("localHost", inetText(AF_INET, &parts.packet_info.ipi_spec_dst));
        object.text("destinationHost", inetText(AF_INET, &parts.packet_info.ipi_addr));
        break;
      case ControlKind::kPacketInfo6:
        object.text("kind", "packet-info6");
        object.number("interfaceIndex", parts.packet_info6.ipi6_ifindex);
        object.text("destinationHost", inetText(AF_INET6, &parts.packet_info6.ipi6_addr));
        break;
      case ControlKind::kTimeToLive:
        object.text("kind", "ttl");
        object.number("ttl", parts.number);
        break;
      case ControlKind::kTypeOfService:
        object.text("kind", "tos");
        object.number("tos", parts.number);
        break;
      case ControlKind::kTimestamp:
        object.text("kind", "timestamp");
        object.number("seconds", static_cast<double>(parts.seconds));
        object.number("nanoseconds", static_cast<double>(parts.nanoseconds));
        break;
      case ControlKind::kUnknown:
        object.text("kind", "raw");
        break;
    }
    return object.result();
  }

  std::vector<Entry> messages_;
  std::vector<UniqueFd> fds_;
};

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
  message.msg_controllen = control.size();
  const ssize_t count = ::recvmsg(fd, &message, flags | MSG_CMSG_CLOEXEC);
  if (count < 0) return nullIfWouldBlock(env, "recvmsg", fd);
  ReceivedControl received(control.data(), message.msg_controllen);
  address.length = message.msg_namelen;

  ObjectBuilder result(env);
  result.number("bytes", static_cast<double>(count));
  // The kernel repeats the flag that was asked for.
  result.number("flags", message.msg_flags & ~MSG_CMSG_CLOEXEC);
  if (!result.failed()) result.value("address", makeSenderAddress(env, address));
  if (!result.failed()) result.value("control", received.toJs(env));
  if (!result.failed()) received.releaseFds();
  return result.result();
}

// The messages as sendmsg(2) takes them. `kinds` holds a level and a type for each element of `data`.
bool encodeControl(const Reader& reader, napi_value kinds, const std::vector<napi_value>& data,
                   std::vector<uint8_t>* control) {
  Int32s words;
  std::vector<iovec> vectors;
  if (!reader.int32s(kinds, "controlKinds", &words) || !readVectors(reader, data, "controlData", &vectors)) {
    return false;
  }
  if (words.length != 2 * vectors.size()) {
    throwOutOfRange(reader.env(), "controlKinds", "twice as long as controlData",
                    static_cast<double>(words.length));
    return false;
  }
  for (size_t i = 0; i < vectors.size(); i++) {
    if (control->size() + vectors[i].iov_len > kMaxControlBytes) {
      throwOutOfRange(reader.env(), "controlData",
                      "at most " + std::to_string(kMaxControlBytes) + " bytes long",
                      static_cast<double>(control->size() + vectors[i].iov_len));
      return false;
    }
    ControlMessage message;
    message.level = words.data[2 * i];
    message.type = words.data[2 * i + 1];
    message.data = static_cast<const uint8_t*>(vectors[i].iov_base);
    message.length = vectors[i].iov_len;
    appendControlMessage(message, control);
  }
  return true;
}

napi_value sendMsg(napi_env env, napi_callback_info info) {
  Arguments<6> args(env, info);
  int fd, flags;
  std::vector<napi_value> buffers, control_data;
  std::vector<iovec> vectors;
  std::vector<uint8_t> control;
  SocketAddress address;
  if (!args.fd(args[0], "fd", &fd) || !readArray(args, args[1], "buffers", kMaxVectors, &buffers) ||
      !readArray(args, args[3], "controlData", kMaxVectors, &control_data) ||
      !encodeControl(args, args[2], control_data, &control) || !args.int32(args[4], "flags", &flags) ||
      !readOptionalAddress(args, args[5], "address", &address) ||
      !readVectors(args, buffers, "buffers", &vectors)) {
    return nullptr;
  }
  msghdr message = {};
  message.msg_name = address.length > 0 ? address.get() : nullptr;
  message.msg_namelen = address.length;
  message.msg_iov = vectors.data();
  message.msg_iovlen = vectors.size();
  message.msg_control = control.empty() ? nullptr : control.data();
  message.msg_controllen = control.size();
  return transferred(env, ::sendmsg(fd, &message, flags | MSG_NOSIGNAL), "sendmsg", fd);
}

}  // namespace

void exportControlMessages(Exports& exports) {
  exports.function("recvMsg", recvMsg);
  exports.function("sendMsg", sendMsg);
}

}  // namespace fdmux
