// Many datagrams of one socket in one native call, into memory that is used again and again: a message costs
// no object. https://man7.org/linux/man-pages/man2/recvmmsg.2.html
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "call.h"
#include "control_values.h"
#include "exports.h"
#include "transfer.h"

namespace fdmux {
namespace {

// So few that the call's memory for them is on the stack.
constexpr size_t kMaxMessages = 64;
// The words of each message for JavaScript: its length, its flags, the length of its sender's address.
constexpr size_t kWordsPerMessage = 3;
constexpr size_t kAddressBytes = sizeof(sockaddr_storage);

// Where the messages are written: message i begins at i times the size of its part.
struct Slots {
  Bytes messages;
  size_t message_bytes;
  Bytes addresses;
  Bytes controls;
  size_t control_bytes;
  Int32s words;

  // As many as all of the memory has room for.
  size_t count() const {
    size_t count = std::min(kMaxMessages, messages.length / message_bytes);
    count = std::min({count, addresses.length / kAddressBytes, words.length / kWordsPerMessage});
    return control_bytes == 0 ? count : std::min(count, controls.length / control_bytes);
  }
};

class Batch {
 public:
  explicit Batch(const Slots& slots) : slots_(slots), count_(slots.count()) {
    for (size_t i = 0; i < count_; i++) {
      vectors_[i] = {slots.messages.data + i * slots.message_bytes, slots.message_bytes};
      msghdr& header = messages_[i].msg_hdr;
      header = {};
      header.msg_name = slots.addresses.data + i * kAddressBytes;
      header.msg_namelen = kAddressBytes;
      header.msg_iov = &vectors_[i];
      header.msg_iovlen = 1;
      if (slots.control_bytes == 0) continue;
      header.msg_control = slots.controls.data + i * slots.control_bytes;
      header.msg_controllen = slots.control_bytes;
    }
  }

  // With MSG_TRUNC the kernel gives the whole length of a message that was cut.
  int receive(int fd) {
    return throughSignals([&] {
      return ::recvmmsg(fd, messages_.data(), static_cast<unsigned>(count_),
                        MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC, nullptr);
    });
  }

  void describe(size_t received) {
    int32_t* word = slots_.words.data;
    for (size_t i = 0; i < received; i++, word += kWordsPerMessage) {
      const msghdr& header = messages_[i].msg_hdr;
      word[0] = static_cast<int32_t>(messages_[i].msg_len);
      // The kernel repeats the flag that was asked for.
      word[1] = header.msg_flags & ~MSG_CMSG_CLOEXEC;
      word[2] = static_cast<int32_t>(header.msg_namelen);
    }
  }

  bool hasControl(size_t received) const {
    return std::any_of(messages_.begin(), messages_.begin() + received,
                       [](const mmsghdr& message) { return message.msg_hdr.msg_controllen > 0; });
  }

  // Sets the elements of `target` whose messages have control messages.
  void setControls(Environment& environment, Napi::Array target, size_t received) {
    // A copy, which this call takes for itself: a setter, of `target` or of a prototype, runs JavaScript,
    // which can detach the memory or come here again.
    std::vector<uint8_t> bytes = copyControls(std::exchange(environment.controls, {}), received);
    // All of them first: fds that do not reach JavaScript are closed, whichever message fails.
    std::vector<ReceivedControl> controls;
    controls.reserve(received);
    const uint8_t* control = bytes.data();
    for (size_t i = 0; i < received; i++) {
      const size_t length = messages_[i].msg_hdr.msg_controllen;
      controls.emplace_back(control, length);
      control += length;
    }
    for (uint32_t i = 0; i < received; i++) {
      if (messages_[i].msg_hdr.msg_controllen == 0) continue;
      target.Set(i, controls[i].toJs(target.Env()));
      // Now, since the next element may be a setter that throws: fds that JavaScript has are not closed.
      controls[i].releaseFds();
    }
    environment.controls = std::move(bytes);
  }

 private:
  // End to end, in the memory of `bytes`.
  std::vector<uint8_t> copyControls(std::vector<uint8_t> bytes, size_t received) const {
    bytes.clear();
    for (size_t i = 0; i < received; i++) {
      const msghdr& header = messages_[i].msg_hdr;
      const auto* control = static_cast<const uint8_t*>(header.msg_control);
      if (header.msg_controllen > 0) bytes.insert(bytes.end(), control, control + header.msg_controllen);
    }
    return bytes;
  }

  const Slots& slots_;
  const size_t count_;
  std::array<iovec, kMaxMessages> vectors_;
  std::array<mmsghdr, kMaxMessages> messages_;
};

bool readSlots(const Arguments<8>& args, Slots* slots) {
  if (!args.bytes(args[1], "bytes", &slots->messages) ||
      !args.upTo(args[2], "messageBytes", slots->messages.length, &slots->message_bytes) ||
      !args.bytes(args[3], "addresses", &slots->addresses) ||
      !args.bytes(args[4], "control", &slots->controls) ||
      !args.upTo(args[5], "controlBytes", slots->controls.length, &slots->control_bytes) ||
      !args.int32s(args[6], "words", &slots->words)) {
    return false;
  }
  if (slots->message_bytes == 0) {
    throwOutOfRange(args.env(), "messageBytes", "at least 1", 0);
    return false;
  }
  return true;
}

napi_value recvDatagrams(napi_env env, napi_callback_info info) {
  Arguments<8> args(env, info);
  int fd;
  Slots slots;
  bool is_array = false;
  if (!args.fd(args[0], "fd", &fd) || !readSlots(args, &slots)) return nullptr;
  if (napi_is_array(env, args[7], &is_array) != napi_ok || !is_array) {
    return throwInvalidArgType(env, "controls", "an array");
  }
  Batch batch(slots);
  const int count = batch.receive(fd);
  if (count < 0) return makeInt32(env, -errno);
  const auto received = static_cast<size_t>(count);
  batch.describe(received);
  if (!batch.hasControl(received)) return makeInt32(env, count);
  return guarded(env, [&]() -> napi_value {
    batch.setControls(args.environment(), Napi::Array(env, args[7]), received);
    return makeInt32(env, count);
  });
}

}  // namespace

void exportDatagramBatches(Exports& exports) { exports.function("recvDatagrams", raw<recvDatagrams>); }

}  // namespace fdmux
