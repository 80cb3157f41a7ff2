// Making sockets, and their addresses and options: https://man7.org/linux/man-pages/man7/socket.7.html
#include <linux/filter.h>
#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "address.h"
#include "call.h"
#include "exports.h"
#include "pointed_memory.h"

namespace fdmux {
namespace {

// Larger than every socket option.
constexpr size_t kMaxOptionBytes = size_t{64} * 1024;

struct SocketKind {
  int family, type, protocol;
};

SocketKind readSocketKind(const Call& call) {
  SocketKind kind;
  kind.family = call.int32(0, "family");
  kind.type = call.int32(1, "type");
  kind.protocol = call.int32(2, "protocol");
  kind.type |= SOCK_CLOEXEC | (call.boolean(3, "nonBlocking") ? SOCK_NONBLOCK : 0);
  return kind;
}

Napi::Value socket(const Call& call) {
  const SocketKind kind = readSocketKind(call);
  return call.newFd(::socket(kind.family, kind.type, kind.protocol), "socket");
}

Napi::Value socketPair(const Call& call) {
  const SocketKind kind = readSocketKind(call);
  int ends[2];
  call.result(::socketpair(kind.family, kind.type, kind.protocol, ends), "socketpair");
  return call.newFdPair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

void bind(const Call& call) {
  const int fd = call.fd(0, "fd");
  const SocketAddress address = readAddress(call, 1, "address");
  call.result(::bind(fd, address.get(), address.length), "bind", fd);
}

void listen(const Call& call) {
  const int fd = call.fd(0, "fd");
  const int32_t backlog = call.int32(1, "backlog");
  call.result(::listen(fd, backlog), "listen", fd);
}

void shutdown(const Call& call) {
  const int fd = call.fd(0, "fd");
  const int32_t how = call.int32(1, "how");
  call.result(::shutdown(fd, how), "shutdown", fd);
}

struct SocketOption {
  int fd, level, name;
};

SocketOption readOption(const Call& call) {
  SocketOption option;
  option.fd = call.fd(0, "fd");
  option.level = call.int32(1, "level");
  option.name = call.int32(2, "name");
  return option;
}

// The bytes of one unit of an option's length. The kernel counts a filter in instructions, and writes as many
// of them as a caller that speaks of bytes says, which is eight times what there is room for.
size_t unitOf(const SocketOption& option) {
  return option.level == SOL_SOCKET && option.name == SO_GET_FILTER ? sizeof(sock_filter) : 1;
}

// Returns how many bytes the option has.
size_t readValue(const Call& call, const SocketOption& option, void* value, size_t capacity) {
  const size_t unit = unitOf(option);
  const auto room = static_cast<socklen_t>(capacity / unit);
  socklen_t length = room;
  call.result(::getsockopt(option.fd, option.level, option.name, value, &length), "getsockopt", option.fd);
  // Without room, the kernel says how many instructions there are, and writes none.
  return std::min(length, room) * unit;
}

Napi::Value getSockOpt(const Call& call) {
  int value = 0;
  readValue(call, readOption(call), &value, sizeof value);
  return Napi::Number::New(call.env(), value);
}

Napi::Value getSockOptBytes(const Call& call) {
  const SocketOption option = readOption(call);
  std::vector<uint8_t> value(call.upTo(3, "maxBytes", kMaxOptionBytes));
  const size_t length = readValue(call, option, value.data(), value.size());
  return orThrow(call.env(), makeBytes(call.env(), value.data(), length));
}

void setSockOpt(const Call& call) {
  const SocketOption option = readOption(call);
  int number;
  Bytes bytes;
  if (call.isNumber(3)) {
    number = call.int32(3, "value");
    bytes.data = reinterpret_cast<uint8_t*>(&number);
    bytes.length = sizeof number;
  } else {
    bytes = call.bytes(3, "value");
  }
  if (bytes.length > kMaxOptionBytes) {
    call.failRange("value", "at most " + std::to_string(kMaxOptionBytes) + " bytes long",
                   static_cast<double>(bytes.length));
  }
  const auto length = static_cast<socklen_t>(bytes.length);
  call.result(::setsockopt(option.fd, option.level, option.name, bytes.data, length), "setsockopt",
              option.fd);
}

// The value is a struct that holds pointers.
void setSockOptPointers(const Call& call) {
  const SocketOption option = readOption(call);
  const PointedMemory memory(call, 3, 4, 0);
  const auto length = static_cast<socklen_t>(memory.length());
  call.result(::setsockopt(option.fd, option.level, option.name, memory.data(), length), "setsockopt",
              option.fd);
}

// getsockname(2) and getpeername(2) differ in nothing else.
Napi::Value askAddress(const Call& call, int (*ask)(int, sockaddr*, socklen_t*), const char* name) {
  const int fd = call.fd(0, "fd");
  SocketAddress address;
  call.result(ask(fd, address.get(), &address.length), name, fd);
  return makeAddress(call.env(), address);
}

Napi::Value getSockName(const Call& call) { return askAddress(call, ::getsockname, "getsockname"); }

Napi::Value getPeerName(const Call& call) { return askAddress(call, ::getpeername, "getpeername"); }

}  // namespace

void exportSocketOptions(Exports& exports) {
  exports.function("socket", cold<socket>);
  exports.function("socketPair", cold<socketPair>);
  exports.function("bind", cold<bind>);
  exports.function("listen", cold<listen>);
  exports.function("shutdown", cold<shutdown>);
  exports.function("getSockOpt", cold<getSockOpt>);
  exports.function("getSockOptBytes", cold<getSockOptBytes>);
  exports.function("setSockOpt", cold<setSockOpt>);
  exports.function("setSockOptPointers", cold<setSockOptPointers>);
  exports.function("getSockName", cold<getSockName>);
  exports.function("getPeerName", cold<getPeerName>);
}

}  // namespace fdmux
