// Which files lose an event when they are polled.
//
// poll(2), select(2) and epoll_wait(2) ask a file's driver for its state. Most drivers only answer. Some take
// the event back as they answer, so that the second to ask sees nothing: /proc/PID/mounts and mountinfo,
// /proc/swaps, sysctl files (fs/proc), pressure stall triggers (kernel/sched/psi.c), perf events
// (kernel/events/core.c), drivers outside the kernel's own tree, and an epoll instance that watches any of
// these.
#include "event_loss.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "call.h"
#include "exports.h"

namespace fdmux {
namespace {

// Linux, Documentation/admin-guide/devices.txt: consoles and serial lines, /dev/tty and /dev/ptmx,
// pseudoterminals.
bool isTerminal(dev_t device) {
  const unsigned major_number = major(device);
  return major_number == 4 || major_number == 5 || (major_number >= 128 && major_number <= 143);
}

// Files that the kernel names after their kind. An epoll instance is not among them, because the files it
// watches are unknown.
bool isKnownByName(int fd) {
  constexpr std::string_view kKnown[] = {
      "anon_inode:[eventfd]", "anon_inode:[timerfd]",  "anon_inode:[signalfd]",   "anon_inode:inotify",
      "anon_inode:[pidfd]",   "anon_inode:[fanotify]", "anon_inode:[userfaultfd]"};
  char path[32];
  std::snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  char name[32];
  const ssize_t length = ::readlink(path, name, sizeof(name));
  if (length < 0) return false;  // no /proc
  const std::string_view is(name, static_cast<size_t>(length));
  for (const std::string_view known : kKnown) {
    if (is == known) return true;
  }
  constexpr std::string_view kPidFd = "pidfd:[";
  return is.substr(0, kPidFd.size()) == kPidFd;
}

}  // namespace

bool losesEvents(int fd) {
  struct stat file;
  if (::fstat(fd, &file) != 0) return false;
  switch (file.st_mode & S_IFMT) {
    case S_IFSOCK:
    case S_IFIFO:
    case S_IFDIR:
    case S_IFBLK:
      return false;
    case S_IFCHR:
      return !isTerminal(file.st_rdev);
    default:
      return !isKnownByName(fd);
  }
}

namespace {

Napi::Value mayLoseEvents(const Call& call) {
  return Napi::Boolean::New(call.env(), losesEvents(call.fd(0, "fd")));
}

}  // namespace

void exportEventLoss(Exports& exports) { exports.function("mayLoseEvents", cold<mayLoseEvents>); }

}  // namespace fdmux
