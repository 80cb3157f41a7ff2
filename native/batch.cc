// Bytes of many sockets in one native call.
// recv(2), https://man7.org/linux/man-pages/man2/recv.2.html
// send(2), sendmsg(2), https://man7.org/linux/man-pages/man2/send.2.html
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <memory>

#include "args.h"
#include "byte_list.h"
#include "environment.h"
#include "exports.h"
#include "transfer.h"

namespace fdmux {
namespace {

size_t totalLength(const iovec* vectors, size_t count) {
  size_t total = 0;
  for (size_t i = 0; i < count; i++) total += vectors[i].iov_len;
  return total;
}

ssize_t sendOnce(int fd, iovec* vectors, size_t count) {
  if (count == 1) return ::send(fd, vectors->iov_base, vectors->iov_len, MSG_NOSIGNAL);
  msghdr message = {};
  message.msg_iov = vectors;
  message.msg_iovlen = count;
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

// Sends until the socket takes no more. The count is then short, as with send(2). If nothing was sent, it
// returns the errno, negative.
int32_t sendRun(int fd, iovec* vectors, size_t count) {
  size_t sent = 0;
  while (count > 0) {
    const size_t batch = std::min(count, kMaxVectors);
    const size_t offered = totalLength(vectors, batch);
    // The caller's count has 31 bits; the rest of such a run is left as if the socket had not taken it.
    if (offered > INT32_MAX - sent) return sent > 0 ? static_cast<int32_t>(sent) : -EMSGSIZE;
    const ssize_t result = throughSignals([&] { return sendOnce(fd, vectors, batch); });
    if (result < 0) return sent > 0 ? static_cast<int32_t>(sent) : -errno;
    sent += static_cast<size_t>(result);
    if (static_cast<size_t>(result) < offered) break;
    vectors += batch;
    count -= batch;
  }
  return static_cast<int32_t>(sent);
}

// The memory that all calls of one function work on. Reading two typed arrays costs as much as a system call,
// so it is done once.
class Batch {
 public:
  static constexpr size_t kParameters = 3;

  // Null with an exception pending.
  static std::unique_ptr<Batch> read(const Arguments<kParameters>& args) {
    std::unique_ptr<Batch> batch(new Batch(args.env(), args.environment()));
    const bool is_read = args.bytes(args[0], "bytes", &batch->bytes_) &&
                         args.int32s(args[1], "operations", &batch->operations_) &&
                         batch->bytes_memory_.hold(args[0]) && batch->operations_memory_.hold(args[1]);
    // Again: Bun moves the memory of a small array when it is first asked for its buffer.
    if (!is_read || !args.bytes(args[0], "bytes", &batch->bytes_) ||
        !args.int32s(args[1], "operations", &batch->operations_)) {
      return nullptr;
    }
    return batch;
  }

  // A function of JavaScript that owns the batch. Null with an exception pending.
  static napi_value bind(std::unique_ptr<Batch> batch, const char* name, napi_callback callback) {
    const napi_env env = batch->env_;
    napi_value function;
    if (!succeeded(env,
                   napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, batch.get(), &function)) ||
        !succeeded(env, napi_add_finalizer(env, function, batch.get(), destroy, nullptr, nullptr))) {
      return nullptr;
    }
    static_cast<void>(batch.release());  // destroyed by the finalizer
    return function;
  }

  // Reads the only argument of such a function. Null with an exception pending.
  static Batch* ofCall(napi_env env, napi_callback_info info, size_t words_per_operation, size_t* count) {
    napi_value argument;
    size_t length = 1;
    void* data = nullptr;
    // Fails only on null pointers.
    napi_get_cb_info(env, info, &length, &argument, nullptr, &data);
    auto* batch = static_cast<Batch*>(data);
    const size_t most = batch->operations_.length / words_per_operation;
    return Reader(env, nullptr).upTo(argument, "count", most, count) ? batch : nullptr;
  }

  Environment& environment() const { return environment_; }
  const Bytes& bytes() const { return bytes_; }
  const Int32s& operations() const { return operations_; }
  size_t maxBytes() const { return max_bytes_; }
  void setMaxBytes(size_t max_bytes) { max_bytes_ = max_bytes; }
  // Whether the memory of the bytes has not been transferred, for instance by a handler that was given a view
  // of it.
  bool isThere() const { return bytes_memory_.isThere(); }

 private:
  // Keeps the memory of a typed array.
  class Memory {
   public:
    explicit Memory(napi_env env) : env_(env) {}
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() {
      if (buffer_ != nullptr) napi_delete_reference(env_, buffer_);  // fails only on null
    }
    // False with an exception pending.
    bool hold(napi_value array) {
      napi_value buffer;
      return succeeded(env_,
                       napi_get_typedarray_info(env_, array, nullptr, nullptr, nullptr, &buffer, nullptr)) &&
             succeeded(env_, napi_create_reference(env_, buffer, 1, &buffer_));
    }
    bool isThere() const {
      napi_value buffer;
      bool is_detached = true;
      return napi_get_reference_value(env_, buffer_, &buffer) == napi_ok &&
             napi_is_detached_arraybuffer(env_, buffer, &is_detached) == napi_ok && !is_detached;
    }

   private:
    const napi_env env_;
    napi_ref buffer_ = nullptr;
  };

  Batch(napi_env env, Environment& environment)
      : env_(env), environment_(environment), bytes_memory_(env), operations_memory_(env) {}

  static void destroy(napi_env, void* data, void*) { delete static_cast<Batch*>(data); }

  const napi_env env_;
  Environment& environment_;
  Memory bytes_memory_;
  Memory operations_memory_;
  Bytes bytes_;
  Int32s operations_;
  size_t max_bytes_ = 0;
};

napi_value sendBatch(napi_env env, napi_callback_info info) {
  size_t count;
  Batch* batch = Batch::ofCall(env, info, SendPlan::kWordsPerOperation, &count);
  if (batch == nullptr) return nullptr;
  int32_t* const words = batch->operations().data;
  SendPlan& plan = batch->environment().send_plan;
  if (!plan.build(words, count, batch->bytes().data, batch->bytes().length)) {
    return throwOutOfRange(env, "operations", "made of fds and ranges of bytes");
  }
  for (const SendRun& run : plan.runs()) {
    words[run.first_operation * SendPlan::kWordsPerOperation] =
        sendRun(run.fd, plan.vectors(run), run.vector_count);
  }
  return nullptr;
}

napi_value sender(napi_env env, napi_callback_info info) {
  auto batch = Batch::read(Arguments<Batch::kParameters>(env, info));
  return batch == nullptr ? nullptr : Batch::bind(std::move(batch), "send", sendBatch);
}

// Receives at most `max_bytes` from each socket, end to end, and stops when there is no room for that many.
// With less room, a count below `max_bytes` would no longer mean that the socket is drained.
napi_value receiveBatch(napi_env env, napi_callback_info info) {
  size_t count;
  const Batch* batch = Batch::ofCall(env, info, 1, &count);
  if (batch == nullptr) return nullptr;
  if (!batch->isThere()) return throwOutOfRange(env, "bytes", "memory that nobody has transferred");
  const Bytes& bytes = batch->bytes();
  int32_t* const words = batch->operations().data;
  const size_t max_bytes = batch->maxBytes();
  size_t used = 0;
  size_t done = 0;
  for (; done < count && bytes.length - used >= max_bytes; done++) {
    const int32_t fd = words[done];
    const ssize_t received = throughSignals([&] { return ::recv(fd, bytes.data + used, max_bytes, 0); });
    if (received > 0) used += static_cast<size_t>(received);
    words[done] = received >= 0 ? static_cast<int32_t>(received) : -errno;
  }
  return makeInt32(env, static_cast<int32_t>(done));
}

napi_value receiver(napi_env env, napi_callback_info info) {
  const Arguments<Batch::kParameters> args(env, info);
  auto batch = Batch::read(args);
  size_t max_bytes;
  if (batch == nullptr ||
      !args.upTo(args[2], "maxBytes", std::min<size_t>(batch->bytes().length, INT32_MAX), &max_bytes)) {
    return nullptr;
  }
  // recv(2) of nothing gives 0, which would read as the end of the stream.
  if (max_bytes == 0) return throwOutOfRange(env, "maxBytes", "at least 1", 0);
  batch->setMaxBytes(max_bytes);
  return Batch::bind(std::move(batch), "receive", receiveBatch);
}

}  // namespace

void exportBatches(Exports& exports) {
  exports.function("sender", raw<sender>);
  exports.function("receiver", raw<receiver>);
}

}  // namespace fdmux
