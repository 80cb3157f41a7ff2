// The names and numbers of network interfaces: https://man7.org/linux/man-pages/man3/if_nametoindex.3.html
#include <net/if.h>

#include "call.h"
#include "exports.h"

namespace fdmux {
namespace {

Napi::Value ifNameToIndex(const Call& call) {
  const std::string name = call.string(0, "name", IF_NAMESIZE);
  const unsigned index = ::if_nametoindex(name.c_str());
  if (index == 0) call.failSystem(errno, "if_nametoindex");
  return Napi::Number::New(call.env(), index);
}

Napi::Value ifIndexToName(const Call& call) {
  const uint32_t index = call.uint32(0, "index");
  char name[IF_NAMESIZE];
  if (::if_indextoname(index, name) == nullptr) call.failSystem(errno, "if_indextoname");
  return Napi::String::New(call.env(), name);
}

}  // namespace

void exportInterfaces(Exports& exports) {
  exports.function("ifNameToIndex", cold<ifNameToIndex>);
  exports.function("ifIndexToName", cold<ifIndexToName>);
}

}  // namespace fdmux
