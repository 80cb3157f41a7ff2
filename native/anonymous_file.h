// Files without a name in any file system: eventfds, epoll instances, timers and their like. Pure: no napi.
#pragma once

#include <sys/stat.h>

namespace fdmux {

// The kernel gives all of them one inode, and that inode no type.
inline bool isAnonymousFile(const struct stat& file) { return (file.st_mode & S_IFMT) == 0; }

}  // namespace fdmux
