// The optional addresses of the senders and receivers of messages.
#pragma once

#include "address.h"
#include "transfer.h"

namespace fdmux {

// Null: no address; its length is then 0.
inline bool readOptionalAddress(const Reader& reader, napi_value value, const char* name,
                                SocketAddress* address) {
  if (!reader.isNull(value)) return readAddress(reader, value, name, address);
  address->length = 0;
  return true;
}

// Null if the kernel names no sender: a connected stream, a unix socket without a name.
inline Napi::Value makeSenderAddress(Napi::Env env, const SocketAddress& address) {
  return address.length == 0 ? env.Null() : makeAddress(env, address);
}

inline napi_value makeNull(napi_env env) {
  napi_value result;
  return succeeded(env, napi_get_null(env, &result)) ? result : nullptr;
}

// For calls whose result is an object: null instead of kWouldBlock, or the exception.
inline napi_value nullIfWouldBlock(napi_env env, const char* syscall, int fd) {
  return wouldBlock(errno) ? makeNull(env) : throwSystemError(env, errno, syscall, fd);
}

}  // namespace fdmux
