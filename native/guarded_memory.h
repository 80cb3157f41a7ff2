// Memory of its own, right below a page without access: a call that writes beyond it gets EFAULT, and harms
// nothing. Pure: no napi.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace fdmux {

class GuardedMemory {
 public:
  // Null data if there is no memory.
  explicit GuardedMemory(size_t length) {
    const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    const size_t usable = (std::max<size_t>(length, 1) + page - 1) / page * page;
    mapped_ = usable + page;
    void* start = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) return;
    start_ = static_cast<uint8_t*>(start);
    if (::mprotect(start_ + usable, page, PROT_NONE) == 0) data_ = start_ + usable - length;
  }
  GuardedMemory(GuardedMemory&& other) noexcept
      : start_(std::exchange(other.start_, nullptr)), mapped_(other.mapped_), data_(other.data_) {}
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;
  GuardedMemory& operator=(GuardedMemory&&) = delete;
  ~GuardedMemory() {
    if (start_ != nullptr) ::munmap(start_, mapped_);
  }
  uint8_t* data() const { return data_; }

 private:
  uint8_t* start_ = nullptr;
  size_t mapped_ = 0;
  uint8_t* data_ = nullptr;
};

}  // namespace fdmux
