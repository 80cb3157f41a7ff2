// Files and devices: open(2), ioctl(2), and a second fd for an open one: fcntl(2).
#include <fcntl.h>
#include <linux/ioctl.h>  // musl's own header leaves out _IOC_SIZE and others
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "call.h"
#include "exports.h"
#include "pointed_memory.h"
#include "transfer.h"

namespace fdmux {
namespace {

Napi::Value open(const Call& call) {
  const std::string path = call.path(0, "path");
  const int32_t flags = call.int32(1, "flags");
  const uint32_t mode = call.uint32(2, "mode");
  const int fd = throughSignals([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); });
  return call.newFd(fd, "open");
}

// Whether a FIFO that was opened for reading, without waiting for a writer, has had one since: an open that
// waits would have returned by then. A writer that has written nothing shows as "nothing yet" instead of the
// end of the file, and tee(2) returns which it is without taking bytes.
bool hasHadWriter(const Call& call, int fd) {
  pollfd entry = {fd, POLLIN, 0};
  if (::poll(&entry, 1, 0) < 0 && errno != EINTR) call.failSystem(errno, "poll", fd);
  if (entry.revents != 0) return true;
  int ends[2];
  call.result(::pipe2(ends, O_CLOEXEC), "pipe2");
  const UniqueFd reader(ends[0]), writer(ends[1]);
  const ssize_t count = throughSignals([&] { return ::tee(fd, writer.get(), 1, SPLICE_F_NONBLOCK); });
  if (count < 0 && !wouldBlock(errno)) call.failSystem(errno, "tee", fd);
  return count != 0;
}

Napi::Value fifoHasHadWriter(const Call& call) {
  return Napi::Boolean::New(call.env(), hasHadWriter(call, call.fd(0, "fd")));
}

Napi::Value duplicate(const Call& call) {
  const int fd = call.fd(0, "fd");
  return call.newFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0), "fcntl", fd);
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
// A few requests (FS_IOC_FIEMAP) write a list as long as their argument says, whatever their number says:
// those that would go beyond the buffer are EFAULT.
int ioctlBytes(const Call& call, int fd, uint32_t request) {
  const Bytes bytes = call.bytes(2, "argument");
  if (bytes.length < (_IOC_DIR(request) == _IOC_NONE ? 0 : _IOC_SIZE(request))) {
    call.failRange("argument", "at least " + std::to_string(_IOC_SIZE(request)) + " bytes long",
                   static_cast<double>(bytes.length));
  }
  // To make one costs more than most requests do, so that of the usual size is kept.
  std::optional<GuardedMemory>& kept = call.environment().request;
  std::optional<GuardedMemory> longer;
  std::optional<GuardedMemory>& memory = bytes.length > kMaxRequestBytes ? longer : kept;
  if (!memory) memory.emplace(std::max(bytes.length, kMaxRequestBytes));
  uint8_t* const data = memory->data();
  if (data == nullptr) {
    memory.reset();
    call.failSystem(ENOMEM, "mmap");
  }
  std::copy_n(bytes.data, bytes.length, data);
  if (bytes.length < kMaxRequestBytes) std::memset(data + bytes.length, 0, kMaxRequestBytes - bytes.length);
  const int result = call.result(::ioctl(fd, request, data), "ioctl", fd);
  std::copy_n(data, bytes.length, bytes.data);
  return result;
}

int ioctlNumber(const Call& call, int fd, uint32_t request) {
  const int64_t number = call.int32OrUint32(2, "argument");
  if (mayHitMemory(number)) {
    call.failRange("argument", "no address of memory that this process writes to",
                   static_cast<double>(number));
  }
  return call.result(::ioctl(fd, request, static_cast<long>(number)), "ioctl", fd);
}

Napi::Value ioctlPointers(const Call& call) {
  const int fd = call.fd(0, "fd");
  const uint32_t request = call.uint32(1, "request");
  const PointedMemory memory(call, 2, 3, _IOC_DIR(request) == _IOC_NONE ? 0 : _IOC_SIZE(request));
  const int result = call.result(::ioctl(fd, request, memory.data()), "ioctl", fd);
  memory.copyBack();
  return Napi::Number::New(call.env(), result);
}

Napi::Value ioctl(const Call& call) {
  const int fd = call.fd(0, "fd");
  const uint32_t request = call.uint32(1, "request");
  const int result = call.isNumber(2) ? ioctlNumber(call, fd, request) : ioctlBytes(call, fd, request);
  return Napi::Number::New(call.env(), result);
}

}  // namespace

void exportDevices(Exports& exports) {
  exports.function("open", cold<open>);
  exports.function("fifoHasHadWriter", cold<fifoHasHadWriter>);
  exports.function("duplicate", cold<duplicate>);
  exports.function("ioctl", cold<ioctl>);
  exports.function("ioctlPointers", cold<ioctlPointers>);
}

}  // namespace fdmux
