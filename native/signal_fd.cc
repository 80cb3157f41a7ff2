// Signals as a descriptor: https://man7.org/linux/man-pages/man2/signalfd.2.html
#include <sys/signalfd.h>

#include "call.h"
#include "exports.h"
#include "signal_relay.h"

namespace fdmux {
namespace {

Napi::Value signalFd(const Call& call) {
  const SignalMask signals = call.signalMask(0, "signals");
  // `null` would leave the mask empty: the caller has to say which signals.
  if (!signals.present) call.failType("signals", "an array of signal numbers");
  UniqueFd fd(call.result(::signalfd(-1, signals.get(), SFD_CLOEXEC | SFD_NONBLOCK), "signalfd"));
  const int error = relaySignals(signals.set);
  if (error != 0) call.failSystem(error, "sigaction");
  return call.newFd(fd.release(), "signalfd");
}

}  // namespace

void exportSignalFds(Exports& exports) { exports.function("signalFd", cold<signalFd>); }

}  // namespace fdmux
