// poll(2): https://man7.org/linux/man-pages/man2/poll.2.html
#pragma once

#include <poll.h>

#include "args.h"

namespace fdmux {

struct PollList {
  pollfd* entries = nullptr;
  size_t count = 0;
};

// Reads pollFds and count: an Int32Array that holds entries laid out as the kernel has them, with room for
// `words` int32 for each.
bool readPollList(const Reader& reader, napi_value poll_fds, napi_value count, size_t words, PollList* list);

// The words of one entry.
constexpr size_t kPollFdWords = sizeof(pollfd) / sizeof(int32_t);

}  // namespace fdmux
