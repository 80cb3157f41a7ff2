// An fd that threads share through two words of memory: its number, or kWithdrawn, and how many threads are
// about to use it. JavaScript's side of this is src/multiplexer/wakeup.ts. Pure: no napi.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>

namespace fdmux {

constexpr size_t kSharedFdWords = 2;
constexpr int32_t kWithdrawn = -1;
// A use is one write(2). A thread that takes longer has been terminated in the act.
constexpr int kMaxUseMs = 100;

// Shows the fd to no thread any more, and waits for those that have seen it. Whether it may be closed.
inline bool withdrawFd(int32_t* words) {
  __atomic_store_n(&words[0], kWithdrawn, __ATOMIC_SEQ_CST);
  for (int ms = 0; ms < kMaxUseMs; ms++) {
    if (__atomic_load_n(&words[1], __ATOMIC_SEQ_CST) == 0) return true;
    const timespec pause = {0, 1000000};
    nanosleep(&pause, nullptr);  // ended by a signal, it is only shorter
  }
  return false;
}

}  // namespace fdmux
