// Any bytes decode to something; what decodes to an address encodes to an equal one.
#include "../../../native/socket_address.h"

#include "input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fdmux;
  Input input(data, size);
  std::vector<uint8_t> bytes = input.takeMany<uint8_t>(200);
  // Most bytes name no family that is decoded; half of the time one is put in.
  if (bytes.size() > 2 && (bytes[2] & 1) != 0) {
    const sa_family_t families[] = {AF_INET, AF_INET6, AF_UNIX};
    std::memcpy(bytes.data(), &families[bytes[2] % 3], sizeof families[0]);
  }
  const AddressParts parts = decodeAddress(bytes.data(), bytes.size());
  SocketAddress encoded;
  const auto* text = reinterpret_cast<const uint8_t*>(parts.text.data());
  switch (parts.kind) {
    case AddressKind::kInet:
      require(encodeInet4(parts.text.c_str(), parts.port, &encoded));
      break;
    case AddressKind::kInet6:
      require(encodeInet6(parts.text.c_str(), parts.port, parts.flow_info, parts.scope_id, &encoded));
      break;
    case AddressKind::kUnixPath:
    case AddressKind::kUnixAbstract:
      if (!encodeUnix(text, parts.text.size(), parts.kind == AddressKind::kUnixAbstract, &encoded)) {
        require(parts.text.size() > kMaxUnixNameBytes);
        return 0;
      }
      break;
    case AddressKind::kUnixUnnamed:
    case AddressKind::kUnknown:
      return 0;
  }
  require(encoded.length <= sizeof encoded.storage);
  const AddressParts again =
      decodeAddress(reinterpret_cast<const uint8_t*>(&encoded.storage), encoded.length);
  require(again.kind == parts.kind && again.text == parts.text && again.port == parts.port &&
          again.flow_info == parts.flow_info && again.scope_id == parts.scope_id);
  return 0;
}
