#include "address.h"

#include <algorithm>
#include <string>

#include "call.h"
#include "exports.h"

namespace fdmux {
namespace {

constexpr uint32_t kMaxFlowInfo = (1 << 20) - 1;
// Longer than every literal, with room to spare; inet_pton(3) is the judge.
constexpr size_t kHostBytes = 64;

Napi::Value bytesOf(Napi::Env env, const std::string& text) {
  return orThrow(env, makeBytes(env, text.data(), text.size()));
}

Napi::Value encodeInet(const Call& call) {
  const int version = call.int32(0, "version");
  if (version != 4 && version != 6) call.failRange("version", "4 or 6", version);
  const std::string host = call.string(1, "host", kHostBytes);
  const auto port = static_cast<uint16_t>(call.upTo(2, "port", UINT16_MAX));
  const auto flow_info = static_cast<uint32_t>(call.upTo(3, "flowInfo", kMaxFlowInfo));
  const uint32_t scope_id = call.uint32(4, "scopeId");
  SocketAddress address;
  if (version == 4) {
    if (!fdmux::encodeInet4(host.c_str(), port, &address)) {
      call.failValue("host", "must be an IPv4 address such as 127.0.0.1");
    }
  } else if (!fdmux::encodeInet6(host.c_str(), port, flow_info, scope_id, &address)) {
    call.failValue("host", "must be an IPv6 address such as ::1, without a zone");
  }
  return makeAddress(call.env(), address);
}

Napi::Value encodeUnixName(const Call& call) {
  const Bytes path = call.bytes(0, "path");
  const bool is_abstract = call.boolean(1, "isAbstract");
  if (!is_abstract) {
    // The kernel would read an empty path as "any name" and end any other at its first NUL byte.
    if (path.length == 0) call.failValue("path", "must not be empty");
    if (std::memchr(path.data, 0, path.length) != nullptr) {
      call.failValue("path", "must not contain a NUL byte");
    }
  }
  SocketAddress address;
  if (!fdmux::encodeUnix(path.data, path.length, is_abstract, &address)) {
    call.failRange("path", "at most " + std::to_string(kMaxUnixNameBytes) + " bytes long",
                   static_cast<double>(path.length));
  }
  return makeAddress(call.env(), address);
}

Napi::Value decodeRaw(const Call& call) {
  const Bytes bytes = call.bytes(0, "address");
  const AddressParts parts = fdmux::decodeAddress(bytes.data, bytes.length);
  Napi::Object address = Napi::Object::New(call.env());
  switch (parts.kind) {
    case AddressKind::kInet:
      address.Set("family", "inet");
      address.Set("host", parts.text);
      address.Set("port", parts.port);
      break;
    case AddressKind::kInet6:
      address.Set("family", "inet6");
      address.Set("host", parts.text);
      address.Set("port", parts.port);
      address.Set("flowInfo", parts.flow_info);
      address.Set("scopeId", parts.scope_id);
      break;
    case AddressKind::kUnixPath:
      address.Set("family", "unix");
      address.Set("path", bytesOf(call.env(), parts.text));
      break;
    case AddressKind::kUnixAbstract:
      address.Set("family", "unix");
      address.Set("abstract", bytesOf(call.env(), parts.text));
      break;
    case AddressKind::kUnixUnnamed:
      address.Set("family", "unix");
      break;
    case AddressKind::kUnknown:
      address.Set("family", "unknown");
      address.Set("familyNumber", parts.family);
      break;
  }
  return address;
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

SocketAddress readAddress(const Call& call, size_t index, const char* name) {
  SocketAddress address;
  call.check(readAddress(call.reader(), call[index], name, &address));
  return address;
}

Napi::Value makeAddress(Napi::Env env, const SocketAddress& address) {
  // The kernel reports the length that an address has, which may be more than there was room for.
  const size_t length = std::min<size_t>(address.length, sizeof address.storage);
  return orThrow(env, makeBytes(env, &address.storage, length));
}

void exportAddresses(Exports& exports) {
  exports.function("encodeInet", cold<encodeInet>);
  exports.function("encodeUnix", cold<encodeUnixName>);
  exports.function("decodeAddress", cold<decodeRaw>);
}

}  // namespace fdmux
