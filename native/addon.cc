// Registers the exports and owns the per-environment data; nothing else.
#include <node_api.h>

#include <memory>

#include "environment.h"
#include "exports.h"

namespace {

void deleteEnvironment(napi_env, void* data, void*) { delete static_cast<fdmux::Environment*>(data); }

}  // namespace

NAPI_MODULE_INIT() {
  using namespace fdmux;
  auto environment = std::make_unique<Environment>(env);
  if (!succeeded(env, napi_set_instance_data(env, environment.get(), deleteEnvironment, nullptr)))
    return nullptr;
  Exports functions(env, exports, environment.release());
  exportSelect(functions);
  exportPoll(functions);
  exportEpoll(functions);
  exportWaiters(functions);
  exportLoopWatch(functions);
  exportWaitThread(functions);
  exportSockets(functions);
  exportMessages(functions);
  exportAddresses(functions);
  exportDescriptors(functions);
  exportEventFds(functions);
  exportControlMessages(functions);
  exportDatagrams(functions);
  exportDevices(functions);
  exportTimerFds(functions);
  exportSignalFds(functions);
  exportInotify(functions);
  exportPidFds(functions);
  exportConstants(functions);
  return exports;
}
