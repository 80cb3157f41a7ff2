// The calls for every descriptor: close(2), read(2), write(2), fcntl(2), pipe(2).
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "args.h"
#include "call.h"
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
  // Linux has freed the fd when close(2) returns EINTR; a second try could close another file.
  if (::close(fd) != 0 && errno != EINTR) return throwSystemError(env, errno, "close", fd);
  return nullptr;
}

// Whether a call may wait without limit for another process to act. A call on a disk waits only for the disk.
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
  bool dont_wait = false;
  if (!args.fd(args[0], "fd", &fd) || !readRange(args, args[1], args[2], args[3], &range) ||
      !readDontWait(args, args[4], &dont_wait)) {
    return nullptr;
  }
  const auto once = [&]() -> ssize_t { return call(fd, range.data, range.length); };
  const bool is_guarded = dont_wait && mayWaitForEver(fd);
  const ssize_t count = throughSignals([&] { return is_guarded ? withoutBlocking(fd, once) : once(); });
  return transferred(env, count, name, fd);
}

napi_value read(napi_env env, napi_callback_info info) { return transfer(env, info, "read", ::read); }

napi_value write(napi_env env, napi_callback_info info) { return transfer(env, info, "write", ::write); }

void setNonBlocking(const Call& call) {
  const int fd = call.fd(0, "fd");
  const bool non_blocking = call.boolean(1, "nonBlocking");
  const std::lock_guard<std::mutex> lock(statusFlagsLock());
  call.result(setNonBlockingFlag(fd, non_blocking), "fcntl", fd);
}

Napi::Value isNonBlocking(const Call& call) {
  const int fd = call.fd(0, "fd");
  const std::lock_guard<std::mutex> lock(statusFlagsLock());
  const int flags = call.result(::fcntl(fd, F_GETFL), "fcntl", fd);
  return Napi::Boolean::New(call.env(), (flags & O_NONBLOCK) != 0);
}

Napi::Value fileType(const Call& call) {
  const int fd = call.fd(0, "fd");
  struct stat file;
  call.result(::fstat(fd, &file), "fstat", fd);
  return Napi::Number::New(call.env(), file.st_mode & S_IFMT);
}

Napi::Value pipe(const Call& call) {
  const bool non_blocking = call.boolean(0, "nonBlocking");
  int ends[2];
  call.result(::pipe2(ends, O_CLOEXEC | (non_blocking ? O_NONBLOCK : 0)), "pipe2");
  return call.newFdPair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

void ownFds(const Call& call) { call.environment().owned_fds.enable(); }

void disownFd(const Call& call) { call.environment().owned_fds.remove(call.fd(0, "fd")); }

void shareFd(const Call& call) {
  const int fd = call.fd(0, "fd");
  const Int32s words = call.sharedInt32s(1, "words");
  if (words.length < kSharedFdWords) {
    call.failRange("words", "two numbers", static_cast<double>(words.length));
  }
  call.check(call.environment().owned_fds.share(fd, words.data, call[1]));
}

}  // namespace

void exportDescriptors(Exports& exports) {
  exports.function("close", raw<close>);
  exports.function("read", raw<read>);
  exports.function("write", raw<write>);
  exports.boolean("isFirstThread", ::syscall(SYS_gettid) == ::getpid());
  exports.function("ownFds", cold<ownFds>);
  exports.function("disownFd", cold<disownFd>);
  exports.function("shareFd", cold<shareFd>);
  exports.function("setNonBlocking", cold<setNonBlocking>);
  exports.function("isNonBlocking", cold<isNonBlocking>);
  exports.function("fileType", cold<fileType>);
  exports.function("pipe", cold<pipe>);
}

}  // namespace fdmux
