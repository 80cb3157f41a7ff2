// The calls on a socket that are made for each connection or each message: accept4(2), connect(2), recv(2),
// send(2).
#include <sys/socket.h>

#include <algorithm>

#include "address.h"
#include "args.h"
#include "exports.h"
#include "message_address.h"
#include "status_flags.h"
#include "transfer.h"

namespace fdmux {
namespace {

int typeFlags(bool non_blocking) { return SOCK_CLOEXEC | (non_blocking ? SOCK_NONBLOCK : 0); }

napi_value acceptFrom(napi_env env, napi_callback_info info) {
  Arguments<3> args(env, info);
  int fd;
  bool non_blocking, dont_wait = false;
  if (!args.fd(args[0], "fd", &fd) || !args.boolean(args[1], "nonBlocking", &non_blocking) ||
      !readDontWait(args, args[2], &dont_wait)) {
    return nullptr;
  }
  SocketAddress address;
  const auto accept = [&] { return ::accept4(fd, address.get(), &address.length, typeFlags(non_blocking)); };
  UniqueFd accepted(throughSignals([&] { return dont_wait ? withoutBlocking(fd, accept) : accept(); }));
  if (!accepted.valid()) return nullIfWouldBlock(env, "accept4", fd);
  return guarded(env, [&] {
    Napi::Object result = Napi::Object::New(env);
    result.Set("fd", accepted.get());
    result.Set("address", makeAddress(env, address));
    args.environment().owned_fds.add(accepted.get());
    accepted.release();
    return result;
  });
}

// An errno ends the call and stands in the place of the fd: the connections before it have been accepted.
napi_value acceptMany(napi_env env, napi_callback_info info) {
  Arguments<5> args(env, info);
  int fd;
  Int32s results;
  Bytes addresses;
  size_t count;
  bool dont_wait = false;
  if (!args.fd(args[0], "fd", &fd) || !args.int32s(args[1], "results", &results) ||
      !args.bytes(args[2], "addresses", &addresses) ||
      !args.upTo(args[3], "count", std::min(results.length / 2, addresses.length / sizeof(sockaddr_storage)),
                 &count) ||
      !readDontWait(args, args[4], &dont_wait)) {
    return nullptr;
  }
  size_t done = 0;
  for (; done < count; done++) {
    auto* address = reinterpret_cast<sockaddr*>(addresses.data + done * sizeof(sockaddr_storage));
    socklen_t length = sizeof(sockaddr_storage);
    const auto accept = [&] { return ::accept4(fd, address, &length, typeFlags(true)); };
    UniqueFd accepted(throughSignals([&] { return dont_wait ? withoutBlocking(fd, accept) : accept(); }));
    results.data[2 * done] = accepted.valid() ? accepted.get() : -errno;
    if (!accepted.valid()) break;
    args.environment().owned_fds.add(accepted.get());
    accepted.release();
    results.data[2 * done + 1] = static_cast<int32_t>(length);
  }
  return makeInt32(env, static_cast<int32_t>(done));
}

napi_value connect(napi_env env, napi_callback_info info) {
  Arguments<3> args(env, info);
  int fd;
  SocketAddress address;
  bool dont_wait = false;
  if (!args.fd(args[0], "fd", &fd) || !readAddress(args, args[1], "address", &address) ||
      !readDontWait(args, args[2], &dont_wait)) {
    return nullptr;
  }
  const auto connect = [&] { return ::connect(fd, address.get(), address.length); };
  return makeInt32(env, (dont_wait ? withoutBlocking(fd, connect) : connect()) == 0 ? 0 : errno);
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

}  // namespace

void exportSockets(Exports& exports) {
  exports.function("acceptFrom", raw<acceptFrom>);
  exports.function("acceptMany", raw<acceptMany>);
  exports.function("connect", raw<connect>);
  exports.function("recv", raw<recv>);
  exports.function("send", raw<send>);
}

}  // namespace fdmux
