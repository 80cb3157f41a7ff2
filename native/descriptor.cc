// What holds for every descriptor: close(2), read(2), write(2), fcntl(2), pipe(2).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "args.h"
#include "exports.h"
#include "status_flags.h"
#include "transfer.h"
#include "unique_fd.h"

namespace fdmux {
namespace {

napi_value close(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  int fd;
  if (!args.fd(args[0], "fd", &fd)) return nullptr;
  args.environment().owned_fds.remove(fd);
  // Linux has freed the fd when close(2) says EINTR; trying again could close somebody else's.
  if (::close(fd) != 0 && errno != EINTR) return throwSystemError(env, errno, "close", fd);
  return nullptr;
}

// Whether the kernel may let a call wait for as long as nobody does something about it, unlike for a disk.
bool mayWaitForEver(int fd) {
  struct stat file;
  return ::fstat(fd, &file) == 0 && !S_ISREG(file.st_mode) && !S_ISDIR(file.st_mode) &&
         !S_ISBLK(file.st_mode);
}

// read(2) and write(2) differ in nothing else.
template <typename Call>
napi_value transfer(napi_env env, napi_callback_info info, const char* name, Call call) {
  Arguments<5> args(env, info);
  int fd;
  Bytes range;
  bool now = false;
  if (!args.fd(args[0], "fd", &fd) || !readRange(args, args[1], args[2], args[3], &range) ||
      !readNow(args, args[4], &now)) {
    return nullptr;
  }
  const auto once = [&]() -> ssize_t { return call(fd, range.data, range.length); };
  const bool is_guarded = now && mayWaitForEver(fd);
  const ssize_t count = throughSignals([&] { return is_guarded ? withoutBlocking(fd, once) : once(); });
  return transferred(env, count, name, fd);
}

napi_value read(napi_env env, napi_callback_info info) { return transfer(env, info, "read", ::read); }

napi_value write(napi_env env, napi_callback_info info) { return transfer(env, info, "write", ::write); }

napi_value setNonBlocking(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  int fd;
  bool non_blocking;
  if (!args.fd(args[0], "fd", &fd) || !args.boolean(args[1], "nonBlocking", &non_blocking)) return nullptr;
  const std::lock_guard<std::mutex> lock(statusFlagsLock());
  if (setNonBlockingFlag(fd, non_blocking) != 0) return throwSystemError(env, errno, "fcntl", fd);
  return nullptr;
}

napi_value isNonBlocking(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  int fd;
  if (!args.fd(args[0], "fd", &fd)) return nullptr;
  const std::lock_guard<std::mutex> lock(statusFlagsLock());
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags == -1) return throwSystemError(env, errno, "fcntl", fd);
  return makeBoolean(env, (flags & O_NONBLOCK) != 0);
}

napi_value pipe(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  bool non_blocking;
  if (!args.boolean(args[0], "nonBlocking", &non_blocking)) return nullptr;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | (non_blocking ? O_NONBLOCK : 0)) != 0)
    return throwSystemError(env, errno, "pipe2");
  return makeFdPair(env, UniqueFd(ends[0]), UniqueFd(ends[1]));
}

napi_value ownFds(napi_env env, napi_callback_info info) {
  Arguments<0> args(env, info);
  args.environment().owned_fds.enable();
  return nullptr;
}

napi_value disownFd(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  int fd;
  if (!args.fd(args[0], "fd", &fd)) return nullptr;
  args.environment().owned_fds.remove(fd);
  return nullptr;
}

napi_value shareFd(napi_env env, napi_callback_info info) {
  Arguments<2> args(env, info);
  int fd;
  Int32s words;
  if (!args.fd(args[0], "fd", &fd) || !args.sharedInt32s(args[1], "words", &words)) return nullptr;
  if (words.length < kSharedFdWords) {
    return throwOutOfRange(env, "words", "two numbers", static_cast<double>(words.length));
  }
  args.environment().owned_fds.share(fd, words.data, args[1]);
  return nullptr;
}

}  // namespace

void exportDescriptors(Exports& exports) {
  exports.function("close", close);
  exports.function("ownFds", ownFds);
  exports.function("disownFd", disownFd);
  exports.function("shareFd", shareFd);
  exports.function("read", read);
  exports.function("write", write);
  exports.function("setNonBlocking", setNonBlocking);
  exports.function("isNonBlocking", isNonBlocking);
  exports.function("pipe", pipe);
}

}  // namespace fdmux
