// Everything that one JavaScript environment (the main thread, a worker) owns. Environments share nothing.
#pragma once

#include <node_api.h>
#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "fd_sets.h"
#include "guarded_memory.h"
#include "owned_fds.h"
#include "send_plan.h"
#include "waiters.h"

namespace fdmux {

class LoopWatch;

// The events of the last epoll wait, in an ArrayBuffer that JavaScript reads in place.
struct EventBuffer {
  napi_ref reference = nullptr;
  epoll_event* events = nullptr;
  size_t capacity = 0;
};

// Waits that a loop watch has made instead of the event loop.
struct DirectWaits {
  LoopWatch* watch = nullptr;  // the one that makes them now
  double count = 0;
  double milliseconds = 0;
  double spins = 0;  // the looks before they blocked
};

struct Environment {
  explicit Environment(napi_env napi) : env(napi), owned_fds(napi), waiters(napi) {}
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  // Runs when the environment ends. The runtime does not delete references itself.
  ~Environment() {
    if (event_buffer.reference != nullptr) napi_delete_reference(env, event_buffer.reference);
  }

  const napi_env env;

  EventBuffer event_buffer;
  bool has_epoll_pwait2 = true;          // until the kernel says otherwise
  OwnedFds owned_fds;                    // closed after the waiters, which still use some
  SelectQuestion select_question;        // the latest question to select
  int largest_known_fd = -1;             // that select has found open
  SendPlan send_plan;                    // scratch of sendRanges
  std::vector<uint8_t> controls;         // scratch of recvDatagrams
  std::optional<GuardedMemory> request;  // scratch of ioctl
  Waiters waiters;
  DirectWaits direct_waits;
};

}  // namespace fdmux
