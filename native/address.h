// Socket addresses between JavaScript and the kernel.
#pragma once

#include "args.h"
#include "socket_address.h"

namespace fdmux {

// A RawAddress. Shorter than a family or longer than any address: RangeError.
bool readAddress(const Reader& reader, napi_value value, const char* name, SocketAddress* address);
napi_value makeAddress(napi_env env, const SocketAddress& address);

}  // namespace fdmux
