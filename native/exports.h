// The object that the addon exports, while it is being filled. Each facility adds its own functions.
#pragma once

#include <node_api.h>

#include "environment.h"
#include "errors.h"

namespace fdmux {

class Exports {
 public:
  Exports(napi_env env, napi_value object, Environment* environment)
      : env_(env), object_(object), environment_(environment) {}

  napi_env env() const { return env_; }

  void function(const char* name, napi_callback callback) {
    napi_value value;
    set(name, napi_create_function(env_, name, NAPI_AUTO_LENGTH, callback, environment_, &value), &value);
  }
  void number(const char* name, double number) {
    napi_value value;
    set(name, napi_create_double(env_, number, &value), &value);
  }
  void object(const char* name, napi_value value) { set(name, napi_ok, &value); }

 private:
  // Stops at the first failure, with its exception pending.
  void set(const char* name, napi_status made, const napi_value* value) {
    failed_ = failed_ || !succeeded(env_, made) ||
              !succeeded(env_, napi_set_named_property(env_, object_, name, *value));
  }

  napi_env env_;
  napi_value object_;
  Environment* environment_;
  bool failed_ = false;
};

void exportSelect(Exports& exports);
void exportPoll(Exports& exports);
void exportEpoll(Exports& exports);
void exportWaiters(Exports& exports);
void exportLoopWatch(Exports& exports);
void exportWaitThread(Exports& exports);
void exportSockets(Exports& exports);
void exportMessages(Exports& exports);
void exportAddresses(Exports& exports);
void exportDescriptors(Exports& exports);
void exportEventFds(Exports& exports);
void exportControlMessages(Exports& exports);
void exportDatagrams(Exports& exports);
void exportDevices(Exports& exports);
void exportTimerFds(Exports& exports);
void exportSignalFds(Exports& exports);
void exportInotify(Exports& exports);
void exportPidFds(Exports& exports);
void exportConstants(Exports& exports);

}  // namespace fdmux
