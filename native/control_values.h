// Control messages as JavaScript has them, received and to be sent.
#pragma once

#include <napi.h>

#include <vector>

#include "args.h"
#include "control_message.h"
#include "unique_fd.h"

namespace fdmux {

// Far beyond net.core.optmem_max, which bounds the bytes that the kernel takes.
constexpr size_t kMaxControlBytes = size_t{1024} * 1024;

// The contents of a received buffer. The fds in it are this object's until they are released.
class ReceivedControl {
 public:
  ReceivedControl(const uint8_t* buffer, size_t length);
  Napi::Array toJs(Napi::Env env) const;
  // JavaScript owns them from here.
  void releaseFds();

 private:
  struct Entry {
    ControlMessage message;
    ControlParts parts;
  };
  static Napi::Object describe(Napi::Env env, const Entry& entry);

  std::vector<Entry> messages_;
  std::vector<UniqueFd> fds_;
};

// Encodes the messages for sendmsg(2). `kinds` holds three numbers for each element of `data`: the index in
// `controls` that it belongs to, its level and its type. False with an exception pending.
bool encodeControls(const Reader& reader, napi_value kinds, const std::vector<napi_value>& data,
                    std::vector<std::vector<uint8_t>>* controls);

// `control` must outlive the call that takes the message.
inline void setControl(msghdr* message, std::vector<uint8_t>& control) {
  message->msg_control = control.empty() ? nullptr : control.data();
  message->msg_controllen = control.size();
}

}  // namespace fdmux
