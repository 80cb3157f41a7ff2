// Many datagrams to one socket in one native call, out of memory that is used again and again: a message
// costs no object. https://man7.org/linux/man-pages/man2/sendmmsg.2.html, UDP_SEGMENT in
// https://man7.org/linux/man-pages/man7/udp.7.html
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "args.h"
#include "exports.h"
#include "transfer.h"

namespace fdmux {
namespace {

// So few that the call's memory for them is on the stack.
constexpr size_t kMaxMessages = 256;
// The words of each message from JavaScript: start and length of its bytes, start and length of its address.
constexpr size_t kWordsPerMessage = 4;
// Some C libraries lack the name.
constexpr int kUdpSegment = 103;
// The kernel cuts one message into at most this many (UDP_MAX_SEGMENTS of its first versions) ...
constexpr size_t kMaxSegments = 64;
// ... and refuses segments that do not fit into one packet. These fit on every path of IPv6.
constexpr size_t kMaxSegmentBytes = 1200;
// All segments of a message together: the room in a datagram of IPv4 with the longest options.
constexpr size_t kMaxRunBytes = 65535 - 60 - 8;

struct Message {
  size_t start, length, address_start, address_length;
};

// The arguments of one sendmmsg(2). They hold until JavaScript runs again.
class Sends {
 public:
  // False if something does not lie in `bytes`.
  bool build(const Bytes& bytes, const int32_t* words, size_t count, bool segments) {
    for (size_t i = 0; i < count; i++, words += kWordsPerMessage) {
      Message message;
      if (!read(words, bytes.length, &message)) return false;
      if (segments && count_ > 0 && joinsLatest(message)) {
        append(bytes.data, message);
      } else {
        begin(bytes.data, message);
      }
    }
    return true;
  }

  // Returns how many messages were sent, which the kernel counts as fewer.
  ssize_t send(int fd) {
    for (size_t i = 0; i < count_; i++) {
      if (messages_[i] > 1) setSegments(i);
    }
    const int sent = throughSignals([&] {
      return ::sendmmsg(fd, headers_.data(), static_cast<unsigned>(count_), MSG_DONTWAIT | MSG_NOSIGNAL);
    });
    if (sent < 0) return -errno;
    ssize_t total = 0;
    for (int i = 0; i < sent; i++) total += static_cast<ssize_t>(messages_[i]);
    return total;
  }

 private:
  static bool read(const int32_t* words, size_t length, Message* message) {
    for (size_t i = 0; i < kWordsPerMessage; i++) {
      if (words[i] < 0) return false;
    }
    *message = {static_cast<size_t>(words[0]), static_cast<size_t>(words[1]), static_cast<size_t>(words[2]),
                static_cast<size_t>(words[3])};
    return message->start + message->length <= length &&
           message->address_start + message->address_length <= length &&
           message->address_length <= sizeof(sockaddr_storage);
  }

  // A shorter one is the last of its run, and an empty one none at all.
  bool joinsLatest(const Message& message) const {
    const size_t run = count_ - 1;
    return message.address_start == latest_.address_start &&
           message.address_length == latest_.address_length && message.length > 0 &&
           message.length <= segment_bytes_ && latest_.length == segment_bytes_ &&
           segment_bytes_ <= kMaxSegmentBytes && messages_[run] < kMaxSegments &&
           run_bytes_ + message.length <= kMaxRunBytes;
  }

  void begin(uint8_t* bytes, const Message& message) {
    msghdr& header = headers_[count_].msg_hdr;
    header = {};
    header.msg_name = message.address_length > 0 ? bytes + message.address_start : nullptr;
    header.msg_namelen = static_cast<socklen_t>(message.address_length);
    header.msg_iov = &vectors_[vector_count_];
    header.msg_iovlen = 1;
    vectors_[vector_count_++] = {bytes + message.start, message.length};
    messages_[count_++] = 1;
    segment_bytes_ = message.length;
    run_bytes_ = message.length;
    latest_ = message;
  }

  void append(uint8_t* bytes, const Message& message) {
    msghdr& header = headers_[count_ - 1].msg_hdr;
    iovec& last = vectors_[vector_count_ - 1];
    uint8_t* data = bytes + message.start;
    if (static_cast<uint8_t*>(last.iov_base) + last.iov_len == data) {
      last.iov_len += message.length;
    } else {
      vectors_[vector_count_++] = {data, message.length};
      header.msg_iovlen++;
    }
    segments_[count_ - 1] = static_cast<uint16_t>(segment_bytes_);
    messages_[count_ - 1]++;
    run_bytes_ += message.length;
    latest_ = message;
  }

  void setSegments(size_t run) {
    msghdr& header = headers_[run].msg_hdr;
    header.msg_control = controls_[run].data;
    header.msg_controllen = sizeof controls_[run].data;
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = IPPROTO_UDP;
    control->cmsg_type = kUdpSegment;
    control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    std::memcpy(CMSG_DATA(control), &segments_[run], sizeof(uint16_t));
  }

  struct Control {
    alignas(cmsghdr) uint8_t data[CMSG_SPACE(sizeof(uint16_t))];
  };

  // Of messages that the kernel sees; each is a run of ours.
  size_t count_ = 0;
  size_t vector_count_ = 0;
  // Of the latest run.
  size_t segment_bytes_ = 0;
  size_t run_bytes_ = 0;
  Message latest_ = {};
  std::array<mmsghdr, kMaxMessages> headers_;
  std::array<iovec, kMaxMessages> vectors_;
  std::array<size_t, kMaxMessages> messages_;
  std::array<uint16_t, kMaxMessages> segments_;
  std::array<Control, kMaxMessages> controls_;
};

napi_value sendDatagrams(napi_env env, napi_callback_info info) {
  Arguments<6> args(env, info);
  int fd;
  Bytes bytes;
  Int32s words;
  size_t first, count;
  bool segments;
  if (!args.fd(args[0], "fd", &fd) || !args.bytes(args[1], "bytes", &bytes) ||
      !args.int32s(args[2], "words", &words)) {
    return nullptr;
  }
  const size_t available = words.length / kWordsPerMessage;
  if (!args.upTo(args[3], "first", available, &first) ||
      !args.upTo(args[4], "count", std::min(kMaxMessages, available - first), &count) ||
      !args.boolean(args[5], "segments", &segments)) {
    return nullptr;
  }
  Sends sends;
  if (!sends.build(bytes, words.data + first * kWordsPerMessage, count, segments)) {
    return throwOutOfRange(env, "words", "ranges within bytes", 0);
  }
  return makeInt32(env, static_cast<int32_t>(sends.send(fd)));
}

}  // namespace

void exportDatagramSends(Exports& exports) { exports.function("sendDatagrams", raw<sendDatagrams>); }

}  // namespace fdmux
