// sockaddr to and from its parts. Pure: no napi, no system call. Every length is checked, because callers
// choose it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace fdmux {

// Room for every address, and how much of it is in use.
struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t length = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

enum class AddressKind { kInet, kInet6, kUnixPath, kUnixAbstract, kUnixUnnamed, kUnknown };

struct AddressParts {
  AddressKind kind = AddressKind::kUnknown;
  int family = AF_UNSPEC;
  std::string text;  // the host, or the bytes of the path or name
  uint16_t port = 0;
  uint32_t flow_info = 0;
  uint32_t scope_id = 0;
};

constexpr size_t kUnixPathOffset = offsetof(sockaddr_un, sun_path);
constexpr size_t kUnixPathBytes = sizeof(sockaddr_un::sun_path);

inline AddressParts decodeUnixAddress(const uint8_t* data, size_t length) {
  AddressParts parts;
  parts.family = AF_UNIX;
  if (length <= kUnixPathOffset) {
    parts.kind = AddressKind::kUnixUnnamed;
    return parts;
  }
  const char* path = reinterpret_cast<const char*>(data) + kUnixPathOffset;
  const size_t path_length = length - kUnixPathOffset;
  if (path[0] == '\0') {
    parts.kind = AddressKind::kUnixAbstract;
    parts.text.assign(path + 1, path_length - 1);
  } else {
    parts.kind = AddressKind::kUnixPath;
    parts.text.assign(path,
                      ::strnlen(path, path_length));  // a path that fills sun_path has no NUL at its end
  }
  return parts;
}

inline AddressParts decodeAddress(const uint8_t* data, size_t length) {
  AddressParts parts;
  sa_family_t family = AF_UNSPEC;
  if (length < sizeof family) return parts;
  std::memcpy(&family, data, sizeof family);
  parts.family = family;
  // Copied first: the bytes come from a typed array at any alignment.
  if (family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in address;
    std::memcpy(&address, data, sizeof address);
    char host[INET_ADDRSTRLEN];
    parts.kind = AddressKind::kInet;
    parts.text = ::inet_ntop(AF_INET, &address.sin_addr, host, sizeof host);
    parts.port = ntohs(address.sin_port);
  } else if (family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 address;
    std::memcpy(&address, data, sizeof address);
    char host[INET6_ADDRSTRLEN];
    parts.kind = AddressKind::kInet6;
    parts.text = ::inet_ntop(AF_INET6, &address.sin6_addr, host, sizeof host);
    parts.port = ntohs(address.sin6_port);
    parts.flow_info = ntohl(address.sin6_flowinfo);
    parts.scope_id = address.sin6_scope_id;
  } else if (family == AF_UNIX) {
    parts = decodeUnixAddress(data, length);
  }
  return parts;
}

// False if `host` is not a literal of that family.
inline bool encodeInet4(const char* host, uint16_t port, SocketAddress* result) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, host, &address.sin_addr) != 1) return false;
  std::memcpy(&result->storage, &address, sizeof address);
  result->length = sizeof address;
  return true;
}

inline bool encodeInet6(const char* host, uint16_t port, uint32_t flow_info, uint32_t scope_id,
                        SocketAddress* result) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_flowinfo = htonl(flow_info);
  address.sin6_scope_id = scope_id;
  if (::inet_pton(AF_INET6, host, &address.sin6_addr) != 1) return false;
  std::memcpy(&result->storage, &address, sizeof address);
  result->length = sizeof address;
  return true;
}

// A path gets a NUL byte at its end, an abstract name one at its front; either takes one byte of sun_path.
constexpr size_t kMaxUnixNameBytes = kUnixPathBytes - 1;

// False if the name is too long.
inline bool encodeUnix(const uint8_t* name, size_t length, bool is_abstract, SocketAddress* result) {
  if (length > kMaxUnixNameBytes) return false;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (length > 0) std::memcpy(address.sun_path + (is_abstract ? 1 : 0), name, length);
  std::memcpy(&result->storage, &address, sizeof address);
  result->length = static_cast<socklen_t>(kUnixPathOffset + length + 1);
  return true;
}

}  // namespace fdmux
