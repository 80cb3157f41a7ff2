// Signals that are to wait for a signalfd, in a process that has threads which do not block them.
#pragma once

#include <signal.h>

namespace fdmux {

// Blocks `signals` in the calling thread, and gives each of them a handler for the other threads: a thread
// that takes such a signal blocks it from then on and sends it to the process again, so that it ends up
// pending, where signalfd(2) reads it. Otherwise, the first idle thread of the engine's pool would take the
// signal, whose default action most often ends the process. Returns 0 or an errno.
int relaySignals(const sigset_t& signals);

}  // namespace fdmux
