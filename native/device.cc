// Files and devices: open(2), ioctl(2), and a second fd for an open one: fcntl(2).
#include <fcntl.h>
#include <linux/ioctl.h>  // musl's own header leaves out _IOC_SIZE and its kin
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "args.h"
#include "exports.h"
#include "path.h"
#include "transfer.h"

namespace fdmux {
namespace {

napi_value open(napi_env env, napi_callback_info info) {
  Arguments<3> args(env, info);
  char path[kPathBytes];
  int32_t flags;
  uint32_t mode;
  if (!args.path(args[0], "path", path, sizeof path) || !args.int32(args[1], "flags", &flags) ||
      !args.uint32(args[2], "mode", &mode)) {
    return nullptr;
  }
  UniqueFd fd(throughSignals([&] { return ::open(path, flags | O_CLOEXEC, mode); }));
  if (!fd.valid()) return throwSystemError(env, errno, "open");
  return makeFd(env, std::move(fd));
}

// For a FIFO that was opened to be read without waiting for its writer. An open that waits would have ended
// if it has one, or has had one since. The kernel shows one that has not written anything by the difference
// between "nothing yet" and the end of the file, which tee(2) tells without taking bytes.
napi_value fifoHasHadWriter(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  int fd;
  if (!args.fd(args[0], "fd", &fd)) return nullptr;
  pollfd entry = {fd, POLLIN, 0};
  if (::poll(&entry, 1, 0) < 0 && errno != EINTR) return throwSystemError(env, errno, "poll", fd);
  if (entry.revents != 0) return makeBoolean(env, true);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return throwSystemError(env, errno, "pipe2");
  const UniqueFd reader(ends[0]), writer(ends[1]);
  const ssize_t count = throughSignals([&] { return ::tee(fd, writer.get(), 1, SPLICE_F_NONBLOCK); });
  if (count < 0 && !wouldBlock(errno)) return throwSystemError(env, errno, "tee", fd);
  return makeBoolean(env, count != 0);
}

napi_value duplicate(napi_env env, napi_callback_info info) {
  Arguments<1> args(env, info);
  int fd;
  if (!args.fd(args[0], "fd", &fd)) return nullptr;
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return throwSystemError(env, errno, "fcntl", fd);
  return makeFd(env, std::move(copy));
}

// A request's number may say how much memory it touches, at most this much. The old ones (TIOCGWINSZ, TCGETS)
// do not say, and are smaller.
constexpr size_t kMaxRequestBytes = 1 << _IOC_SIZEBITS;

// No address this low is ever mapped (vm.mmap_min_addr).
constexpr int64_t kLowestAddress = 0x10000;

// A number is passed by value, and some requests would take it for an address. Those fail with EFAULT, unless
// this process has memory there, which they could overwrite. The highest numbers are addresses of the kernel.
bool mayHitMemory(int64_t number) {
  if (number < kLowestAddress) return false;
  const auto start = static_cast<uint64_t>(number);
  std::unique_ptr<FILE, int (*)(FILE*)> maps(std::fopen("/proc/self/maps", "re"), std::fclose);
  if (maps == nullptr) return true;
  // Longer than a line, so that a rest of one, which begins with a path, is never read as the next.
  char line[PATH_MAX + 256];
  while (std::fgets(line, sizeof line, maps.get()) != nullptr) {
    uint64_t from, to;
    char writable = '-';
    if (std::sscanf(line, "%" SCNx64 "-%" SCNx64 " %*c%c", &from, &to, &writable) != 3) continue;
    if (writable == 'w' && start < to && from < start + kMaxRequestBytes) return true;
  }
  return false;
}

// Through a buffer that is large enough for every request, since the caller's may be too small for this one.
napi_value ioctlBytes(napi_env env, int fd, uint32_t request, const Bytes& bytes) {
  if (bytes.length < (_IOC_DIR(request) == _IOC_NONE ? 0 : _IOC_SIZE(request))) {
    return throwOutOfRange(env, "argument", "at least " + std::to_string(_IOC_SIZE(request)) + " bytes long",
                           static_cast<double>(bytes.length));
  }
  std::vector<uint8_t> memory(std::max(bytes.length, kMaxRequestBytes));
  if (bytes.length > 0) std::memcpy(memory.data(), bytes.data, bytes.length);
  const int result = ::ioctl(fd, request, memory.data());
  if (result < 0) return throwSystemError(env, errno, "ioctl", fd);
  if (bytes.length > 0) std::memcpy(bytes.data, memory.data(), bytes.length);
  return makeInt32(env, result);
}

napi_value ioctl(napi_env env, napi_callback_info info) {
  Arguments<3> args(env, info);
  int fd;
  uint32_t request;
  if (!args.fd(args[0], "fd", &fd) || !args.uint32(args[1], "request", &request)) return nullptr;
  if (!args.isNumber(args[2])) {
    Bytes bytes;
    return args.bytes(args[2], "argument", &bytes) ? ioctlBytes(env, fd, request, bytes) : nullptr;
  }
  int64_t number;
  if (!args.int32OrUint32(args[2], "argument", &number)) return nullptr;
  if (mayHitMemory(number)) {
    return throwOutOfRange(env, "argument", "no address of memory that this process writes to",
                           static_cast<double>(number));
  }
  const int result = ::ioctl(fd, request, static_cast<long>(number));
  if (result < 0) return throwSystemError(env, errno, "ioctl", fd);
  return makeInt32(env, result);
}

}  // namespace

void exportDevices(Exports& exports) {
  exports.function("open", open);
  exports.function("fifoHasHadWriter", fifoHasHadWriter);
  exports.function("duplicate", duplicate);
  exports.function("ioctl", ioctl);
}

}  // namespace fdmux
