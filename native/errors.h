// The only maker of JavaScript errors. Every function here leaves an exception pending and returns null,
// which its caller returns in turn.
#pragma once

#include <node_api.h>

#include <string>

namespace fdmux {

// `EBADF: bad file descriptor, epoll_ctl`, with code, errno (negative), syscall and, unless it is -1, fd:
// Node's shape.
napi_value throwSystemError(napi_env env, int error, const char* syscall, int fd = -1);

// The codes of Node.js for arguments: TypeError, RangeError, TypeError.
napi_value throwInvalidArgType(napi_env env, const char* name, const char* expected);
napi_value throwOutOfRange(napi_env env, const char* name, const std::string& range, double received);
napi_value throwOutOfRange(napi_env env, const char* name, const std::string& range);
napi_value throwInvalidArgValue(napi_env env, const char* name, const char* reason);

// The runtime does not support the call.
napi_value throwUnsupported(napi_env env, const char* what);

// Throws the reason why a Node-API call has just failed, unless an exception is pending already.
void throwLastError(napi_env env);

// Whether a Node-API call succeeded. If it did not, an exception is pending.
inline bool succeeded(napi_env env, napi_status status) {
  if (status == napi_ok) return true;
  throwLastError(env);
  return false;
}

// The name of an errno: "EBADF"; "E" and the number if this system's headers have none.
std::string errnoName(int error);

// The words for an errno, as Node.js has them: "bad file descriptor".
const char* errnoReason(int error);

}  // namespace fdmux
