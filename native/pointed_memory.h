// A struct for the kernel that holds pointers, with the buffers that they point to. The kernel writes as much
// as the struct's own fields say, which may be more than a buffer has. So each is copied to memory that ends
// at a page without access: a size that is wrong is EFAULT, and harms nothing.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "byte_list.h"
#include "call.h"
#include "guarded_memory.h"

namespace fdmux {

class PointedMemory {
 public:
  // Takes `[owner, offset, ...]` of each pointer, where owner 0 is the struct and i the i-th buffer, and the
  // list of the struct and the buffers: a pointer for each buffer, in order.
  PointedMemory(const Call& call, size_t links_index, size_t blocks_index, size_t struct_bytes) {
    std::vector<napi_value> elements;
    call.check(readArray(call.reader(), call[blocks_index], "pointers", kMaxBlocks, &elements));
    const Int32s links = call.int32s(links_index, "links");
    call.check(readVectors(call.reader(), elements, "pointers", &blocks_));
    if (blocks_.empty() || links.length != 2 * (blocks_.size() - 1)) {
      call.failRange("links", "two numbers for each pointer", static_cast<double>(links.length));
    }
    for (size_t i = 0; i < blocks_.size(); i++) {
      const size_t least = i == 0 ? struct_bytes : 0;
      if (blocks_[i].iov_len < least || blocks_[i].iov_len > kMaxBlockBytes) {
        call.failRange(
            "argument",
            "from " + std::to_string(least) + " to " + std::to_string(kMaxBlockBytes) + " bytes long",
            static_cast<double>(blocks_[i].iov_len));
      }
      memory_.emplace_back(blocks_[i].iov_len);
      if (memory_[i].data() == nullptr) call.failSystem(errno, "mmap");
      copy(memory_[i].data(), blocks_[i].iov_base, blocks_[i].iov_len);
    }
    for (size_t i = 1; i < blocks_.size(); i++) {
      link(call, links.data[2 * i - 2], links.data[2 * i - 1], memory_[i].data());
    }
  }

  uint8_t* data() const { return memory_[0].data(); }
  size_t length() const { return blocks_[0].iov_len; }

  // Hands back the bytes that the kernel has written. The pointers stay here: JavaScript must not see an
  // address.
  void copyBack() const {
    // Backwards: if two pointers overlap, the later one was written over the earlier.
    for (auto slot = slots_.rbegin(); slot != slots_.rend(); ++slot) {
      std::memcpy(memory_[slot->owner].data() + slot->offset, slot->bytes, sizeof slot->bytes);
    }
    for (size_t i = 0; i < blocks_.size(); i++)
      copy(blocks_[i].iov_base, memory_[i].data(), blocks_[i].iov_len);
  }

 private:
  static constexpr size_t kMaxBlocks = 1024;
  static constexpr size_t kMaxBlockBytes = size_t{16} * 1024 * 1024;

  // The bytes that were in the place of a pointer.
  struct Slot {
    size_t owner, offset;
    uint8_t bytes[sizeof(void*)];
  };

  static void copy(void* to, const void* from, size_t length) {
    if (length > 0) std::memcpy(to, from, length);
  }

  void link(const Call& call, int32_t owner, int32_t offset, const uint8_t* target) {
    if (owner < 0 || static_cast<size_t>(owner) >= blocks_.size()) {
      call.failRange("links", "the index of a buffer", owner);
    }
    const auto index = static_cast<size_t>(owner);
    const size_t length = blocks_[index].iov_len;
    if (offset < 0 || length < sizeof target || static_cast<size_t>(offset) > length - sizeof target) {
      call.failRange("pointers", "at offsets that leave room for a pointer", offset);
    }
    Slot slot = {index, static_cast<size_t>(offset), {}};
    uint8_t* place = memory_[index].data() + offset;
    std::memcpy(slot.bytes, place, sizeof slot.bytes);
    std::memcpy(place, &target, sizeof target);
    slots_.push_back(slot);
  }

  std::vector<iovec> blocks_;
  std::vector<GuardedMemory> memory_;
  std::vector<Slot> slots_;
};

}  // namespace fdmux
