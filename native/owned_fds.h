// The fds that a worker opened and has not closed. One that is terminated runs no JavaScript to close them,
// and a listening socket that is left open takes connections that nobody will ever serve.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <unordered_map>

namespace fdmux {

class OwnedFds {
 public:
  OwnedFds() = default;
  OwnedFds(const OwnedFds&) = delete;
  OwnedFds& operator=(const OwnedFds&) = delete;
  ~OwnedFds() {
    for (const auto& [fd, file] : files_) {
      // Where somebody else closed it, the number may be another file's by now.
      if (isStill(fd, file)) ::close(fd);
    }
  }

  // The main thread needs none of this: its end is the end of the process.
  void enable() { enabled_ = true; }

  void add(int fd) {
    struct stat file;
    if (enabled_ && ::fstat(fd, &file) == 0) files_[fd] = {file.st_dev, file.st_ino};
  }
  // It was closed, or given away.
  void remove(int fd) { files_.erase(fd); }

 private:
  struct File {
    dev_t device;
    ino_t inode;
  };
  static bool isStill(int fd, const File& expected) {
    struct stat file;
    return ::fstat(fd, &file) == 0 && file.st_dev == expected.device && file.st_ino == expected.inode;
  }

  bool enabled_ = false;
  std::unordered_map<int, File> files_;
};

}  // namespace fdmux
