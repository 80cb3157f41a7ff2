// The flags, locks and seals of open files: fcntl(2), flock(2), and files in memory: memfd_create(2).
#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "call.h"
#include "exports.h"
#include "status_flags.h"
#include "transfer.h"

namespace fdmux {
namespace {

// memfd_create(2) takes this many bytes of a name, without the NUL.
constexpr size_t kMaxMemoryFileName = 249;

// The commands that take a number or nothing. The others take an address, or make an fd that would have no
// owner.
constexpr std::array kNumberCommands = {F_GETFD,      F_SETFD,     F_GETFL,     F_SETFL,    F_GETPIPE_SZ,
                                        F_SETPIPE_SZ, F_GET_SEALS, F_ADD_SEALS, F_GETSIG,   F_SETSIG,
                                        F_GETOWN,     F_SETOWN,    F_GETLEASE,  F_SETLEASE, F_NOTIFY};

Napi::Value fcntlNumber(const Call& call) {
  const int fd = call.fd(0, "fd");
  const int32_t command = call.int32(1, "command");
  const int32_t argument = call.int32(2, "argument");
  if (std::find(kNumberCommands.begin(), kNumberCommands.end(), command) == kNumberCommands.end()) {
    call.failRange("command", "a command of fcntl(2) that takes a number or nothing", command);
  }
  const std::lock_guard<std::mutex> lock(statusFlagsLock());
  return Napi::Number::New(call.env(), call.result(::fcntl(fd, command, argument), "fcntl", fd));
}

// False if another open file description has the lock and `operation` has LOCK_NB.
Napi::Value flockFile(const Call& call) {
  const int fd = call.fd(0, "fd");
  const int32_t operation = call.int32(1, "operation");
  const int result = throughSignals([&] { return ::flock(fd, operation); });
  const bool is_refused = result != 0 && wouldBlock(errno);
  if (!is_refused) call.result(result, "flock", fd);
  return Napi::Boolean::New(call.env(), !is_refused);
}

// Locks of the open file description, never of the process, whose locks any close(2) of the file would drop.
struct RangeLock {
  int fd;
  struct flock range = {};
};

RangeLock readRangeLock(const Call& call) {
  RangeLock lock;
  lock.fd = call.fd(0, "fd");
  lock.range.l_type = static_cast<int16_t>(call.upTo(1, "type", F_UNLCK));
  lock.range.l_whence = SEEK_SET;
  lock.range.l_start = static_cast<off_t>(call.upTo(2, "start", kMaxSafeInteger));
  lock.range.l_len = static_cast<off_t>(call.upTo(3, "length", kMaxSafeInteger));
  return lock;
}

// False if another open file description has a lock that excludes this one.
Napi::Value lockRange(const Call& call) {
  RangeLock lock = readRangeLock(call);
  const int result = ::fcntl(lock.fd, F_OFD_SETLK, &lock.range);
  const bool is_refused = result != 0 && (wouldBlock(errno) || errno == EACCES);
  if (!is_refused) call.result(result, "fcntl", lock.fd);
  return Napi::Boolean::New(call.env(), !is_refused);
}

// Whether the lock is available now.
Napi::Value testRange(const Call& call) {
  RangeLock lock = readRangeLock(call);
  call.result(::fcntl(lock.fd, F_OFD_GETLK, &lock.range), "fcntl", lock.fd);
  return Napi::Boolean::New(call.env(), lock.range.l_type == F_UNLCK);
}

Napi::Value memoryFile(const Call& call) {
  const std::string name = call.string(0, "name", kMaxMemoryFileName + 1);
  const uint32_t flags = call.uint32(1, "flags");
  // By number, since older C libraries lack the function.
  constexpr unsigned kCloseOnExec = 1;
  return call.newFd(static_cast<int>(::syscall(SYS_memfd_create, name.c_str(), flags | kCloseOnExec)),
                    "memfd_create");
}

}  // namespace

void exportFileControl(Exports& exports) {
  exports.function("fcntl", cold<fcntlNumber>);
  exports.function("flock", cold<flockFile>);
  exports.function("lockRange", cold<lockRange>);
  exports.function("testRange", cold<testRange>);
  exports.function("memfd", cold<memoryFile>);
}

}  // namespace fdmux
