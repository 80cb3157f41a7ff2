// Any control buffer is read to its end without leaving it; what was put together is read back as it was.
#include "../../../native/control_message.h"

#include "input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fdmux;
  Input input(data, size);
  const std::vector<uint8_t> raw = input.takeMany<uint8_t>(input.take<uint8_t>());
  ControlReader wild(raw.data(), raw.size());
  ControlMessage message;
  for (size_t count = 0; wild.next(&message); count++) {
    require(count <= raw.size() / sizeof(cmsghdr));
    require(message.data >= raw.data() && message.data + message.length <= raw.data() + raw.size());
    decodeControlMessage(message);
  }

  std::vector<std::vector<uint8_t>> payloads;
  std::vector<ControlMessage> messages;
  std::vector<uint8_t> buffer;
  for (int i = 0; i < 4; i++) {
    payloads.push_back(input.takeMany<uint8_t>(input.take<uint8_t>()));
    messages.push_back(
        {input.take<uint8_t>(), input.take<uint8_t>(), payloads.back().data(), payloads.back().size()});
    appendControlMessage(messages.back(), &buffer);
  }
  ControlReader reader(buffer.data(), buffer.size());
  for (const ControlMessage& wanted : messages) {
    require(reader.next(&message));
    require(message.level == wanted.level && message.type == wanted.type && message.length == wanted.length);
    require(wanted.length == 0 || std::memcmp(message.data, wanted.data, wanted.length) == 0);
    decodeControlMessage(message);
  }
  require(!reader.next(&message));
  return 0;
}
