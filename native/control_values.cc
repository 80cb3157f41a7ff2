#include "control_values.h"

#include <arpa/inet.h>

#include <string>

#include "byte_list.h"
#include "call.h"

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

Napi::Array ReceivedControl::toJs(Napi::Env env) const {
  Napi::Array array = Napi::Array::New(env);
  for (uint32_t i = 0; i < messages_.size(); i++) array.Set(i, describe(env, messages_[i]));
  return array;
}

void ReceivedControl::releaseFds() {
  for (UniqueFd& fd : fds_) fd.release();
}

Napi::Object ReceivedControl::describe(Napi::Env env, const Entry& entry) {
  const ControlParts& parts = entry.parts;
  Napi::Object object = Napi::Object::New(env);
  object.Set("level", entry.message.level);
  object.Set("type", entry.message.type);
  object.Set("data", orThrow(env, makeBytes(env, entry.message.data, entry.message.length)));
  switch (parts.kind) {
    case ControlKind::kRights: {
      object.Set("kind", "rights");
      Napi::Array fds = Napi::Array::New(env);
      for (uint32_t i = 0; i < parts.fds.size(); i++) fds.Set(i, parts.fds[i]);
      object.Set("fds", fds);
      break;
    }
    case ControlKind::kCredentials:
      object.Set("kind", "credentials");
      object.Set("pid", parts.credentials.pid);
      object.Set("uid", parts.credentials.uid);
      object.Set("gid", parts.credentials.gid);
      break;
    case ControlKind::kPacketInfo:
      object.Set("kind", "packet-info");
      object.Set("interfaceIndex", parts.packet_info.ipi_ifindex);
      object.Set("localHost", inetText(AF_INET, &parts.packet_info.ipi_spec_dst));
      object.Set("destinationHost", inetText(AF_INET, &parts.packet_info.ipi_addr));
      break;
    case ControlKind::kPacketInfo6:
      object.Set("kind", "packet-info6");
      object.Set("interfaceIndex", parts.packet_info6.ipi6_ifindex);
      object.Set("destinationHost", inetText(AF_INET6, &parts.packet_info6.ipi6_addr));
      break;
    case ControlKind::kTimeToLive:
      object.Set("kind", "ttl");
      object.Set("ttl", parts.number);
      break;
    case ControlKind::kTypeOfService:
      object.Set("kind", "tos");
      object.Set("tos", parts.number);
      break;
    case ControlKind::kTimestamp:
      object.Set("kind", "timestamp");
      object.Set("seconds", static_cast<double>(parts.seconds));
      object.Set("nanoseconds", static_cast<double>(parts.nanoseconds));
      break;
    case ControlKind::kSegmentSize:
      object.Set("kind", "segment-size");
      object.Set("sizeBytes", parts.number);
      break;
    case ControlKind::kPidFd:
      object.Set("kind", "pidfd");
      object.Set("fd", parts.fds.front());
      break;
    case ControlKind::kUnknown:
      object.Set("kind", "raw");
      break;
  }
  return object;
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
