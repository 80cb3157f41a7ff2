// The form of every call that is not made per event or per message: arguments are values, and a failure is
// thrown. Reader (args.h) stays the only judge of a JavaScript value, and errors.cc the only maker of errors;
// here the pending exception that they leave becomes a C++ one.
#pragma once

#include <napi.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <new>
#include <string>
#include <type_traits>

#include "args.h"
#include "environment.h"
#include "unique_fd.h"

namespace fdmux {

// Throws the pending exception, or the reason of the Node-API call that has just failed.
[[noreturn]] inline void rethrow(napi_env env) { throw Napi::Error::New(env); }

// A result of a function that returns null with an exception pending.
inline Napi::Value orThrow(napi_env env, napi_value value) {
  if (value == nullptr) rethrow(env);
  return {env, value};
}

// Runs `body` and turns its exception into a JavaScript one: a C++ one must not reach the engine.
template <typename Body>
napi_value guarded(napi_env env, Body body) {
  try {
    return body();
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
  } catch (const std::bad_alloc&) {
    throwSystemError(env, ENOMEM, "malloc");
  }
  return nullptr;
}

// One call from JavaScript. Arguments are named by their index; one that was left out is undefined.
class Call {
 public:
  explicit Call(const Napi::CallbackInfo& info)
      : info_(info), reader_(info.Env(), static_cast<Environment*>(info.Data())) {}

  Napi::Env env() const { return info_.Env(); }
  Environment& environment() const { return reader_.environment(); }
  Napi::Value operator[](size_t index) const { return info_[index]; }

  bool isNumber(size_t index) const { return reader_.isNumber(info_[index]); }
  int fd(size_t index, const char* name) const { return read(&Reader::fd, index, name); }
  int32_t int32(size_t index, const char* name) const { return read(&Reader::int32, index, name); }
  uint32_t uint32(size_t index, const char* name) const { return read(&Reader::uint32, index, name); }
  bool boolean(size_t index, const char* name) const { return read(&Reader::boolean, index, name); }
  int64_t int32OrUint32(size_t index, const char* name) const {
    return read(&Reader::int32OrUint32, index, name);
  }
  double safeInteger(size_t index, const char* name) const { return read(&Reader::safeInteger, index, name); }
  double timeoutMs(size_t index, const char* name) const { return read(&Reader::timeoutMs, index, name); }
  Bytes bytes(size_t index, const char* name) const { return read(&Reader::bytes, index, name); }
  Int32s int32s(size_t index, const char* name) const { return read(&Reader::int32s, index, name); }
  Int32s sharedInt32s(size_t index, const char* name) const {
    return read(&Reader::sharedInt32s, index, name);
  }
  SignalMask signalMask(size_t index, const char* name) const {
    return read(&Reader::signalMask, index, name);
  }
  size_t upTo(size_t index, const char* name, size_t max) const {
    size_t number = 0;
    check(reader_.upTo(info_[index], name, max, &number));
    return number;
  }
  // At most `capacity` - 1 bytes of UTF-8, without NUL bytes.
  std::string string(size_t index, const char* name, size_t capacity) const {
    std::string text(capacity, '\0');
    check(reader_.string(info_[index], name, text.data(), capacity));
    text.resize(std::strlen(text.c_str()));
    return text;
  }
  // A string or bytes, of which the kernel takes at most PATH_MAX with the NUL at the end.
  std::string path(size_t index, const char* name) const {
    char text[PATH_MAX];
    check(reader_.path(info_[index], name, text, sizeof text));
    return text;
  }
  // Whether a reader of this call's arguments succeeded.
  void check(bool succeeded) const {
    if (!succeeded) rethrow(env());
  }
  const Reader& reader() const { return reader_; }

  // The result of a system call, unless it is -1: the one place where errno becomes an exception.
  int result(int value, const char* syscall, int fd = -1) const {
    if (value == -1) failSystem(errno, syscall, fd);
    return value;
  }
  // A new fd as a number, from a system call that made it of `source` or of nothing.
  Napi::Value newFd(int value, const char* syscall, int source = -1) const {
    UniqueFd fd(result(value, syscall, source));
    const Napi::Number number = Napi::Number::New(env(), fd.get());
    handOver(&fd);
    return number;
  }
  Napi::Value newFdPair(UniqueFd first, UniqueFd second) const {
    Napi::Array pair = Napi::Array::New(env(), 2);
    pair.Set(uint32_t{0}, first.get());
    pair.Set(uint32_t{1}, second.get());
    handOver(&first);
    handOver(&second);
    return pair;
  }

  [[noreturn]] void failSystem(int error, const char* syscall, int fd = -1) const {
    throwSystemError(env(), error, syscall, fd);
    rethrow(env());
  }
  [[noreturn]] void failType(const char* name, const char* expected) const {
    throwInvalidArgType(env(), name, expected);
    rethrow(env());
  }
  [[noreturn]] void failRange(const char* name, const std::string& range, double received) const {
    throwOutOfRange(env(), name, range, received);
    rethrow(env());
  }
  [[noreturn]] void failValue(const char* name, const char* reason) const {
    throwInvalidArgValue(env(), name, reason);
    rethrow(env());
  }

 private:
  template <typename Value>
  Value read(bool (Reader::*reading)(napi_value, const char*, Value*) const, size_t index,
             const char* name) const {
    Value value{};
    check((reader_.*reading)(info_[index], name, &value));
    return value;
  }
  // JavaScript closes it, or leaves that to the end of its environment.
  void handOver(UniqueFd* fd) const {
    environment().owned_fds.add(fd->get());
    fd->release();
  }

  const Napi::CallbackInfo& info_;
  const Reader reader_;
};

// `Function`, which takes a Call and returns a value or nothing, as a function to export.
template <auto Function>
napi_value cold(napi_env env, napi_callback_info raw) {
  return guarded(env, [&]() -> napi_value {
    const Napi::CallbackInfo info(env, raw);
    const Call call(info);
    if constexpr (std::is_void_v<decltype(Function(call))>) {
      Function(call);
      return nullptr;
    } else {
      return Function(call);
    }
  });
}

}  // namespace fdmux
