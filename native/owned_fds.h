// The fds that a worker opened and has not closed. One that is terminated runs no JavaScript to close them,
// and a listening socket that stays open would accept connections that are never served.
#pragma once

#include <fcntl.h>
#include <node_api.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <unordered_map>

#include "anonymous_file.h"
#include "errors.h"
#include "shared_fd.h"

namespace fdmux {

class OwnedFds {
 public:
  explicit OwnedFds(napi_env env) : env_(env) {}
  OwnedFds(const OwnedFds&) = delete;
  OwnedFds& operator=(const OwnedFds&) = delete;
  ~OwnedFds() {
    for (const auto& [fd, file] : files_) {
      // If another thread may still use it, a lost fd does less harm than one that means another file.
      const bool is_free = file.words == nullptr || withdrawFd(file.words);
      // If other code closed it, the number may belong to another file by now.
      if (is_free && isStill(fd, file)) ::close(fd);
      forget(file);
    }
  }

  // The main thread needs none of this: its end is the end of the process.
  void enable() { enabled_ = true; }

  void add(int fd) {
    struct stat file;
    remove(fd);  // other code closed the file that had the number before
    if (!enabled_ || ::fstat(fd, &file) != 0) return;
    if (isAnonymousFile(file)) sign(fd);
    files_[fd] = {file.st_dev, file.st_ino};
  }
  // Other threads use it while `words`, which `array` keeps, show it: see shared_fd.h. The
  // destructor must not touch `array`: reading it at that point crashes Deno. False with an exception
  // pending.
  bool share(int fd, int32_t* words, napi_value array) {
    const auto found = files_.find(fd);
    if (found == files_.end() || found->second.words != nullptr) return true;
    if (!succeeded(env_, napi_create_reference(env_, array, 1, &found->second.array))) return false;
    found->second.words = words;
    return true;
  }
  // It was closed, or given away.
  void remove(int fd) {
    const auto found = files_.find(fd);
    if (found == files_.end()) return;
    forget(found->second);
    files_.erase(found);
  }

 private:
  struct File {
    dev_t device;
    ino_t inode;
    int32_t* words = nullptr;
    napi_ref array = nullptr;
  };
  void forget(const File& file) const {
    if (file.array != nullptr) napi_delete_reference(env_, file.array);  // fails only on null
  }
  static bool isStill(int fd, const File& expected) {
    struct stat file;
    if (::fstat(fd, &file) != 0 || file.st_dev != expected.device || file.st_ino != expected.inode)
      return false;
    return !isAnonymousFile(file) || isSigned(fd);
  }

  // Anonymous files all have the same inode. This thread signs its own as the receiver of their SIGIO, which
  // never arrives: it is sent only under O_ASYNC, and such files know no out-of-band data.
  static void sign(int fd) {
    const f_owner_ex owner = {F_OWNER_TID, thisThread()};
    (void)!::fcntl(fd, F_SETOWN_EX, &owner);  // unsigned, it stays open at the end
  }
  static bool isSigned(int fd) {
    f_owner_ex owner;
    return ::fcntl(fd, F_GETOWN_EX, &owner) == 0 && owner.type == F_OWNER_TID && owner.pid == thisThread();
  }
  static pid_t thisThread() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

  const napi_env env_;
  bool enabled_ = false;
  std::unordered_map<int, File> files_;
};

}  // namespace fdmux
