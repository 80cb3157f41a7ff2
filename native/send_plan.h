// A list of (fd, start, end) triples to send, checked and grouped. Pure: no napi, no system call.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fdmux {

// Neighbouring operations on one fd.
struct SendRun {
  int fd;
  size_t first_operation;
  size_t first_vector;
  size_t vector_count;
};

class SendPlan {
 public:
  static constexpr size_t kWordsPerOperation = 3;

  // Reads every word once, since the list may lie in memory that other threads write to.
  // False if an fd is below 0 or a range does not lie in `bytes[0, length)`; the plan is then of no use.
  bool build(const int32_t* words, size_t count, uint8_t* bytes, size_t length) {
    vectors_.clear();
    runs_.clear();
    for (size_t i = 0; i < count; i++, words += kWordsPerOperation) {
      const int32_t fd = words[0], start = words[1], end = words[2];
      if (fd < 0 || start < 0 || end < start || static_cast<size_t>(end) > length) return false;
      if (runs_.empty() || runs_.back().fd != fd) runs_.push_back({fd, i, vectors_.size(), 0});
      append(bytes + start, static_cast<size_t>(end - start));
    }
    return true;
  }

  const std::vector<SendRun>& runs() const { return runs_; }
  iovec* vectors(const SendRun& run) { return vectors_.data() + run.first_vector; }

 private:
  // Merges ranges that touch.
  void append(uint8_t* data, size_t length) {
    if (length == 0) return;
    SendRun& run = runs_.back();
    if (run.vector_count > 0) {
      iovec& last = vectors_.back();
      if (static_cast<uint8_t*>(last.iov_base) + last.iov_len == data) {
        last.iov_len += length;
        return;
      }
    }
    vectors_.push_back({data, length});
    run.vector_count++;
  }

  std::vector<iovec> vectors_;
  std::vector<SendRun> runs_;
};

}  // namespace fdmux
