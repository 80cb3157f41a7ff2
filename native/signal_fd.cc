// Signals as a descriptor: https://man7.org/linux/man-pages/man2/signalfd.2.html
#include <sys/signalfd.h>

#include "args.h"
#include "exports.h"
#include "signal_relay.h"
#include "transfer.h"

namespace fdmux {
namespace {

// `null` would leave the mask empty: the caller has to say which signals.
bool readSignals(const Reader& reader, napi_value value, SignalMask* signals) {
  if (!reader.signalMask(value, "signals", signals)) return false;
  if (signals->present) return true;
  throwInvalidArgType(reader.env(), "signals", "an array of signal numbers");
  return false;
}

napi_value signalFd(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  SignalMask signals;
  if (!readSignals(args, args[0], &signals)) return nullptr;
  UniqueFd fd(::signalfd(-1, signals.get(), SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return throwSystemError(env, errno, "signalfd");
  const int error = relaySignals(signals.set);
  if (error != 0) return throwSystemError(env, error, "sigaction");
  return makeFd(env, std::move(fd));
}

}  // namespace

void exportSignalFds(Exports& exports) { exports.function("signalFd", signalFd); }

}  // namespace fdmux
