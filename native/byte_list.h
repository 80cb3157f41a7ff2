// An array of Uint8Arrays, as the vectors of readv(2) and similar calls.
#pragma once

#include <sys/uio.h>

#include <climits>
#include <string>
#include <vector>

#include "args.h"

namespace fdmux {

// Elements may be getters, so all of them are fetched before the memory of any is looked at.
inline bool readArray(const Reader& reader, napi_value value, const char* name, size_t max,
                      std::vector<napi_value>* elements) {
  bool is_array = false;
  uint32_t length = 0;
  if (napi_is_array(reader.env(), value, &is_array) != napi_ok || !is_array) {
    throwInvalidArgType(reader.env(), name, "an array");
    return false;
  }
  if (!succeeded(reader.env(), napi_get_array_length(reader.env(), value, &length))) return false;
  if (length > max) {
    throwOutOfRange(reader.env(), name, "an array of at most " + std::to_string(max) + " elements", length);
    return false;
  }
  elements->resize(length);
  for (uint32_t i = 0; i < length; i++) {
    if (!succeeded(reader.env(), napi_get_element(reader.env(), value, i, &(*elements)[i]))) return false;
  }
  return true;
}

// The vectors point into memory of JavaScript: they hold until it runs again.
inline bool readVectors(const Reader& reader, const std::vector<napi_value>& elements, const char* name,
                        std::vector<iovec>* vectors) {
  vectors->reserve(elements.size());
  for (napi_value element : elements) {
    Bytes bytes;
    if (!reader.bytes(element, name, &bytes)) return false;
    vectors->push_back({bytes.data, bytes.length});
  }
  return true;
}

// Of one sendmsg(2) or recvmsg(2); more is EMSGSIZE.
constexpr size_t kMaxVectors = IOV_MAX;

}  // namespace fdmux
