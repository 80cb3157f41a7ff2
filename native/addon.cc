// Registers the exports and owns the per-environment data; nothing else.
#include <napi.h>

#include <memory>

#include "environment.h"
#include "exports.h"

namespace {

Napi::Object registerExports(Napi::Env env, Napi::Object object) {
  using namespace fdmux;
  auto environment = std::make_unique<Environment>(env);
  env.SetInstanceData(environment.get());
  Exports exports(object, environment.release());
  exportSelect(exports);
  exportPoll(exports);
  exportEpoll(exports);
  exportWaiters(exports);
  exportLoopWatch(exports);
  exportWaitThread(exports);
  exportSockets(exports);
  exportSocketOptions(exports);
  exportBatches(exports);
  exportAddresses(exports);
  exportDescriptors(exports);
  exportEventFds(exports);
  exportMessages(exports);
  exportDatagrams(exports);
  exportDatagramBatches(exports);
  exportDatagramSends(exports);
  exportDevices(exports);
  exportTimerFds(exports);
  exportSignalFds(exports);
  exportInotify(exports);
  exportFanotify(exports);
  exportPidFds(exports);
  exportFileControl(exports);
  exportFileOffsets(exports);
  exportRelays(exports);
  exportInterfaces(exports);
  exportSpawning(exports);
  exportEventLoss(exports);
  exportConstants(exports);
  return object;
}

}  // namespace

NODE_API_MODULE(fdmux, registerExports)
