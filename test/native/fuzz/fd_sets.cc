// A set answers for exactly the fds that were added, and memory beyond it stays untouched.
#include "../../../native/fd_sets.h"

#include <set>

#include "input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fdmux;
  Input input(data, size);
  const size_t total = input.take<uint8_t>();
  const size_t reads = input.take<uint8_t>();
  std::vector<int32_t> fds = input.takeMany<int32_t>(total);
  for (int32_t& fd : fds) {
    if (fd > 0) fd %= 100000;  // as high as tables of fds are
  }
  const size_t read_count = reads < fds.size() ? reads : fds.size();
  const size_t write_count = (fds.size() - read_count) / 2;
  const size_t counts[kFdSetCount] = {read_count, write_count, fds.size() - read_count - write_count};

  FdSets sets;
  int highest;
  if (!findHighestFd(fds.data(), fds.size(), &highest)) {
    require(highest < 0);
    sets.reset(1000);
    require(!addAll(sets, fds.data(), counts));
    return 0;
  }
  sets.reset(highest);
  require(sets.nfds() == highest + 1);
  require(addAll(sets, fds.data(), counts));
  require(!sets.add(0, highest + 1) && !sets.contains(2, highest + 1) && !sets.add(1, -1));

  size_t position = 0;
  for (size_t set = 0; set < kFdSetCount; set++) {
    const std::set<int32_t> added(fds.begin() + position, fds.begin() + position + counts[set]);
    position += counts[set];
    for (int fd = 0; fd <= highest; fd += 1 + highest / 1000)
      require(sets.contains(set, fd) == (added.count(fd) > 0));
  }
  require(replaceWithReadiness(sets, fds.data(), counts) == fds.size());
  for (const int32_t flag : fds) require(flag == 1);
  return 0;
}
