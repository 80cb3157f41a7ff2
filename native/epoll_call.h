// The cheapest form of epoll_wait(2): https://man7.org/linux/man-pages/man2/epoll_wait.2.html
#pragma once

#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace fdmux {

// Waits for `ms`, -1 for ever. As with the C library, the result is -1 with errno if it fails.
inline int epollWaitMs(int epoll_fd, epoll_event* events, int max_events, int ms,
                       const sigset_t* mask = nullptr) {
#ifdef SYS_epoll_wait
  // Not by the C library, whose wait can be cancelled, which no thread here ever is: that costs as much as
  // the rest.
  if (mask == nullptr) return static_cast<int>(::syscall(SYS_epoll_wait, epoll_fd, events, max_events, ms));
#endif
  return ::epoll_pwait(epoll_fd, events, max_events, ms, mask);
}

}  // namespace fdmux
