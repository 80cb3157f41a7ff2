// The bit sets of select(2), as large as the highest fd asks for. Pure: no napi, no system call.
#pragma once

#include <sys/select.h>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
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
    for (bool& is_used : is_used_) is_used = false;
    has_repetitions_ = false;
  }

  // False, with nothing done, if `fd` has no room.
  bool add(size_t set, int fd) {
    if (!hasRoom(fd)) return false;
    Word& word = storage_[index(set, fd)];
    has_repetitions_ = has_repetitions_ || (word & bit(fd)) != 0;
    word |= bit(fd);
    is_used_[set] = true;
    return true;
  }
  // Whether an fd was added twice to the same set, so that the kernel's count is not that of the entries.
  bool hasRepetitions() const { return has_repetitions_; }
  bool contains(size_t set, int fd) const { return hasRoom(fd) && (storage_[index(set, fd)] & bit(fd)) != 0; }

  // The first argument of select(2).
  int nfds() const { return static_cast<int>(fd_limit_); }
  // Not an fd_set of FD_SETSIZE bits: only for select(2) itself, which looks at the first nfds() bits. Null
  // for a set to which nothing was added: the kernel copies none in and none out then.
  fd_set* get(size_t set) {
    return is_used_[set] ? reinterpret_cast<fd_set*>(storage_.data() + set * words_) : nullptr;
  }

 private:
  // The kernel's unit: it copies whole longs.
  using Word = unsigned long;
  static constexpr size_t kBitsPerWord = sizeof(Word) * CHAR_BIT;

  bool hasRoom(int fd) const { return fd >= 0 && static_cast<size_t>(fd) < fd_limit_; }
  size_t index(size_t set, int fd) const { return set * words_ + static_cast<size_t>(fd) / kBitsPerWord; }
  static Word bit(int fd) { return Word{1} << (static_cast<size_t>(fd) % kBitsPerWord); }

  size_t fd_limit_ = 0;
  size_t words_ = 0;
  bool is_used_[kFdSetCount] = {};
  bool has_repetitions_ = false;
  std::vector<Word> storage_;
};

// Finds the highest of `count` fds (-1 for none). False, with `*highest` the culprit, if one is below 0.
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

// Adds `fds`, which lists counts[0] read, counts[1] write and counts[2] except fds. False if one has no
// room.
inline bool addAll(FdSets& sets, const int32_t* fds, const size_t (&counts)[kFdSetCount]) {
  for (size_t set = 0; set < kFdSetCount; set++) {
    for (size_t i = 0; i < counts[set]; i++) {
      if (!sets.add(set, *fds++)) return false;
    }
  }
  return true;
}

// Writes to `places` the places in `fds` of those that their sets contain, ascending, and stops after `most`
// of them; returns how many there are.
inline size_t findReady(const FdSets& sets, const int32_t* fds, const size_t (&counts)[kFdSetCount],
                        size_t most, int32_t* places) {
  size_t found = 0;
  size_t place = 0;
  for (size_t set = 0; set < kFdSetCount; set++) {
    for (const size_t end = place + counts[set]; place < end; place++) {
      if (found == most) return found;
      if (sets.contains(set, fds[place])) places[found++] = static_cast<int32_t>(place);
    }
  }
  return found;
}

// The fds of three sets, one list after the other, with the sets that they make.
//
// A program asks about the same fds again and again, so the sets are kept and only their bits are copied.
class SelectQuestion {
 public:
  // Whether it has exactly these fds.
  bool isAbout(const int32_t* fds, const size_t (&counts)[kFdSetCount]) const {
    if (!is_complete_) return false;
    size_t total = 0;
    for (size_t set = 0; set < kFdSetCount; set++) {
      if (counts[set] != counts_[set]) return false;
      total += counts[set];
    }
    return total == 0 || std::memcmp(fds, fds_.data(), total * sizeof(*fds)) == 0;
  }

  // Copies the fds. From here on only the copy counts: another thread may write to the original.
  void assign(const int32_t* fds, const size_t (&counts)[kFdSetCount]) {
    is_complete_ = false;
    std::copy(std::begin(counts), std::end(counts), counts_);
    fds_.assign(fds, fds + counts[0] + counts[1] + counts[2]);
  }

  // Makes the sets; `highest` is the highest of the fds, none of which is below 0.
  void complete(int highest) {
    sets_.reset(highest);
    is_complete_ = addAll(sets_, fds_.data(), counts_);
  }

  const std::vector<int32_t>& fds() const { return fds_; }

  // The sets for the kernel to leave its answer in.
  FdSets& ask() {
    answer_ = sets_;
    return answer_;
  }

  // The kernel's answer: the places of the ready fds, of which it has counted `count`.
  size_t ready(size_t count, int32_t* places) const {
    return findReady(answer_, fds_.data(), counts_, sets_.hasRepetitions() ? fds_.size() : count, places);
  }

 private:
  std::vector<int32_t> fds_;
  size_t counts_[kFdSetCount] = {};
  FdSets sets_;
  FdSets answer_;
  bool is_complete_ = false;
};

}  // namespace fdmux
