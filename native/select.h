// select(2): https://man7.org/linux/man-pages/man2/select.2.html
#pragma once

#include <cstddef>
#include <cstdint>

#include "args.h"
#include "fd_sets.h"

namespace fdmux {

// The fds of the three sets, one list after the other.
struct SelectList {
  Int32s fds;
  size_t counts[kFdSetCount] = {};
  size_t total() const { return counts[0] + counts[1] + counts[2]; }
};

// Reads fds, readCount, writeCount, exceptCount from the four values at `values`.
bool readSelectList(const Reader& reader, napi_value fds, napi_value read_count, napi_value write_count,
                    napi_value except_count, SelectList* list);

// Whether select(2) will look at every fd up to `highest`. The kernel ignores the ones beyond its table of
// fds and leaves their bits set; it never shrinks that table, so one open fd shows that all below it are
// looked at.
bool isWithinFdTable(int highest);

}  // namespace fdmux
