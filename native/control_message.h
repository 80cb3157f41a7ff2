// Control messages (ancillary data) to and from their parts: cmsg(3). Pure: no napi, no system call. Lengths
// inside a buffer are believed only after they are checked against its end.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <vector>

namespace fdmux {

// One message; `data` points into the buffer that it was read from.
struct ControlMessage {
  int level = 0;
  int type = 0;
  const uint8_t* data = nullptr;
  size_t length = 0;
};

// Reads the messages of one buffer in turn. CMSG_NXTHDR is left alone: it trusts cmsg_len, and some C
// libraries' arithmetic overflows on a wild one.
class ControlReader {
 public:
  ControlReader(const uint8_t* buffer, size_t length) : buffer_(buffer), length_(length) {}

  // False at the end, or if the rest is not a whole message.
  bool next(ControlMessage* message) {
    if (length_ - position_ < sizeof(cmsghdr)) return false;
    cmsghdr header;
    std::memcpy(&header, buffer_ + position_, sizeof header);
    const size_t whole = header.cmsg_len;
    if (whole < CMSG_LEN(0) || whole > length_ - position_) return false;
    message->level = header.cmsg_level;
    message->type = header.cmsg_type;
    message->data = buffer_ + position_ + CMSG_LEN(0);
    message->length = whole - CMSG_LEN(0);
    // The padding after the last message may be missing.
    const size_t spaced = CMSG_ALIGN(whole);
    position_ = spaced < length_ - position_ ? position_ + spaced : length_;
    return true;
  }

 private:
  const uint8_t* buffer_;
  size_t length_;
  size_t position_ = 0;
};

enum class ControlKind {
  kRights,
  kCredentials,
  kPacketInfo,
  kPacketInfo6,
  kTimeToLive,
  kTypeOfService,
  kTimestamp,
  kSegmentSize,
  kPidFd,
  kUnknown,
};

// Whether `message` holds at least one Struct, which is then copied out: its bytes lie at any alignment.
template <typename Struct>
bool copyOut(const ControlMessage& message, Struct* out) {
  if (message.length < sizeof(Struct)) return false;
  std::memcpy(out, message.data, sizeof(Struct));
  return true;
}

// The fields of a message. Only the members that its kind names mean anything.
struct ControlParts {
  ControlKind kind = ControlKind::kUnknown;
  std::vector<int> fds;           // kRights, kPidFd
  ucred credentials = {};         // kCredentials
  in_pktinfo packet_info = {};    // kPacketInfo
  in6_pktinfo packet_info6 = {};  // kPacketInfo6
  // kTimeToLive (IPv6: the hop limit), kTypeOfService (IPv6: the traffic class), kSegmentSize
  int number = 0;
  int64_t seconds = 0;      // kTimestamp, since 1970
  int64_t nanoseconds = 0;  // kTimestamp
};

// Older C libraries have no name for it: unix(7), SO_PASSPIDFD.
constexpr int kScmPidFd = 4;

inline void decodeSocketMessage(const ControlMessage& message, ControlParts* parts) {
  switch (message.type) {
    case SCM_RIGHTS:
      parts->kind = ControlKind::kRights;
      parts->fds.resize(message.length / sizeof(int));
      if (!parts->fds.empty()) std::memcpy(parts->fds.data(), message.data, parts->fds.size() * sizeof(int));
      break;
    case kScmPidFd: {
      int fd;
      if (!copyOut(message, &fd) || fd < 0) break;
      parts->kind = ControlKind::kPidFd;
      parts->fds.push_back(fd);
      break;
    }
    case SCM_CREDENTIALS:
      if (copyOut(message, &parts->credentials)) parts->kind = ControlKind::kCredentials;
      break;
    case SCM_TIMESTAMP: {
      timeval time;
      if (!copyOut(message, &time) || time.tv_usec < 0 || time.tv_usec >= 1000000) break;
      parts->kind = ControlKind::kTimestamp;
      parts->seconds = time.tv_sec;
      parts->nanoseconds = static_cast<int64_t>(time.tv_usec) * 1000;
      break;
    }
    case SCM_TIMESTAMPNS: {
      timespec time;
      if (!copyOut(message, &time)) break;
      parts->kind = ControlKind::kTimestamp;
      parts->seconds = time.tv_sec;
      parts->nanoseconds = time.tv_nsec;
      break;
    }
  }
}

inline void decodeInetMessage(const ControlMessage& message, ControlParts* parts) {
  uint8_t octet;
  switch (message.type) {
    case IP_PKTINFO:
      if (copyOut(message, &parts->packet_info)) parts->kind = ControlKind::kPacketInfo;
      break;
    case IP_TTL:
      if (copyOut(message, &parts->number)) parts->kind = ControlKind::kTimeToLive;
      break;
    case IP_TOS:  // one byte long as received, an int as sent
      if (!copyOut(message, &octet)) break;
      parts->kind = ControlKind::kTypeOfService;
      parts->number = octet;
      break;
  }
}

inline void decodeInet6Message(const ControlMessage& message, ControlParts* parts) {
  switch (message.type) {
    case IPV6_PKTINFO:
      if (copyOut(message, &parts->packet_info6)) parts->kind = ControlKind::kPacketInfo6;
      break;
    case IPV6_HOPLIMIT:
      if (copyOut(message, &parts->number)) parts->kind = ControlKind::kTimeToLive;
      break;
    case IPV6_TCLASS:
      if (copyOut(message, &parts->number)) parts->kind = ControlKind::kTypeOfService;
      break;
  }
}

// Older C libraries have no name for it: udp(7).
constexpr int kUdpGro = 104;

inline void decodeUdpMessage(const ControlMessage& message, ControlParts* parts) {
  if (message.type == kUdpGro && copyOut(message, &parts->number)) parts->kind = ControlKind::kSegmentSize;
}

// A message that is too short for its type is unknown.
inline ControlParts decodeControlMessage(const ControlMessage& message) {
  ControlParts parts;
  switch (message.level) {
    case SOL_SOCKET:
      decodeSocketMessage(message, &parts);
      break;
    case IPPROTO_IP:
      decodeInetMessage(message, &parts);
      break;
    case IPPROTO_IPV6:
      decodeInet6Message(message, &parts);
      break;
    case IPPROTO_UDP:
      decodeUdpMessage(message, &parts);
      break;
  }
  return parts;
}

// Puts one message at the end of `buffer`, with its padding.
inline void appendControlMessage(const ControlMessage& message, std::vector<uint8_t>* buffer) {
  cmsghdr header = {};
  header.cmsg_level = message.level;
  header.cmsg_type = message.type;
  header.cmsg_len = static_cast<decltype(header.cmsg_len)>(CMSG_LEN(message.length));
  const size_t start = buffer->size();
  buffer->resize(start + CMSG_SPACE(message.length));
  std::memcpy(buffer->data() + start, &header, sizeof header);
  if (message.length > 0) std::memcpy(buffer->data() + start + CMSG_LEN(0), message.data, message.length);
}

}  // namespace fdmux
