// Files and devices: open(2), ioctl(2), and a second fd for an open one: fcntl(2).
#include <fcntl.h>
#include <linux/ioctl.h>  // musl's own header leaves out _IOC_SIZE and its kin
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>
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
  if (!args.string(args[0], "path", path, sizeof path) || !args.int32(args[1], "flags", &flags) ||
      !args.uint32(args[2], "mode", &mode)) {
    return nullptr;
  }
  UniqueFd fd(::open(path, flags | O_CLOEXEC, mode));
  if (!fd.valid()) return throwSystemError(env, errno, "open");
  return makeFd(env, std::move(fd));
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

// A number is passed by value, and some requests would take it for an address: none this low is ever mapped
// (vm.mmap_min_addr), so that those fail with EFAULT.
constexpr size_t kMaxNumber = 0xffff;

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
  size_t number;
  if (!args.upTo(args[2], "argument", kMaxNumber, &number)) return nullptr;
  const int result = ::ioctl(fd, request, number);
  if (result < 0) return throwSystemError(env, errno, "ioctl", fd);
  return makeInt32(env, result);
}

}  // namespace

void exportDevices(Exports& exports) {
  exports.function("open", open);
  exports.function("duplicate", duplicate);
  exports.function("ioctl", ioctl);
}

}  // namespace fdmux
