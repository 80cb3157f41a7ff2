// Transfers at an offset, and between two fds within the kernel: pread(2), lseek(2), splice(2), tee(2),
// sendfile(2).
#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "args.h"
#include "call.h"
#include "exports.h"
#include "transfer.h"

namespace fdmux {
namespace {

// pread(2) and pwrite(2) differ in nothing else.
template <typename Call>
napi_value transferAt(napi_env env, napi_callback_info info, const char* name, Call call) {
  Arguments<5> args(env, info);
  int fd;
  Bytes range;
  size_t position;
  if (!args.fd(args[0], "fd", &fd) || !readRange(args, args[1], args[2], args[3], &range) ||
      !args.upTo(args[4], "position", kMaxSafeInteger, &position)) {
    return nullptr;
  }
  const auto start = static_cast<off_t>(position);
  const ssize_t count = throughSignals([&] { return call(fd, range.data, range.length, start); });
  return transferred(env, count, name, fd);
}

napi_value pread(napi_env env, napi_callback_info info) { return transferAt(env, info, "pread", ::pread); }

napi_value pwrite(napi_env env, napi_callback_info info) { return transferAt(env, info, "pwrite", ::pwrite); }

Napi::Value lseek(const Call& call) {
  const int fd = call.fd(0, "fd");
  const double offset = call.safeInteger(1, "offset");
  const int32_t whence = call.int32(2, "whence");
  const off_t position = ::lseek(fd, static_cast<off_t>(offset), whence);
  if (position < 0) call.failSystem(errno, "lseek", fd);
  return Napi::Number::New(call.env(), static_cast<double>(position));
}

// From one fd to another. A position of -1 means the fd's own.
struct Move {
  int from, to;
  size_t length;
  off_t from_position, to_position;
  uint32_t flags;
};

bool readPosition(const Reader& reader, napi_value value, const char* name, off_t* position) {
  double number;
  if (!reader.safeInteger(value, name, &number)) return false;
  *position = static_cast<off_t>(number);
  return true;
}

bool readMove(const Arguments<6>& args, Move* move) {
  return args.fd(args[0], "from", &move->from) && args.fd(args[1], "to", &move->to) &&
         args.upTo(args[2], "maxBytes", static_cast<size_t>(kMaxInt32), &move->length) &&
         readPosition(args, args[3], "fromPosition", &move->from_position) &&
         readPosition(args, args[4], "toPosition", &move->to_position) &&
         args.uint32(args[5], "flags", &move->flags);
}

off_t* orNull(off_t* position) { return *position < 0 ? nullptr : position; }

napi_value splice(napi_env env, napi_callback_info info) {
  Arguments<6> args(env, info);
  Move move;
  if (!readMove(args, &move)) return nullptr;
  const ssize_t count = throughSignals([&] {
    return ::splice(move.from, orNull(&move.from_position), move.to, orNull(&move.to_position), move.length,
                    move.flags);
  });
  return transferred(env, count, "splice", move.from);
}

napi_value tee(napi_env env, napi_callback_info info) {
  Arguments<6> args(env, info);
  Move move;
  if (!readMove(args, &move)) return nullptr;
  const ssize_t count = throughSignals([&] { return ::tee(move.from, move.to, move.length, move.flags); });
  return transferred(env, count, "tee", move.from);
}

napi_value sendfile(napi_env env, napi_callback_info info) {
  Arguments<6> args(env, info);
  Move move;
  if (!readMove(args, &move)) return nullptr;
  const ssize_t count = throughSignals(
      [&] { return ::sendfile(move.to, move.from, orNull(&move.from_position), move.length); });
  return transferred(env, count, "sendfile", move.from);
}

}  // namespace

void exportFileOffsets(Exports& exports) {
  exports.function("pread", raw<pread>);
  exports.function("pwrite", raw<pwrite>);
  exports.function("lseek", cold<lseek>);
  exports.function("splice", raw<splice>);
  exports.function("tee", raw<tee>);
  exports.function("sendfile", raw<sendfile>);
}

}  // namespace fdmux
