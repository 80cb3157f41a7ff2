// socket(2) and its family: https://man7.org/linux/man-pages/man7/socket.7.html
#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "address.h"
#include "args.h"
#include "exports.h"
#include "status_flags.h"
#include "transfer.h"

namespace fdmux {
namespace {

// Larger than every socket option.
constexpr size_t kMaxOptionBytes = size_t{64} * 1024;

int typeFlags(bool non_blocking) { return SOCK_CLOEXEC | (non_blocking ? SOCK_NONBLOCK : 0); }

struct SocketKind {
  int family, type, protocol;
};

bool readSocketKind(const Arguments<4>& args, SocketKind* kind) {
  bool non_blocking;
  if (!args.int32(args[0], "family", &kind->family) || !args.int32(args[1], "type", &kind->type) ||
      !args.int32(args[2], "protocol", &kind->protocol) ||
      !args.boolean(args[3], "nonBlocking", &non_blocking)) {
    return false;
  }
  kind->type |= typeFlags(non_blocking);
  return true;
}

napi_value socket(napi_env env, napi_callback_info info) {
  Arguments<4> args(env, info);
  SocketKind kind;
  if (!readSocketKind(args, &kind)) return nullptr;
  UniqueFd fd(::socket(kind.family, kind.type, kind.protocol));
  if (!fd.valid()) return throwSystemError(env, errno, "socket");
  return makeFd(env, std::move(fd));
}

napi_value socketPair(napi_env env, napi_callback_info info) {
  Arguments<4> args(env, info);
  SocketKind kind;
  if (!readSocketKind(args, &kind)) return nullptr;
  int ends[2];
  if (::socketpair(kind.family, kind.type, kind.protocol, ends) != 0)
    return throwSystemError(env, errno, "socketpair");
  return makeFdPair(env, UniqueFd(ends[0]), UniqueFd(ends[1]));
}

napi_value bind(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  int fd;
  SocketAddress address;
  if (!args.fd(args[0], "fd", &fd) || !readAddress(args, args[1], "address", &address)) return nullptr;
  if (::bind(fd, address.get(), address.length) != 0) return throwSystemError(env, errno, "bind", fd);
  return nullptr;
}

napi_value listen(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  int fd;
  int32_t backlog;
  if (!args.fd(args[0], "fd", &fd) || !args.int32(args[1], "backlog", &backlog)) return nullptr;
  if (::listen(fd, backlog) != 0) return throwSystemError(env, errno, "listen", fd);
  return nullptr;
}

napi_value accept(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  int fd;
  bool non_blocking;
  if (!args.fd(args[0], "fd", &fd) || !args.boolean(args[1], "nonBlocking", &non_blocking)) return nullptr;
  UniqueFd accepted(throughSignals([&] { return ::accept4(fd, nullptr, nullptr, typeFlags(non_blocking)); }));
  if (!accepted.valid()) return transferred(env, -1, "accept4", fd);
  return makeFd(env, std::move(accepted));
}

// An errno ends the call and stands in the place of the fd: what came before it has been accepted.
napi_value acceptMany(napi_env env, napi_callback_info info) {
  Arguments<5> args(env, info);
  int fd;
  Int32s results;
  Bytes addresses;
  size_t count;
  bool now = false;
  if (!args.fd(args[0], "fd", &fd) || !args.int32s(args[1], "results", &results) ||
      !args.bytes(args[2], "addresses", &addresses) ||
      !args.upTo(args[3], "count", std::min(results.length / 2, addresses.length / sizeof(sockaddr_storage)),
                 &count) ||
      !readNow(args, args[4], &now)) {
    return nullptr;
  }
  size_t done = 0;
  for (; done < count; done++) {
    auto* address = reinterpret_cast<sockaddr*>(addresses.data + done * sizeof(sockaddr_storage));
    socklen_t length = sizeof(sockaddr_storage);
    const auto accept = [&] { return ::accept4(fd, address, &length, typeFlags(true)); };
    const int accepted = throughSignals([&] { return now ? withoutBlocking(fd, accept) : accept(); });
    results.data[2 * done] = accepted >= 0 ? accepted : -errno;
    if (accepted < 0) break;
    args.environment().owned_fds.add(accepted);
    results.data[2 * done + 1] = static_cast<int32_t>(length);
  }
  return makeInt32(env, static_cast<int32_t>(done));
}

napi_value connect(napi_env env, napi_callback_info info) {
  Arguments<3> args(env, info);
  int fd;
  SocketAddress address;
  bool now = false;
  if (!args.fd(args[0], "fd", &fd) || !readAddress(args, args[1], "address", &address) ||
      !readNow(args, args[2], &now)) {
    return nullptr;
  }
  const auto connect = [&] { return ::connect(fd, address.get(), address.length); };
  return makeInt32(env, (now ? withoutBlocking(fd, connect) : connect()) == 0 ? 0 : errno);
}

napi_value recv(napi_env env, napi_callback_info info) {
  Arguments<5> args(env, info);
  int fd, flags;
  Bytes range;
  if (!args.fd(args[0], "fd", &fd) || !readRange(args, args[1], args[2], args[3], &range) ||
      !args.int32(args[4], "flags", &flags)) {
    return nullptr;
  }
  const ssize_t count = throughSignals([&] { return ::recv(fd, range.data, range.length, flags); });
  return transferred(env, count, "recv", fd);
}

napi_value send(napi_env env, napi_callback_info info) {
  Arguments<5> args(env, info);
  int fd, flags;
  Bytes range;
  if (!args.fd(args[0], "fd", &fd) || !readRange(args, args[1], args[2], args[3], &range) ||
      !args.int32(args[4], "flags", &flags)) {
    return nullptr;
  }
  const ssize_t count =
      throughSignals([&] { return ::send(fd, range.data, range.length, flags | MSG_NOSIGNAL); });
  return transferred(env, count, "send", fd);
}

napi_value shutdown(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  int fd, how;
  if (!args.fd(args[0], "fd", &fd) || !args.int32(args[1], "how", &how)) return nullptr;
  if (::shutdown(fd, how) != 0) return throwSystemError(env, errno, "shutdown", fd);
  return nullptr;
}

struct SocketOption {
  int fd, level, name;
};

bool readOption(const Reader& reader, napi_value fd, napi_value level, napi_value name,
                SocketOption* option) {
  return reader.fd(fd, "fd", &option->fd) && reader.int32(level, "level", &option->level) &&
         reader.int32(name, "name", &option->name);
}

napi_value getSockOpt(napi_env env, napi_callback_info info) {
  Arguments<3> args(env, info);
  SocketOption option;
  if (!readOption(args, args[0], args[1], args[2], &option)) return nullptr;
  int value = 0;
  socklen_t length = sizeof value;
  if (::getsockopt(option.fd, option.level, option.name, &value, &length) != 0) {
    return throwSystemError(env, errno, "getsockopt", option.fd);
  }
  return makeInt32(env, value);
}

napi_value getSockOptBytes(napi_env env, napi_callback_info info) {
  Arguments<4> args(env, info);
  SocketOption option;
  size_t max_bytes;
  if (!readOption(args, args[0], args[1], args[2], &option) ||
      !args.upTo(args[3], "maxBytes", kMaxOptionBytes, &max_bytes)) {
    return nullptr;
  }
  std::vector<uint8_t> value(max_bytes);
  socklen_t length = static_cast<socklen_t>(max_bytes);
  if (::getsockopt(option.fd, option.level, option.name, value.data(), &length) != 0) {
    return throwSystemError(env, errno, "getsockopt", option.fd);
  }
  return makeBytes(env, value.data(), length < max_bytes ? length : max_bytes);
}

napi_value setSockOpt(napi_env env, napi_callback_info info) {
  Arguments<4> args(env, info);
  SocketOption option;
  if (!readOption(args, args[0], args[1], args[2], &option)) return nullptr;
  int number;
  Bytes bytes;
  if (args.isNumber(args[3])) {
    if (!args.int32(args[3], "value", &number)) return nullptr;
    bytes.data = reinterpret_cast<uint8_t*>(&number);
    bytes.length = sizeof number;
  } else if (!args.bytes(args[3], "value", &bytes)) {
    return nullptr;
  }
  if (bytes.length > kMaxOptionBytes) {
    return throwOutOfRange(env, "value", "at most " + std::to_string(kMaxOptionBytes) + " bytes long",
                           static_cast<double>(bytes.length));
  }
  if (::setsockopt(option.fd, option.level, option.name, bytes.data, static_cast<socklen_t>(bytes.length)) !=
      0) {
    return throwSystemError(env, errno, "setsockopt", option.fd);
  }
  return nullptr;
}

// getsockname(2) and getpeername(2) differ in nothing else.
napi_value askAddress(napi_env env, napi_callback_info info, int (*call)(int, sockaddr*, socklen_t*),
                      const char* name) {
  Arguments<1> args(env, info);
  int fd;
  if (!args.fd(args[0], "fd", &fd)) return nullptr;
  SocketAddress address;
  if (call(fd, address.get(), &address.length) != 0) return throwSystemError(env, errno, name, fd);
  return makeAddress(env, address);
}

napi_value getSockName(napi_env env, napi_callback_info info) {
  return askAddress(env, info, ::getsockname, "getsockname");
}

napi_value getPeerName(napi_env env, napi_callback_info info) {
  return askAddress(env, info, ::getpeername, "getpeername");
}

}  // namespace

void exportSockets(Exports& exports) {
  exports.function("socket", socket);
  exports.function("socketPair", socketPair);
  exports.function("bind", bind);
  exports.function("listen", listen);
  exports.function("accept", accept);
  exports.function("acceptMany", acceptMany);
  exports.function("connect", connect);
  exports.function("recv", recv);
  exports.function("send", send);
  exports.function("shutdown", shutdown);
  exports.function("getSockOpt", getSockOpt);
  exports.function("getSockOptBytes", getSockOptBytes);
  exports.function("setSockOpt", setSockOpt);
  exports.function("getSockName", getSockName);
  exports.function("getPeerName", getPeerName);
}

}  // namespace fdmux
