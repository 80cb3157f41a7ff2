// The only reader of JavaScript values. Numbers are read as doubles and range-checked, because Node-API's own
// conversion to int32 takes NaN, 1.9 and 2^32 + 1 for fds. A reader returns false with an exception pending.
//
// A signal mask may be an array whose elements are getters, so reading one can run JavaScript: read it before
// any typed array, whose memory such code could detach.
#pragma once

#include <node_api.h>
#include <signal.h>

#include <cstddef>
#include <cstdint>
#include <limits>

#include "errors.h"

namespace fdmux {

struct Environment;

// Memory of a typed array. It is valid only until JavaScript runs again. In a SharedArrayBuffer, another
// thread may write to it at any time: read a number once, check the copy, use the copy.
struct Bytes {
  uint8_t* data = nullptr;
  size_t length = 0;
};
struct Int32s {
  int32_t* data = nullptr;
  size_t length = 0;
};

// The signals to block during a wait, or the mask as it is. `set` has a value only if it is present: it is
// large, and clearing it would show in the cost of a wait.
struct SignalMask {
  bool present = false;
  sigset_t set;
  const sigset_t* get() const { return present ? &set : nullptr; }
};

constexpr double kMaxInt32 = std::numeric_limits<int32_t>::max();
constexpr double kMaxUint32 = std::numeric_limits<uint32_t>::max();
// The largest integer up to which a double has all of them.
constexpr size_t kMaxSafeInteger = (size_t{1} << 53) - 1;

class Reader {
 public:
  Reader(napi_env env, Environment* environment) : env_(env), environment_(environment) {}

  napi_env env() const { return env_; }
  Environment& environment() const { return *environment_; }

  bool int32(napi_value value, const char* name, int32_t* out) const {
    return integer(value, name, std::numeric_limits<int32_t>::min(), kMaxInt32, "an integer of 32 bits", out);
  }
  bool uint32(napi_value value, const char* name, uint32_t* out) const {
    return integer(value, name, 0, kMaxUint32, "an integer from 0 to 4294967295", out);
  }
  // 32 bits, as JavaScript's `|` leaves them (signed) or as they are meant (unsigned).
  bool mask(napi_value value, const char* name, uint32_t* out) const {
    int64_t bits;
    if (!integer(value, name, std::numeric_limits<int32_t>::min(), kMaxUint32, "a mask of 32 bits", &bits)) {
      return false;
    }
    *out = static_cast<uint32_t>(bits);
    return true;
  }
  // 32 bits that are meant to be signed or unsigned, as a number.
  bool int32OrUint32(napi_value value, const char* name, int64_t* out) const {
    return integer(value, name, std::numeric_limits<int32_t>::min(), kMaxUint32,
                   "an integer from -2147483648 to 4294967295", out);
  }
  bool fd(napi_value value, const char* name, int* out) const {
    return integer(value, name, 0, kMaxInt32, "an integer from 0 to 2147483647", out);
  }
  // An integer that a double holds exactly.
  bool safeInteger(napi_value value, const char* name, double* out) const {
    constexpr auto kMax = static_cast<double>(kMaxSafeInteger);
    if (!read(value, name, out)) return false;
    if (*out >= -kMax && *out <= kMax && *out == static_cast<double>(static_cast<int64_t>(*out))) return true;
    throwOutOfRange(env_, name, "an integer from -(2^53-1) to 2^53-1", *out);
    return false;
  }
  // An integer from 0 to `max`: an index, a length, a count.
  bool upTo(napi_value value, const char* name, size_t max, size_t* out) const {
    double number;
    *out = 0;
    if (!read(value, name, &number)) return false;
    if (!(number >= 0 && number <= static_cast<double>(max)) ||
        number != static_cast<double>(static_cast<size_t>(number))) {
      return notUpTo(name, max, number);
    }
    *out = static_cast<size_t>(number);
    return true;
  }
  // At least 0 milliseconds, fractions and infinity included, or -1.
  bool timeoutMs(napi_value value, const char* name, double* out) const {
    if (!read(value, name, out)) return false;
    if (*out >= 0 || *out == -1) return true;
    throwOutOfRange(env_, name, "-1, or at least 0 milliseconds", *out);
    return false;
  }
  bool boolean(napi_value value, const char* name, bool* out) const {
    if (napi_get_value_bool(env_, value, out) == napi_ok) return true;
    throwInvalidArgType(env_, name, "of type boolean");
    return false;
  }
  bool isNumber(napi_value value) const { return is(value, napi_number); }
  bool isUndefined(napi_value value) const { return is(value, napi_undefined); }
  bool isNull(napi_value value) const { return is(value, napi_null); }
  bool function(napi_value value, const char* name) const;
  bool signalMask(napi_value value, const char* name, SignalMask* out) const;
  bool bytes(napi_value value, const char* name, Bytes* out) const;
  bool int32s(napi_value value, const char* name, Int32s* out) const;
  // Of a SharedArrayBuffer. Its memory stays in place as long as there is a reference to the array.
  bool sharedInt32s(napi_value value, const char* name, Int32s* out) const;
  // A string of at most capacity - 1 bytes of UTF-8, without NUL bytes, NUL-terminated.
  bool string(napi_value value, const char* name, char* buffer, size_t capacity) const;
  // The same, or bytes: a path need not be UTF-8.
  bool path(napi_value value, const char* name, char* buffer, size_t capacity) const;

