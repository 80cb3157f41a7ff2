// Cuts the bytes of a fuzzer into what a target needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  // Zeros once no bytes are left.
  template <typename Value>
  Value take() {
    Value value = {};
    const size_t count = size_ < sizeof value ? size_ : sizeof value;
    std::memcpy(&value, data_, count);
    skip(count);
    return value;
  }

  // At most `max` of them. In memory of their own, so that a read beyond the end is seen.
  template <typename Value>
  std::vector<Value> takeMany(size_t max) {
    const size_t available = size_ / sizeof(Value);
    std::vector<Value> values(available < max ? available : max);
    if (!values.empty()) std::memcpy(values.data(), data_, values.size() * sizeof(Value));
    skip(values.size() * sizeof(Value));
    values.shrink_to_fit();
    return values;
  }

 private:
  void skip(size_t count) {
    data_ += count;
    size_ -= count;
  }

  const uint8_t* data_;
  size_t size_;
};

inline void require(bool condition) {
  if (!condition) std::abort();
}
