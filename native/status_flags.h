// The status flags of an open file description: fcntl(2), F_GETFL and F_SETFL.
#pragma once

#include <fcntl.h>

#include <cerrno>
#include <mutex>

namespace fdmux {

// The threads of the process share descriptions, so whatever reads or changes their flags holds this lock: no
// thread sees the moment for which a call below has made one non-blocking.
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

// Makes a system call without blocking, if the call has no flag for that: the fd is non-blocking while `call`
// runs. Returns its result, with its errno. Another process that shares the description may see the moment.
template <typename Call>
auto withoutBlocking(int fd, Call call) -> decltype(call()) {
  const std::lock_guard<std::mutex> lock(statusFlagsLock());
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags == -1) return -1;
  if ((flags & O_NONBLOCK) != 0) return call();
  if (::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1) return -1;
  const auto result = call();
  const int error = errno;
  // Fails only if another thread has closed the fd in the meantime.
  ::fcntl(fd, F_SETFL, flags);
  errno = error;
  return result;
}

}  // namespace fdmux
