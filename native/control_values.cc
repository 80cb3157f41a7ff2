#include "control_values.h"

#include <arpa/inet.h>

#include <string>

#include "byte_list.h"
#include "object_builder.h"

namespace fdmux {
namespace {

std::string inetText(int family, const void* address) {
  char text[INET6_ADDRSTRLEN];
  return ::inet_ntop(family, address, text, sizeof text);
}

constexpr size_t kWordsPerMessage = 3;

bool append(const Reader& reader, int level, int type, const iovec& content, std::vector<uint8_t>* control) {
  if (control->size() + content.iov_len > kMaxControlBytes) {
    throwOutOfRange(reader.env(), "controlData",
                    "at most " + std::to_string(kMaxControlBytes) + " bytes long",
                    static_cast<double>(control->size() + content.iov_len));
    return false;
  }
  ControlMessage message;
  message.level = level;
  message.type = type;
  message.data = static_cast<const uint8_t*>(content.iov_base);
  message.length = content.iov_len;
  appendControlMessage(message, control);
  return true;
}

}  // namespace

ReceivedControl::ReceivedControl(const uint8_t* buffer, size_t length) {
  ControlReader reader(buffer, length);
  ControlMessage message;
  while (reader.next(&message)) {
    messages_.push_back({message, decodeControlMessage(message)});
    for (int fd : messages_.back().parts.fds) fds_.emplace_back(fd);
  }
}

napi_value ReceivedControl::toJs(napi_env env) const {
  ArrayBuilder array(env);
  for (const Entry& entry : messages_) {
    if (array.failed()) break;
    array.add(describe(env, entry));
  }
  return array.result();
}

void ReceivedControl::releaseFds() {
  for (UniqueFd& fd : fds_) fd.release();
}

napi_value ReceivedControl::describe(napi_env env, const Entry& entry) {
  const ControlParts& parts = entry.parts;
  ObjectBuilder object(env);
  object.number("level", entry.message.level);
  object.number("type", entry.message.type);
  if (!object.failed()) object.value("data", makeBytes(env, entry.message.data, entry.message.length));
  switch (parts.kind) {
    case ControlKind::kRights: {
      object.text("kind", "rights");
      ArrayBuilder fds(env);
      for (int fd : parts.fds) fds.number(fd);
      object.value("fds", fds.result());
      break;
    }
    case ControlKind::kCredentials:
      object.text("kind", "credentials");
      object.number("pid", parts.credentials.pid);
      object.number("uid", parts.credentials.uid);
      object.number("gid", parts.credentials.gid);
      break;
    case ControlKind::kPacketInfo:
      object.text("kind", "packet-info");
      object.number("interfaceIndex", parts.packet_info.ipi_ifindex);
      object.text("localHost", inetText(AF_INET, &parts.packet_info.ipi_spec_dst));
      object.text("destinationHost", inetText(AF_INET, &parts.packet_info.ipi_addr));
      break;
    case ControlKind::kPacketInfo6:
      object.text("kind", "packet-info6");
      object.number("interfaceIndex", parts.packet_info6.ipi6_ifindex);
      object.text("destinationHost", inetText(AF_INET6, &parts.packet_info6.ipi6_addr));
      break;
    case ControlKind::kTimeToLive:
      object.text("kind", "ttl");
      object.number("ttl", parts.number);
      break;
    case ControlKind::kTypeOfService:
      object.text("kind", "tos");
      object.number("tos", parts.number);
      break;
    case ControlKind::kTimestamp:
      object.text("kind", "timestamp");
      object.number("seconds", static_cast<double>(parts.seconds));
      object.number("nanoseconds", static_cast<double>(parts.nanoseconds));
      break;
    case ControlKind::kSegmentSize:
      object.text("kind", "segment-size");
      object.number("sizeBytes", parts.number);
      break;
    case ControlKind::kUnknown:
      object.text("kind", "raw");
      break;
  }
  return object.result();
}

bool encodeControls(const Reader& reader, napi_value kinds, const std::vector<napi_value>& data,
                    std::vector<std::vector<uint8_t>>* controls) {
  Int32s words;
  std::vector<iovec> contents;
  if (!reader.int32s(kinds, "controlKinds", &words) || !readVectors(reader, data, "controlData", &contents)) {
    return false;
  }
  if (words.length != kWordsPerMessage * contents.size()) {
    throwOutOfRange(reader.env(), "controlKinds", "three times as long as controlData",
                    static_cast<double>(words.length));
    return false;
  }
  const int32_t* word = words.data;
  for (const iovec& content : contents) {
    const int32_t index = word[0], level = word[1], type = word[2];
    word += kWordsPerMessage;
    if (index < 0 || static_cast<size_t>(index) >= controls->size()) {
      throwOutOfRange(reader.env(), "controlKinds", "made of numbers of messages, levels and types", index);
      return false;
    }
    if (!append(reader, level, type, content, &(*controls)[static_cast<size_t>(index)])) return false;
  }
  return true;
}

}  // namespace fdmux
