// The waiters of one environment: what they are, how they are numbered, and the one JavaScript function that
// they all report to.
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

  // Ids are never given again, so that a late report or a second close cannot meet another waiter.
  WaiterId nextId() { return next_id_++; }
  void add(Waiter* waiter) { open_.emplace(waiter->id(), waiter); }
  void remove(WaiterId id) { open_.erase(id); }
  Waiter* find(WaiterId id) const {
    const auto found = open_.find(id);
    return found == open_.end() ? nullptr : found->second;
  }
  bool wasIssued(WaiterId id) const { return id < next_id_; }

  // False with an exception pending.
  bool setDispatcher(napi_value dispatcher);
  // From a callback of libuv: opens a scope, and lets process.nextTick and microtasks run afterwards.
  void reportFromLoop(WaiterId id);
  // From a thread-safe function, whose caller has done both already.
  void report(WaiterId id);

 private:
  enum class Entry { kFromLoop, kFromRuntime };
  void call(WaiterId id, Entry entry);

  const napi_env env_;
  napi_ref dispatcher_ = nullptr;
  WaiterId next_id_ = 0;
  std::unordered_map<WaiterId, Waiter*> open_;
};

}  // namespace fdmux
