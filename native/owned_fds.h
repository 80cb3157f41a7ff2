// The fds that a worker opened and has not closed. One that is terminated runs no JavaScript to close them,
// and a listening socket that is left open takes connections that nobody will ever serve.
#pragma once

#include <node_api.h>
#include <sys/stat.h>
#include <unistd.h>

#include <unordered_map>

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
      const bool is_free = file.words == nullptr || withdraw(file.words);
      // Where somebody else closed it, the number may be another file's by now.
      if (is_free && isStill(fd, file)) ::close(fd);
    }
  }

  // The main thread needs none of this: its end is the end of the process.
  void enable() { enabled_ = true; }

  void add(int fd) {
    struct stat file;
    remove(fd);  // somebody else closed what had the number before
    if (enabled_ && ::fstat(fd, &file) == 0) files_[fd] = {file.st_dev, file.st_ino, nullptr};
  }
  // Other threads use it while `words` show it, see shared_fd.h. False with an exception pending.
  bool share(int fd, napi_value words) {
    const auto found = files_.find(fd);
    return found == files_.end() || found->second.words != nullptr ||
           succeeded(env_, napi_create_reference(env_, words, 1, &found->second.words));
  }
  // It was closed, or given away.
  void remove(int fd) {
    const auto found = files_.find(fd);
    if (found == files_.end()) return;
    if (found->second.words != nullptr)
      napi_delete_reference(env_, found->second.words);  // fails only on null
    files_.erase(found);
  }

 private:
  struct File {
    dev_t device;
    ino_t inode;
    napi_ref words;
  };
  // Whether no other thread will use the fd any more. Where that cannot be told, a lost fd does less harm
  // than one that means another file.
  bool withdraw(napi_ref reference) const {
    napi_value words;
    napi_typedarray_type type;
    size_t length = 0;
    void* data = nullptr;
    const bool is_known =
        napi_get_reference_value(env_, reference, &words) == napi_ok && words != nullptr &&
        napi_get_typedarray_info(env_, words, &type, &length, &data, nullptr, nullptr) == napi_ok &&
        type == napi_int32_array && length >= kSharedFdWords;
    const bool is_free = is_known && withdrawFd(static_cast<int32_t*>(data));
    napi_delete_reference(env_, reference);  // fails only on null
    return is_free;
  }
  static bool isStill(int fd, const File& expected) {
    struct stat file;
    return ::fstat(fd, &file) == 0 && file.st_dev == expected.device && file.st_ino == expected.inode;
  }

  const napi_env env_;
  bool enabled_ = false;
  std::unordered_map<int, File> files_;
};

}  // namespace fdmux
