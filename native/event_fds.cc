// Counters as descriptors: https://man7.org/linux/man-pages/man2/eventfd.2.html
#include <sys/eventfd.h>

#include "call.h"
#include "exports.h"

namespace fdmux {
namespace {

template <int Flags>
Napi::Value eventFd(const Call& call) {
  const uint32_t initial_value = call.uint32(0, "initialValue");
  return call.newFd(::eventfd(initial_value, EFD_CLOEXEC | EFD_NONBLOCK | Flags), "eventfd");
}

}  // namespace

void exportEventFds(Exports& exports) {
  exports.function("eventFd", cold<eventFd<0>>);
  exports.function("eventFdSemaphore", cold<eventFd<EFD_SEMAPHORE>>);
}

}  // namespace fdmux
