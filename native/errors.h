// The only maker of JavaScript errors. Every function here leaves a pending exception and returns what its
// caller can return in turn.
#pragma once

#include <node_api.h>

#include <string>

namespace fdmux {

// `EBADF: bad file descriptor, epoll_ctl`, with code, errno (negative), syscall and, from 0 on, fd: Node's
// shape.
napi_value throwSystemError(napi_env env, int error, const char* syscall, int fd = -1);

// The codes of Node.js for arguments: TypeError, RangeError, TypeError.
napi_value throwInvalidArgType(napi_env env, const char* name, const char* expected);
napi_value throwOutOfRange(napi_env env, const char* name, const std::string& range, double received);
napi_value throwOutOfRange(napi_env env, const char* name, const std::string& range);
napi_value throwInvalidArgValue(napi_env env, const char* name, const char* reason);

// The runtime lacks what the call rests on.
napi_value throwUnsupported(napi_env env, const char* what);

// Makes the reason of the Node-API call that has just failed the exception, unless there is one already.
void throwLastError(napi_env env);

// Whether a Node-API call succeeded. Where it did not, there is an exception.
inline bool succeeded(napi_env env, napi_status status) {
  if (status == napi_ok) return true;
  throwLastError(env);
  return false;
}

// The name of an errno: "EBADF"; "E" and the number where this system's headers have none.
std::string errnoName(int error);

}  // namespace fdmux
