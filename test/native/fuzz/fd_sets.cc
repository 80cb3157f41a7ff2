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
  const auto all_places = [&](const std::vector<int32_t>& places) {
    for (size_t i = 0; i < places.size(); i++) require(places[i] == static_cast<int32_t>(i));
  };
  std::vector<int32_t> places(fds.size(), -1);
  require(findReady(sets, fds.data(), counts, fds.size(), places.data()) == fds.size());
  all_places(places);
  require(findReady(sets, fds.data(), counts, fds.size() / 2, places.data()) == fds.size() / 2);

  SelectQuestion question;
  require(!question.isAbout(fds.data(), counts));
  question.assign(fds.data(), counts);
  require(!question.isAbout(fds.data(), counts));
  question.complete(highest);
  require(question.isAbout(fds.data(), counts) && question.fds() == fds);
  // As a kernel that finds everything ready.
  size_t bits = 0;
  FdSets& answer = question.ask();
  for (size_t set = 0; set < kFdSetCount; set++) {
    for (int fd = 0; fd <= highest; fd++) bits += answer.contains(set, fd) ? 1 : 0;
    require((answer.get(set) != nullptr) == (counts[set] > 0));
  }
  require(answer.hasRepetitions() == (bits < fds.size()));
  places.assign(fds.size(), -1);
  require(question.ready(bits, places.data()) == fds.size());
  all_places(places);
  return 0;
}
