// The cost of a wait in C: `waits CALL COUNT SECONDS [threads]` prints the CPU time of one call in ns.
//
// ready   epoll_wait(0) over COUNT eventfds that are all ready, their data added up (COUNT 0: an empty set)
// epoll   epoll_wait(0) over COUNT eventfds of which the last is ready
// poll    poll(0) over the same
// select  select(0) over the same
//
// With `threads` there is a second, idle thread, as there always is under Node.js: from then on the kernel
// counts a reference for each fd that a call looks at, which doubles the cost of poll and select.
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <unistd.h>

#include "../support/bench.h"

enum { kMaxFds = 1000 };

static int fds[kMaxFds];
static int count;
static int epoll_fd;
static volatile uint64_t sum;  // keeps the compiler from leaving the loop out

static void wait_epoll(void) {
  struct epoll_event events[kMaxFds];
  const int ready = epoll_wait(epoll_fd, events, kMaxFds, 0);
  for (int i = 0; i < ready; i++) {
    if (events[i].events & EPOLLIN) sum += events[i].data.u64;
  }
}

static void wait_poll(void) {
  static struct pollfd entries[kMaxFds];
  if (entries[0].events == 0) {
    for (int i = 0; i < count; i++) entries[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
  }
  int ready = poll(entries, (nfds_t)count, 0);
  for (int i = 0; ready > 0; i++) {
    if (entries[i].revents == 0) continue;
    ready--;
    sum += (uint64_t)entries[i].fd;
  }
}

static void wait_select(void) {
  fd_set set;
  FD_ZERO(&set);
  for (int i = 0; i < count; i++) FD_SET(fds[i], &set);
  struct timeval timeout = {0, 0};
  int ready = select(fds[count - 1] + 1, &set, NULL, NULL, &timeout);
  for (int i = 0; ready > 0; i++) {
    if (!FD_ISSET(fds[i], &set)) continue;
    ready--;
    sum += (uint64_t)fds[i];
  }
}

static void* idle(void* unused) {
  pause();
  return unused;
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  pthread_t thread;
  if (argc > 4 && pthread_create(&thread, NULL, idle, NULL) != 0) return 1;
  const char* const call = argv[1];
  count = atoi(argv[2]);
  const double seconds = atof(argv[3]);
  const int all_ready = !strcmp(call, "ready");
  const int is_epoll = all_ready || !strcmp(call, "epoll");
  void (*const wait)(void) = is_epoll ? wait_epoll : !strcmp(call, "poll") ? wait_poll : wait_select;
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < count; i++) {
    fds[i] = eventfd(all_ready || i == count - 1 ? 1 : 0, EFD_NONBLOCK);
    if (fds[i] < 0) fail("eventfd");
    const struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)i + 1};
    if (is_epoll) watch(epoll_fd, EPOLL_CTL_ADD, fds[i], event);
  }
  uint64_t calls = 0;
  // CPU time: other work of the machine does not count.
  const int64_t start = cpu_ns();
  int64_t end = start;
  while ((double)(end - start) < seconds * 1e9) {
    for (int i = 0; i < 100; i++) wait();
    calls += 100;
    end = cpu_ns();
  }
  printf("%.1f\n", (double)(end - start) / (double)calls);
  return 0;
}
