// Objects and arrays for JavaScript, filled member by member.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <string>

#include "args.h"

namespace fdmux {

// A plain object. After a failure it does nothing more, and the result is null with the exception pending.
class ObjectBuilder {
 public:
  explicit ObjectBuilder(napi_env env)
      : env_(env), failed_(!succeeded(env, napi_create_object(env, &object_))) {}

  void text(const char* name, const std::string& text) {
    if (!failed_) value(name, makeString(env_, text.data(), text.size()));
  }
  void number(const char* name, double number) {
    if (!failed_) value(name, makeNumber(env_, number));
  }
  // `made` may be null: then making it has failed.
  void value(const char* name, napi_value made) {
    failed_ =
        failed_ || made == nullptr || !succeeded(env_, napi_set_named_property(env_, object_, name, made));
  }
  bool failed() const { return failed_; }
  napi_value result() const { return failed_ ? nullptr : object_; }

 private:
  napi_env env_;
  napi_value object_ = nullptr;
  bool failed_;
};

// An array, in the same way.
class ArrayBuilder {
 public:
  explicit ArrayBuilder(napi_env env)
      : env_(env), failed_(!succeeded(env, napi_create_array(env, &array_))) {}

  void add(napi_value made) {
    failed_ = failed_ || made == nullptr || !succeeded(env_, napi_set_element(env_, array_, length_++, made));
  }
  void number(double number) {
    if (!failed_) add(makeNumber(env_, number));
  }
  bool failed() const { return failed_; }
  napi_value result() const { return failed_ ? nullptr : array_; }

 private:
  napi_env env_;
  napi_value array_ = nullptr;
  uint32_t length_ = 0;
  bool failed_;
};

}  // namespace fdmux
