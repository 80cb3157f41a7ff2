#include "address.h"

#include <string>

#include "environment.h"
#include "exports.h"
#include "object_builder.h"

namespace fdmux {
namespace {

constexpr uint32_t kMaxFlowInfo = (1 << 20) - 1;
// Longer than every literal, with room to spare; inet_pton(3) is the judge.
constexpr size_t kHostBytes = 64;

napi_value encodeInet(napi_env env, napi_callback_info info) {
  Arguments<5> args(env, info);
  int version;
  char host[kHostBytes];
  size_t port, flow_info;
  uint32_t scope_id;
  if (!args.int32(args[0], "version", &version)) return nullptr;
  if (version != 4 && version != 6) return throwOutOfRange(env, "version", "4 or 6", version);
  if (!args.string(args[1], "host", host, sizeof host) || !args.upTo(args[2], "port", UINT16_MAX, &port) ||
      !args.upTo(args[3], "flowInfo", kMaxFlowInfo, &flow_info) ||
      !args.uint32(args[4], "scopeId", &scope_id)) {
    return nullptr;
  }
  SocketAddress address;
  if (version == 4) {
    if (!fdmux::encodeInet4(host, static_cast<uint16_t>(port), &address)) {
      return throwInvalidArgValue(env, "host", "must be an IPv4 address such as 127.0.0.1");
    }
  } else if (!fdmux::encodeInet6(host, static_cast<uint16_t>(port), static_cast<uint32_t>(flow_info),
                                 scope_id, &address)) {
    return throwInvalidArgValue(env, "host", "must be an IPv6 address such as ::1, without a zone");
  }
  return makeAddress(env, address);
}

napi_value encodeUnix(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  Bytes path;
  bool is_abstract;
  if (!args.bytes(args[0], "path", &path) || !args.boolean(args[1], "isAbstract", &is_abstract))
    return nullptr;
  if (!is_abstract) {
    // The kernel would read an empty path as "any name" and end any other at its first NUL byte.
    if (path.length == 0) return throwInvalidArgValue(env, "path", "must not be empty");
    if (std::memchr(path.data, 0, path.length) != nullptr) {
      return throwInvalidArgValue(env, "path", "must not contain a NUL byte");
    }
  }
  SocketAddress address;
  if (!fdmux::encodeUnix(path.data, path.length, is_abstract, &address)) {
    return throwOutOfRange(env, "path", "at most " + std::to_string(kMaxUnixNameBytes) + " bytes long",
                           static_cast<double>(path.length));
  }
  return makeAddress(env, address);
}

napi_value decodeAddress(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  Bytes bytes;
  if (!args.bytes(args[0], "address", &bytes)) return nullptr;
  const AddressParts parts = fdmux::decodeAddress(bytes.data, bytes.length);
  ObjectBuilder address(env);
  switch (parts.kind) {
    case AddressKind::kInet:
      address.text("family", "inet");
      address.text("host", parts.text);
      address.number("port", parts.port);
      break;
    case AddressKind::kInet6:
      address.text("family", "inet6");
      address.text("host", parts.text);
      address.number("port", parts.port);
      address.number("flowInfo", parts.flow_info);
      address.number("scopeId", parts.scope_id);
      break;
    case AddressKind::kUnixPath:
      address.text("family", "unix");
      address.value("path", makeBytes(env, parts.text.data(), parts.text.size()));
      break;
    case AddressKind::kUnixAbstract:
      address.text("family", "unix");
      address.value("abstract", makeBytes(env, parts.text.data(), parts.text.size()));
      break;
    case AddressKind::kUnixUnnamed:
      address.text("family", "unix");
      break;
    case AddressKind::kUnknown:
      address.text("family", "unknown");
      address.number("familyNumber", parts.family);
      break;
  }
  return address.result();
}

}  // namespace

bool readAddress(const Reader& reader, napi_value value, const char* name, SocketAddress* address) {
  Bytes bytes;
  if (!reader.bytes(value, name, &bytes)) return false;
  if (bytes.length < sizeof(sa_family_t) || bytes.length > sizeof address->storage) {
    throwOutOfRange(reader.env(), name,
                    "from 2 to " + std::to_string(sizeof address->storage) + " bytes long",
                    static_cast<double>(bytes.length));
    return false;
  }
  std::memcpy(&address->storage, bytes.data, bytes.length);
  address->length = static_cast<socklen_t>(bytes.length);
  return true;
}

napi_value makeAddress(napi_env env, const SocketAddress& address) {
  // The kernel reports the length that an address has, which may be more than what there was room for.
  const size_t length = address.length < sizeof address.storage ? address.length : sizeof address.storage;
  return makeBytes(env, &address.storage, length);
}

void exportAddresses(Exports& exports) {
  exports.function("encodeInet", encodeInet);
  exports.function("encodeUnix", encodeUnix);
  exports.function("decodeAddress", decodeAddress);
}

}  // namespace fdmux
