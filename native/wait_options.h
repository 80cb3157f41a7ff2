// The last three arguments of every wait: timeoutMs, retryOnSignal?, signalMask?.
#pragma once

#include "args.h"
#include "timeout.h"

namespace fdmux {

struct WaitOptions {
  int64_t nanoseconds = kForever;
  bool retry_on_signal = false;
  SignalMask signal_mask;
};

// Read them before any typed array, see args.h. An option that is left out costs nothing, since most waits
// have none.
template <size_t Count>
bool readWaitOptions(const Arguments<Count>& args, size_t index, WaitOptions* options) {
  double timeout_ms;
  if (!args.timeoutMs(args[index], "timeoutMs", &timeout_ms)) return false;
  options->nanoseconds = nanosecondsFromMs(timeout_ms);
  if (args.has(index + 1) && !args.isUndefined(args[index + 1]) &&
      !args.boolean(args[index + 1], "retryOnSignal", &options->retry_on_signal)) {
    return false;
  }
  return !args.has(index + 2) || args.isUndefined(args[index + 2]) ||
         args.signalMask(args[index + 2], "signalMask", &options->signal_mask);
}

}  // namespace fdmux
