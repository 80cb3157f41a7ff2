// The object that the addon exports, while it is being filled. Each facility adds its own functions.
#pragma once

#include <napi.h>

#include <cerrno>
#include <new>

#include "environment.h"
#include "errors.h"

namespace fdmux {

// A raw function, to be called from JavaScript. What it needs memory for is as long as its caller says, and
// an exception must not reach the engine.
template <napi_callback Function>
napi_value raw(napi_env env, napi_callback_info info) {
  try {
    return Function(env, info);
  } catch (const std::bad_alloc&) {
    return throwSystemError(env, ENOMEM, "malloc");
  }
}

class Exports {
 public:
  Exports(Napi::Object object, Environment* environment) : object_(object), environment_(environment) {}

  Napi::Env env() const { return object_.Env(); }

  void function(const char* name, napi_callback callback) {
    napi_value function;
    const napi_status status =
        napi_create_function(env(), name, NAPI_AUTO_LENGTH, callback, environment_, &function);
    if (status != napi_ok) throw Napi::Error::New(env());
    object_.Set(name, function);
  }
  void number(const char* name, double number) { object_.Set(name, number); }
  void boolean(const char* name, bool value) { object_.Set(name, value); }
  void object(const char* name, Napi::Object value) { object_.Set(name, value); }

 private:
  Napi::Object object_;
  Environment* environment_;
};

void exportSelect(Exports& exports);
void exportPoll(Exports& exports);
void exportEpoll(Exports& exports);
void exportWaiters(Exports& exports);
void exportLoopWatch(Exports& exports);
void exportWaitThread(Exports& exports);
void exportSockets(Exports& exports);
void exportSocketOptions(Exports& exports);
void exportBatches(Exports& exports);
void exportAddresses(Exports& exports);
void exportDescriptors(Exports& exports);
void exportEventFds(Exports& exports);
void exportMessages(Exports& exports);
void exportDatagrams(Exports& exports);
void exportDatagramBatches(Exports& exports);
void exportDatagramSends(Exports& exports);
void exportDevices(Exports& exports);
void exportTimerFds(Exports& exports);
void exportSignalFds(Exports& exports);
void exportInotify(Exports& exports);
void exportFanotify(Exports& exports);
void exportPidFds(Exports& exports);
void exportFileControl(Exports& exports);
void exportFileOffsets(Exports& exports);
void exportRelays(Exports& exports);
void exportInterfaces(Exports& exports);
void exportSpawning(Exports& exports);
void exportEventLoss(Exports& exports);
void exportConstants(Exports& exports);

}  // namespace fdmux
