// The waiters of one environment, their numbers, and the JavaScript functions that they report to.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <unordered_map>

namespace fdmux {

class LoopWatch;
class WaitThread;

using WaiterId = uint32_t;

// One thing that can say "look now". Closing it ends its reports at once, and its memory as soon as nothing
// of the runtime points to it any more: a waiter is never deleted from outside.
class Waiter {
 public:
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  WaiterId id() const { return id_; }
  virtual void ref() = 0;
  virtual void unref() = 0;
  virtual void close() = 0;
  virtual LoopWatch* asLoopWatch() { return nullptr; }
  virtual WaitThread* asWaitThread() { return nullptr; }

 protected:
  explicit Waiter(WaiterId id) : id_(id) {}
  virtual ~Waiter() = default;

 private:
  const WaiterId id_;
};

class Waiters {
 public:
  explicit Waiters(napi_env env) : env_(env) {}
  Waiters(const Waiters&) = delete;
  Waiters& operator=(const Waiters&) = delete;
  ~Waiters();

  // Ids are never reused, so that a late report or a second close cannot meet another waiter.
  WaiterId nextId() { return next_id_++; }
  // Each waiter has a dispatcher of its own: the JavaScript may have been loaded more than once over this
  // addon, and each copy knows only its own waiters. False with an exception pending, and nothing added.
  bool add(Waiter* waiter, napi_value dispatcher);
  void remove(WaiterId id);
  Waiter* find(WaiterId id) const {
    const auto found = open_.find(id);
    return found == open_.end() ? nullptr : found->second.waiter;
  }
  bool wasIssued(WaiterId id) const { return id < next_id_; }
  // From a callback of libuv: opens a scope, and lets process.nextTick and microtasks run afterwards.
  // `found` is how many events are in the event buffer already.
  void reportFromLoop(WaiterId id, uint32_t found);
  // From a thread-safe function, whose caller has done both already.
  void report(WaiterId id);

 private:
  enum class Entry { kFromLoop, kFromRuntime };
  struct Open {
    Waiter* waiter;
    napi_ref dispatcher;
  };
  void call(WaiterId id, uint32_t found, Entry entry);

  const napi_env env_;
  WaiterId next_id_ = 0;
  std::unordered_map<WaiterId, Open> open_;
};

}  // namespace fdmux
