#include "errors.h"

#include <cmath>
#include <cstdio>

#include "errnos.h"

namespace fdmux {
namespace {

std::string formatNumber(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.15g", value);
  return buffer;
}

bool makeString(napi_env env, const std::string& text, napi_value* result) {
  return napi_create_string_utf8(env, text.data(), text.size(), result) == napi_ok;
}

bool setString(napi_env env, napi_value object, const char* name, const std::string& text) {
  napi_value value;
  return makeString(env, text, &value) && napi_set_named_property(env, object, name, value) == napi_ok;
}

bool setInt(napi_env env, napi_value object, const char* name, int number) {
  napi_value value;
  return napi_create_int32(env, number, &value) == napi_ok &&
         napi_set_named_property(env, object, name, value) == napi_ok;
}

using ErrorMaker = napi_status (*)(napi_env, napi_value, napi_value, napi_value*);

napi_value throwCoded(napi_env env, ErrorMaker make, const char* code, const std::string& message) {
  napi_value code_value, message_value, error;
  // Each of these fails only if an exception is already pending or the environment is going down.
  if (makeString(env, code, &code_value) && makeString(env, message, &message_value) &&
      make(env, code_value, message_value, &error) == napi_ok) {
    napi_throw(env, error);
  }
  return nullptr;
}

}  // namespace

std::string errnoName(int error) {
  switch (error) {
#define FDMUX_CASE(NAME, REASON) \
  case NAME:                     \
    return #NAME;
    FDMUX_FOR_EACH_ERRNO(FDMUX_CASE)
#undef FDMUX_CASE
    default:
      return "E" + std::to_string(error);
  }
}

const char* errnoReason(int error) {
  switch (error) {
#define FDMUX_CASE(NAME, REASON) \
  case NAME:                     \
    return REASON;
    FDMUX_FOR_EACH_ERRNO(FDMUX_CASE)
#undef FDMUX_CASE
    default:
      return "unknown error";
  }
}

napi_value throwSystemError(napi_env env, int error, const char* syscall, int fd) {
  const std::string code = errnoName(error);
  napi_value code_value, message, object;
  if (makeString(env, code, &code_value) &&
      makeString(env, code + ": " + errnoReason(error) + ", " + syscall, &message) &&
      napi_create_error(env, code_value, message, &object) == napi_ok &&
      setInt(env, object, "errno", -error) && setString(env, object, "syscall", syscall) &&
      (fd < 0 || setInt(env, object, "fd", fd))) {
    napi_throw(env, object);
  }
  return nullptr;
}

napi_value throwInvalidArgType(napi_env env, const char* name, const char* expected) {
  return throwCoded(env, napi_create_type_error, "ERR_INVALID_ARG_TYPE",
                    std::string("The \"") + name + "\" argument must be " + expected);
}

napi_value throwOutOfRange(napi_env env, const char* name, const std::string& range) {
  return throwCoded(env, napi_create_range_error, "ERR_OUT_OF_RANGE",
                    std::string("The value of \"") + name + "\" is out of range. It must be " + range);
}

napi_value throwOutOfRange(napi_env env, const char* name, const std::string& range, double received) {
  return throwOutOfRange(env, name, range + ". Received " + formatNumber(received));
}

napi_value throwInvalidArgValue(napi_env env, const char* name, const char* reason) {
  return throwCoded(env, napi_create_type_error, "ERR_INVALID_ARG_VALUE",
                    std::string("The argument \"") + name + "\" " + reason);
}

napi_value throwUnsupported(napi_env env, const char* what) {
  return throwCoded(env, napi_create_error, "ERR_UNSUPPORTED_PLATFORM", what);
}

void throwLastError(napi_env env) {
  const napi_extended_error_info* info = nullptr;
  const bool explained = napi_get_last_error_info(env, &info) == napi_ok && info->error_message != nullptr;
  const std::string reason = explained ? info->error_message : "Node-API call failed";
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && !pending) {
    throwCoded(env, napi_create_error, "ERR_NODE_API", reason);
  }
}

}  // namespace fdmux
