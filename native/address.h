// Socket addresses between JavaScript and the kernel.
#pragma once

#include "args.h"
#include "call.h"
#include "socket_address.h"

namespace fdmux {

// Reads a RawAddress. One that is shorter than a family or longer than any address is a RangeError.
bool readAddress(const Reader& reader, napi_value value, const char* name, SocketAddress* address);
SocketAddress readAddress(const Call& call, size_t index, const char* name);
Napi::Value makeAddress(Napi::Env env, const SocketAddress& address);

}  // namespace fdmux
