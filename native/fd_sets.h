// The bit sets of select(2), as large as the highest fd asks for. Pure: no napi, no system call.
#pragma once

#include <sys/select.h>

#include <climits>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fdmux {

// The sets in the order of select(2) and of every list that names fds for it: read, write, except.
constexpr size_t kFdSetCount = 3;

// Three sets of equal size in one allocation.
class FdSets {
 public:
  // Empties the sets and makes room for the fds from 0 to `highest`; -1 for none.
  void reset(int highest) {
    fd_limit_ = highest < 0 ? 0 : static_cast<size_t>(highest) + 1;
    words_ = (fd_limit_ + kBitsPerWord - 1) / kBitsPerWord;
    storage_.assign(words_ * kFdSetCount, 0);
  }

  // False, and nothing done, where `fd` has no room.
  bool add(size_t set, int fd) {
    if (!hasRoom(fd)) return false;
    storage_[index(set, fd)] |= bit(fd);
    return true;
  }
  bool contains(size_t set, int fd) const { return hasRoom(fd) && (storage_[index(set, fd)] & bit(fd)) != 0; }

  // The first argument of select(2).
  int nfds() const { return static_cast<int>(fd_limit_); }
  // Not an fd_set of FD_SETSIZE bits: only for select(2) itself, which looks at the first nfds() bits.
  fd_set* get(size_t set) { return reinterpret_cast<fd_set*>(storage_.data() + set * words_); }

 private:
  // The kernel's unit: it copies whole longs.
  using Word = unsigned long;
  static constexpr size_t kBitsPerWord = sizeof(Word) * CHAR_BIT;

  bool hasRoom(int fd) const { return fd >= 0 && static_cast<size_t>(fd) < fd_limit_; }
  size_t index(size_t set, int fd) const { return set * words_ + static_cast<size_t>(fd) / kBitsPerWord; }
  static Word bit(int fd) { return Word{1} << (static_cast<size_t>(fd) % kBitsPerWord); }

  size_t fd_limit_ = 0;
  size_t words_ = 0;
  std::vector<Word> storage_;
};

// Finds the highest of `count` fds (-1 for none). False, with `*highest` the culprit, where one is below 0.
inline bool findHighestFd(const int32_t* fds, size_t count, int* highest) {
  *highest = -1;
  for (size_t i = 0; i < count; i++) {
    const int fd = fds[i];
    if (fd > *highest) *highest = fd;
    if (fd < 0) {
      *highest = fd;
      return false;
    }
  }
  return true;
}

// Adds `fds`, which lists counts[0] read, counts[1] write and counts[2] except fds. False where one has no
// room.
inline bool addAll(FdSets& sets, const int32_t* fds, const size_t (&counts)[kFdSetCount]) {
  for (size_t set = 0; set < kFdSetCount; set++) {
    for (size_t i = 0; i < counts[set]; i++) {
      if (!sets.add(set, *fds++)) return false;
    }
  }
  return true;
}

// Writes 1 in place of each of the fds that its set contains and 0 in place of the others; tells how many
// ones.
inline size_t replaceWithReadiness(const FdSets& sets, int32_t* fds, const size_t (&counts)[kFdSetCount]) {
  size_t ready = 0;
  for (size_t set = 0; set < kFdSetCount; set++) {
    for (size_t i = 0; i < counts[set]; i++, fds++) {
      const bool is_ready = sets.contains(set, *fds);
      *fds = is_ready ? 1 : 0;
      ready += is_ready ? 1 : 0;
    }
  }
  return ready;
}

}  // namespace fdmux
