// Blocking signals for the whole process.
#pragma once

#include <signal.h>

namespace fdmux {

// Blocks `signals` in the calling thread and in every other thread of the process; threads made later inherit
// that. A signal to the process is delivered to any thread that does not block it, so one open thread (of
// libuv's pool, of V8) would let it through. Returns 0 or an errno.
int blockEverywhere(const sigset_t& signals);

}  // namespace fdmux
