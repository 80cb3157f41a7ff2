#include "args.h"

#include <cstring>
#include <string>

namespace fdmux {
namespace {

constexpr uint32_t kMaxSignal = 64;

}  // namespace

bool Reader::is(napi_value value, napi_valuetype type) const {
  napi_valuetype actual;
  return napi_typeof(env_, value, &actual) == napi_ok && actual == type;
}

bool Reader::notUpTo(const char* name, size_t max, double received) const {
  throwOutOfRange(env_, name, "an integer from 0 to " + std::to_string(max), received);
  return false;
}

bool Reader::function(napi_value value, const char* name) const {
  if (is(value, napi_function)) return true;
  throwInvalidArgType(env_, name, "of type function");
  return false;
}

bool Reader::signalMask(napi_value value, const char* name, SignalMask* out) const {
  if (is(value, napi_null)) return true;
  bool is_array = false;
  uint32_t length = 0;
  if (napi_is_array(env_, value, &is_array) != napi_ok || !is_array ||
      napi_get_array_length(env_, value, &length) != napi_ok) {
    throwInvalidArgType(env_, name, "null or an array of signal numbers");
    return false;
  }
  out->present = true;
  sigemptyset(&out->set);
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    int32_t signal;
    if (!succeeded(env_, napi_get_element(env_, value, i, &element))) return false;
    if (!integer(element, name, 1, kMaxSignal, "made of signal numbers from 1 to 64", &signal)) return false;
    // The C library keeps a few real-time signals for itself and refuses them: they cannot be blocked.
    if (sigaddset(&out->set, signal) != 0) {
      throwOutOfRange(env_, name, "made of signals that can be blocked", signal);
      return false;
    }
  }
  return true;
}

bool Reader::typedArray(napi_value value, const char* name, napi_typedarray_type type, const char* expected,
                        void** data, size_t* length) const {
  napi_typedarray_type actual;
  if (napi_get_typedarray_info(env_, value, &actual, length, data, nullptr, nullptr) == napi_ok &&
      actual == type) {
    return true;
  }
  throwInvalidArgType(env_, name, expected);
  return false;
}

bool Reader::bytes(napi_value value, const char* name, Bytes* out) const {
  void* data = nullptr;
  if (!typedArray(value, name, napi_uint8_array, "an instance of Uint8Array", &data, &out->length))
    return false;
  out->data = static_cast<uint8_t*>(data);
  return true;
}

bool Reader::int32s(napi_value value, const char* name, Int32s* out) const {
  void* data = nullptr;
  if (!typedArray(value, name, napi_int32_array, "an instance of Int32Array", &data, &out->length))
    return false;
  out->data = static_cast<int32_t*>(data);
  return true;
}

bool Reader::sharedInt32s(napi_value value, const char* name, Int32s* out) const {
  if (!int32s(value, name, out)) return false;
  napi_value buffer;
  napi_value global;
  napi_value shared_array_buffer;
  bool is_shared = false;
  if (!succeeded(env_, napi_get_typedarray_info(env_, value, nullptr, nullptr, nullptr, &buffer, nullptr)) ||
      !succeeded(env_, napi_get_global(env_, &global)) ||
      !succeeded(env_, napi_get_named_property(env_, global, "SharedArrayBuffer", &shared_array_buffer)) ||
      !succeeded(env_, napi_instanceof(env_, buffer, shared_array_buffer, &is_shared))) {
    return false;
  }
  if (!is_shared) throwInvalidArgType(env_, name, "an Int32Array in a SharedArrayBuffer");
  return is_shared;
}

bool Reader::fits(size_t length, const char* name, size_t capacity) const {
  if (length < capacity) return true;
  throwOutOfRange(env_, name, "at most " + std::to_string(capacity - 1) + " bytes long",
                  static_cast<double>(length));
  return false;
}

bool Reader::hasNoNul(const char* data, size_t length, const char* name) const {
  if (std::memchr(data, 0, length) == nullptr) return true;
  throwInvalidArgValue(env_, name, "must not contain a NUL character");
  return false;
}

bool Reader::string(napi_value value, const char* name, char* buffer, size_t capacity) const {
  size_t length = 0;
  if (napi_get_value_string_utf8(env_, value, nullptr, 0, &length) != napi_ok) {
    throwInvalidArgType(env_, name, "of type string");
    return false;
  }
  size_t copied = 0;
  return fits(length, name, capacity) &&
         succeeded(env_, napi_get_value_string_utf8(env_, value, buffer, capacity, &copied)) &&
         hasNoNul(buffer, copied, name);
}

bool Reader::path(napi_value value, const char* name, char* buffer, size_t capacity) const {
  if (is(value, napi_string)) return string(value, name, buffer, capacity);
  Bytes whole;
  if (!bytes(value, name, &whole) || !fits(whole.length, name, capacity)) return false;
  if (whole.length > 0) std::memcpy(buffer, whole.data, whole.length);
  buffer[whole.length] = '\0';
  return hasNoNul(buffer, whole.length, name);
}

napi_value makeBytes(napi_env env, const void* data, size_t length) {
  napi_value buffer, bytes;
  void* memory = nullptr;
  if (!succeeded(env, napi_create_arraybuffer(env, length, &memory, &buffer))) return nullptr;
  if (length > 0) std::memcpy(memory, data, length);
  return succeeded(env, napi_create_typedarray(env, napi_uint8_array, length, buffer, 0, &bytes)) ? bytes
                                                                                                  : nullptr;
}

}  // namespace fdmux
