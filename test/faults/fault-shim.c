/*
 * A library for LD_PRELOAD that makes system calls of the addon fail as Linux documents that they may. It
 * looks at the return address: calls of Node.js and libuv stay healthy, so that a peer in the same process
 * can be trusted.
 *
 * FDMUX_FAULTS        `send-short=2000,wait-eintr=100`: faults, each with how many of 10,000 calls it takes
 * FDMUX_FAULT_SEED    what the choice depends on, beside the order in which threads make their first call
 * FDMUX_FAULT_REPORT  a file that gets a line `NAME COUNT` for each fault when the process ends
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

enum call { RECV, SEND, ACCEPT, WAIT, CLOSE, CREATE, CONTROL };

/* In place of an errno: the call is made, with fewer bytes. */
#define SHORT (-1)

static struct fault {
  const char* name;
  enum call call;
  int error;
  unsigned rate;
  atomic_ulong calls;
  atomic_ulong count;
} faults[] = {
    {"recv-short", RECV, SHORT, 0, 0, 0},         {"recv-eagain", RECV, EAGAIN, 0, 0, 0},
    {"recv-eintr", RECV, EINTR, 0, 0, 0},         {"recv-enobufs", RECV, ENOBUFS, 0, 0, 0},
    {"recv-enomem", RECV, ENOMEM, 0, 0, 0},       {"send-short", SEND, SHORT, 0, 0, 0},
    {"send-eagain", SEND, EAGAIN, 0, 0, 0},       {"send-eintr", SEND, EINTR, 0, 0, 0},
    {"send-enobufs", SEND, ENOBUFS, 0, 0, 0},     {"send-enomem", SEND, ENOMEM, 0, 0, 0},
    {"accept-eintr", ACCEPT, EINTR, 0, 0, 0},     {"accept-aborted", ACCEPT, ECONNABORTED, 0, 0, 0},
    {"accept-emfile", ACCEPT, EMFILE, 0, 0, 0},   {"accept-enfile", ACCEPT, ENFILE, 0, 0, 0},
    {"accept-enobufs", ACCEPT, ENOBUFS, 0, 0, 0}, {"accept-enomem", ACCEPT, ENOMEM, 0, 0, 0},
    {"wait-eintr", WAIT, EINTR, 0, 0, 0},         {"wait-enomem", WAIT, ENOMEM, 0, 0, 0},
    {"create-emfile", CREATE, EMFILE, 0, 0, 0},   {"create-enfile", CREATE, ENFILE, 0, 0, 0},
    {"create-enomem", CREATE, ENOMEM, 0, 0, 0},   {"control-enomem", CONTROL, ENOMEM, 0, 0, 0},
    {"control-enospc", CONTROL, ENOSPC, 0, 0, 0}, {"close-eintr", CLOSE, EINTR, 0, 0, 0},
};
enum { FAULTS = sizeof faults / sizeof faults[0], RATE_UNIT = 10000 };

static uint64_t seed;
static atomic_ulong threads;
static __thread uint64_t state;

/* xorshift64, so that a run depends on its seed alone. */
static uint64_t next_random(void) {
  if (state == 0)
    state = (seed + 1) * 0x9e3779b97f4a7c15u + atomic_fetch_add(&threads, 1) * 0xbf58476d1ce4e5b9u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static void read_rates(const char* text) {
  while (text != NULL && *text != '\0') {
    for (size_t i = 0; i < FAULTS; i++) {
      size_t length = strlen(faults[i].name);
      if (strncmp(text, faults[i].name, length) != 0 || text[length] != '=') continue;
      faults[i].rate = (unsigned)strtoul(text + length + 1, NULL, 10);
    }
    text = strchr(text, ',');
    if (text != NULL) text++;
  }
}

__attribute__((constructor)) static void begin(void) {
  const char* text = getenv("FDMUX_FAULT_SEED");
  if (text != NULL) seed = strtoull(text, NULL, 10);
  read_rates(getenv("FDMUX_FAULTS"));
}

__attribute__((destructor)) static void end(void) {
  const char* path = getenv("FDMUX_FAULT_REPORT");
  FILE* report = path == NULL ? NULL : fopen(path, "a");
  if (report == NULL) return;
  for (size_t i = 0; i < FAULTS; i++) {
    if (faults[i].rate > 0) fprintf(report, "%s %lu\n", faults[i].name, atomic_load(&faults[i].count));
  }
  fclose(report);
}

static int is_of_addon(void* caller) {
  Dl_info info;
  return dladdr(caller, &info) != 0 && info.dli_fname != NULL && strstr(info.dli_fname, "fdmux") != NULL &&
         strstr(info.dli_fname, ".node") != NULL;
}

/* Whether a fault takes this call. Chance alone would leave one out now and then in a run of a hundred calls.
 */
static int strikes(struct fault* fault) {
  unsigned long calls = atomic_fetch_add(&fault->calls, 1) + 1;
  int is_overdue = atomic_load(&fault->count) == 0 && calls * fault->rate >= RATE_UNIT;
  return next_random() % RATE_UNIT < fault->rate || is_overdue;
}

/* The fault of this call: an errno, SHORT, or 0 for none. */
static int fault_of(enum call call, void* caller) {
  if (!is_of_addon(caller)) return 0;
  for (size_t i = 0; i < FAULTS; i++) {
    struct fault* fault = &faults[i];
    if (fault->call != call || fault->rate == 0 || !strikes(fault)) continue;
    atomic_fetch_add(&fault->count, 1);
    return fault->error;
  }
  return 0;
}

static int fail(int error) {
  errno = error;
  return -1;
}

/* At least 1 and less than `length`. */
static size_t part_of(size_t length) { return length > 1 ? 1 + next_random() % (length - 1) : length; }

#define CALLER __builtin_return_address(0)
/* The function that this one hides. */
#define HIDDEN(type, name, ...)       \
  static type (*hidden)(__VA_ARGS__); \
  if (hidden == NULL) hidden = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t recv(int fd, void* bytes, size_t length, int flags) {
  HIDDEN(ssize_t, "recv", int, void*, size_t, int);
  int fault = fault_of(RECV, CALLER);
  if (fault > 0) return fail(fault);
  return hidden(fd, bytes, fault == SHORT ? part_of(length) : length, flags);
}

ssize_t send(int fd, const void* bytes, size_t length, int flags) {
  HIDDEN(ssize_t, "send", int, const void*, size_t, int);
  int fault = fault_of(SEND, CALLER);
  if (fault > 0) return fail(fault);
  return hidden(fd, bytes, fault == SHORT ? part_of(length) : length, flags);
}

/* Sends the first buffer alone, and of that only a part. */
ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  HIDDEN(ssize_t, "sendmsg", int, const struct msghdr*, int);
  int fault = fault_of(SEND, CALLER);
  if (fault > 0) return fail(fault);
  if (fault != SHORT || message->msg_iovlen == 0) return hidden(fd, message, flags);
  struct iovec first = message->msg_iov[0];
  first.iov_len = part_of(first.iov_len);
  struct msghdr part = *message;
  part.msg_iov = &first;
  part.msg_iovlen = 1;
  return hidden(fd, &part, flags);
}