 private:
  template <typename Integer>
  bool integer(napi_value value, const char* name, double min, double max, const char* range,
               Integer* out) const {
    double number;
    if (!read(value, name, &number)) return false;
    if (!(number >= min && number <= max) || number != static_cast<double>(static_cast<Integer>(number))) {
      throwOutOfRange(env_, name, range, number);
      return false;
    }
    *out = static_cast<Integer>(number);
    return true;
  }
  bool read(napi_value value, const char* name, double* out) const {
    if (napi_get_value_double(env_, value, out) == napi_ok) return true;
    throwInvalidArgType(env_, name, "of type number");
    return false;
  }
  bool is(napi_value value, napi_valuetype type) const;
  bool notUpTo(const char* name, size_t max, double received) const;
  bool fits(size_t length, const char* name, size_t capacity) const;
  bool hasNoNul(const char* data, size_t length, const char* name) const;
  bool typedArray(napi_value value, const char* name, napi_typedarray_type type, const char* expected,
                  void** data, size_t* length) const;

  napi_env env_;

 protected:
  Environment* environment_;
};

// The arguments of one call: `Arguments<2> args(env, info); int fd; if (!args.fd(args[0], "fd", &fd)) return
// nullptr;`
template <size_t Count>
class Arguments : public Reader {
 public:
  Arguments(napi_env env, napi_callback_info info) : Reader(env, nullptr), count_(Count) {
    void* environment = nullptr;
    // Fails only on null pointers.
    napi_get_cb_info(env, info, &count_, values_, nullptr, &environment);
    environment_ = static_cast<Environment*>(environment);
  }
  // Undefined if it was left out.
  napi_value operator[](size_t index) const { return values_[index]; }
  bool has(size_t index) const { return index < count_; }

 private:
  size_t count_;
  napi_value values_[Count > 0 ? Count : 1];
};

// Results. Null, with an exception pending, if the environment is going down.
inline napi_value makeNumber(napi_env env, double number) {
  napi_value result;
  return succeeded(env, napi_create_double(env, number, &result)) ? result : nullptr;
}
inline napi_value makeInt32(napi_env env, int32_t number) {
  napi_value result;
  return succeeded(env, napi_create_int32(env, number, &result)) ? result : nullptr;
}
napi_value makeBytes(napi_env env, const void* data, size_t length);

}  // namespace fdmux
