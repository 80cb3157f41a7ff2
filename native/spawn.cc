// Starting a process on a terminal that becomes its controlling one: fork(2), setsid(2), TIOCSCTTY,
// execve(2).
#include <fcntl.h>
#include <grp.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <vector>

#include "byte_list.h"
#include "call.h"
#include "exports.h"
#include "transfer.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

namespace fdmux {
namespace {

constexpr size_t kMaxStrings = 65536;
constexpr size_t kMaxStringBytes = size_t{128} * 1024;  // of one string: execve(2), MAX_ARG_STRLEN
constexpr int kFirstOtherFd = 3;
// Without close_range(2), fds above this number are left to their own close-on-exec flags.
constexpr rlim_t kMostFds = 65536;
constexpr int kMaxSignal = 64;
constexpr int kFailedChild = 127;

// NUL-terminated strings, and the array of their addresses that execve(2) takes.
class StringList {
 public:
  StringList(const Call& call, size_t index, const char* name) {
    std::vector<napi_value> elements;
    call.check(readArray(call.reader(), call[index], name, kMaxStrings, &elements));
    std::vector<iovec> vectors;
    call.check(readVectors(call.reader(), elements, name, &vectors));
    for (const iovec& vector : vectors) {
      std::string text(static_cast<const char*>(vector.iov_base), vector.iov_len);
      if (text.size() > kMaxStringBytes) {
        call.failRange(name, "made of at most 131072 bytes each", static_cast<double>(text.size()));
      }
      if (text.find('\0') != std::string::npos) call.failValue(name, "must not contain a NUL character");
      strings_.push_back(std::move(text));
    }
    for (std::string& text : strings_) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
  }
  char* const* get() const { return pointers_.data(); }

 private:
  std::vector<std::string> strings_;
  std::vector<char*> pointers_;
};

// Everything that the child needs, made before fork(2): after it, the child of a process with many threads
// may only make calls that are safe in a signal handler, and so neither allocate nor lock.
struct Program {
  int terminal;
  char* const* paths;  // to be tried in this order
  char* const* arguments;
  char* const* environment;
  const char* folder;   // null: this process's
  int64_t user, group;  // -1: this process's
  int report;           // takes a Failure
  rlim_t fd_count;
};

// The message of a child that could not become the program.
struct Failure {
  int error;
  char syscall[16];
};

[[noreturn]] void fail(const Program& program, const char* syscall) {
  Failure failure = {errno, {}};
  for (size_t i = 0; i + 1 < sizeof failure.syscall && syscall[i] != '\0'; i++)
    failure.syscall[i] = syscall[i];
  (void)!::write(program.report, &failure, sizeof failure);  // if nobody reads it, nobody is left to know
  ::_exit(kFailedChild);
}

// A program inherits which signals are ignored and blocked; Node.js ignores SIGPIPE.
void resetSignals() {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal <= kMaxSignal; signal++)
    ::sigaction(signal, &action, nullptr);  // SIGKILL fails
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void closeOthersOnExec(const Program& program) {
  constexpr unsigned kCloseOnExec = 4;  // CLOSE_RANGE_CLOEXEC, since Linux 5.11
  if (::syscall(SYS_close_range, kFirstOtherFd, ~0U, kCloseOnExec) == 0) return;
  for (int fd = kFirstOtherFd; fd < static_cast<int>(program.fd_count); fd++)
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// As execvp(3): a path that is not there gives way to the next one, and EACCES is remembered.
void execute(const Program& program) {
  int error = ENOENT;
  for (char* const* path = program.paths; *path != nullptr; path++) {
    ::execve(*path, program.arguments, program.environment);
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) return;
    if (errno == EACCES) error = EACCES;
  }
  errno = error;
}

void becomeUser(const Program& program) {
  if (program.group >= 0) {
    // By number: the C library's own would change, and wait for, the threads that only the parent has.
    if (program.user >= 0 && ::syscall(SYS_setgroups, 0, nullptr) != 0 && errno != EPERM)
      fail(program, "setgroups");
    if (::syscall(SYS_setgid, static_cast<gid_t>(program.group)) != 0) fail(program, "setgid");
  }
  if (program.user >= 0 && ::syscall(SYS_setuid, static_cast<uid_t>(program.user)) != 0)
    fail(program, "setuid");
}

[[noreturn]] void runChild(const Program& program) {
  if (::setsid() < 0) fail(program, "setsid");
  if (::ioctl(program.terminal, TIOCSCTTY, 0) != 0) fail(program, "ioctl");
  for (int fd = 0; fd < kFirstOtherFd; fd++) {
    if (::dup2(program.terminal, fd) < 0) fail(program, "dup2");
  }
  becomeUser(program);
  if (program.folder != nullptr && ::chdir(program.folder) != 0) fail(program, "chdir");
  closeOthersOnExec(program);
  resetSignals();
  execute(program);
  fail(program, "execve");
}

// An fd above those that the child replaces.
int aboveStandard(const Call& call, int fd) {
  return call.result(::fcntl(fd, F_DUPFD_CLOEXEC, kFirstOtherFd), "fcntl", fd);
}

rlim_t countFds() {
  rlimit limit;
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? std::min(limit.rlim_cur, kMostFds) : kMostFds;
}

// No handler of this process may run in the child, so all signals wait until it has reset them.
pid_t forkWithoutSignals(const Program& program) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) runChild(program);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

// The end of the pipe is a child that has become its program.
void awaitProgram(const Call& call, int report, pid_t pid) {
  Failure failure;
  const ssize_t count = throughSignals([&] { return ::read(report, &failure, sizeof failure); });
  if (count == 0) return;
  const int error = count < 0 ? errno : failure.error;
  throughSignals([&] { return ::waitpid(pid, nullptr, 0); });
  call.failSystem(error, count < 0 ? "read" : failure.syscall);
}

Napi::Value spawnOnTerminal(const Call& call) {
  const int terminal = call.fd(0, "terminal");
  const StringList paths(call, 1, "file");
  const StringList arguments(call, 2, "args");
  const StringList environment(call, 3, "options.env");
  const std::string folder = call.reader().isNull(call[4]) ? "" : call.path(4, "options.cwd");
  const int64_t user = call.int32OrUint32(5, "options.uid");
  const int64_t group = call.int32OrUint32(6, "options.gid");
  int ends[2];
  call.result(::pipe2(ends, O_CLOEXEC), "pipe2");
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  UniqueFd report(aboveStandard(call, writer.get()));
  writer = UniqueFd();
  const UniqueFd screen(aboveStandard(call, terminal));
  const pid_t pid =
      forkWithoutSignals({screen.get(), paths.get(), arguments.get(), environment.get(),
                          folder.empty() ? nullptr : folder.c_str(), user, group, report.get(), countFds()});
  call.result(pid, "fork");
  report = UniqueFd();
  awaitProgram(call, reader.get(), pid);
  return Napi::Number::New(call.env(), pid);
}

}  // namespace

void exportSpawning(Exports& exports) { exports.function("spawnOnTerminal", cold<spawnOnTerminal>); }

}  // namespace fdmux
