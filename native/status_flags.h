// The status flags of an open file description: fcntl(2), F_GETFL and F_SETFL.
#pragma once

#include <fcntl.h>

#include <cerrno>
#include <mutex>

namespace fdmux {

// Descriptions are shared by the threads of the process, so what reads or changes their flags waits its turn:
// nobody sees the moment for which a call below has made one non-blocking.
inline std::mutex& statusFlagsLock() {
  static std::mutex mutex;
  return mutex;
}

// 0, or -1 with errno.
inline int setNonBlockingFlag(int fd, bool non_blocking) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags == -1) return -1;
  const int wanted = non_blocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  return wanted == flags ? 0 : ::fcntl(fd, F_SETFL, wanted);
}

// Makes a system call that has no flag not to block, without blocking. `call` sees the fd non-blocking; what
// it returns comes back, and so does its errno. Another process that shares the description may see the
// moment.
template <typename Call>
auto withoutBlocking(int fd, Call call) -> decltype(call()) {
  const std::lock_guard<std::mutex> lock(statusFlagsLock());
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags == -1) return -1;
  if ((flags & O_NONBLOCK) != 0) return call();
  if (::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1) return -1;
  const auto result = call();
  const int error = errno;
  // Fails only where another thread has closed the fd meanwhile.
  ::fcntl(fd, F_SETFL, flags);
  errno = error;
  return result;
}

}  // namespace fdmux