int accept4(int fd, struct sockaddr* address, socklen_t* length, int flags) {
  HIDDEN(int, "accept4", int, struct sockaddr*, socklen_t*, int);
  int fault = fault_of(ACCEPT, CALLER);
  return fault > 0 ? fail(fault) : hidden(fd, address, length, flags);
}

/* Every call that makes fds: what it makes, and the calls that take no fd of it need no more than this. */
#define CREATES(name, parameters, arguments, ...)      \
  int name parameters {                                \
    HIDDEN(int, #name, __VA_ARGS__);                   \
    int fault = fault_of(CREATE, CALLER);              \
    return fault > 0 ? fail(fault) : hidden arguments; \
  }

CREATES(socket, (int domain, int type, int protocol), (domain, type, protocol), int, int, int)
CREATES(socketpair, (int domain, int type, int protocol, int fds[2]), (domain, type, protocol, fds), int, int,
        int, int*)
CREATES(pipe2, (int fds[2], int flags), (fds, flags), int*, int)
CREATES(eventfd, (unsigned int value, int flags), (value, flags), unsigned int, int)
CREATES(epoll_create1, (int flags), (flags), int)
CREATES(timerfd_create, (clockid_t clock, int flags), (clock, flags), clockid_t, int)
CREATES(signalfd, (int fd, const sigset_t* mask, int flags), (fd, mask, flags), int, const sigset_t*, int)
CREATES(inotify_init1, (int flags), (flags), int)

/* Taking an fd out of a set needs no memory. */
int epoll_ctl(int epoll_fd, int operation, int fd, struct epoll_event* event) {
  HIDDEN(int, "epoll_ctl", int, int, int, struct epoll_event*);
  int fault = operation == EPOLL_CTL_ADD ? fault_of(CONTROL, CALLER) : 0;
  return fault > 0 ? fail(fault) : hidden(epoll_fd, operation, fd, event);
}

/* Linux has closed the fd when close(2) says EINTR. */
int close(int fd) {
  HIDDEN(int, "close", int);
  int fault = fault_of(CLOSE, CALLER);
  int result = hidden(fd);
  return result == 0 && fault > 0 ? fail(fault) : result;
}

int poll(struct pollfd* fds, nfds_t count, int timeout) {
  HIDDEN(int, "poll", struct pollfd*, nfds_t, int);
  int fault = fault_of(WAIT, CALLER);
  return fault > 0 ? fail(fault) : hidden(fds, count, timeout);
}

int ppoll(struct pollfd* fds, nfds_t count, const struct timespec* timeout, const sigset_t* mask) {
  HIDDEN(int, "ppoll", struct pollfd*, nfds_t, const struct timespec*, const sigset_t*);
  int fault = fault_of(WAIT, CALLER);
  return fault > 0 ? fail(fault) : hidden(fds, count, timeout, mask);
}

static int is_wait(long number) {
  switch (number) {
    case SYS_epoll_pwait2:
    case SYS_epoll_pwait:
    case SYS_ppoll:
    case SYS_pselect6:
#ifdef SYS_epoll_wait
    case SYS_epoll_wait:
    case SYS_poll:
    case SYS_select:
#endif
      return 1;
    default:
      return 0;
  }
}

/* The addon makes its waits by number. */
long syscall(long number, ...) {
  HIDDEN(long, "syscall", long, ...);
  va_list list;
  va_start(list, number);
  long arguments[6];
  for (size_t i = 0; i < 6; i++) arguments[i] = va_arg(list, long);
  va_end(list);
  int fault = is_wait(number) ? fault_of(WAIT, CALLER) : 0;
  if (fault > 0) return fail(fault);
  return hidden(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}
