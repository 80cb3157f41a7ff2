// The limit: level-triggered epoll in C, one receive and one send per event. `epoll MODE`; prints `port N`.
//
// echo    sends back what it gets
// source  sends 1 GiB in writes of 64 KiB to each connection, then ends it
// fanout  sends each chunk of lines that it gets to every other connection, one send(2) for each
// relay   splices what every other connection sends to the one that was accepted before it
// datagrams  receives datagrams one by one, and answers every 32nd one
// answers    receives datagrams by batches, and sends all back by batches
// counts     receives datagrams one by one, and answers those that begin with '?' with their number so far
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../support/bench.h"

enum { kMaxFds = 65536, kChunkBytes = 65536 };
#define SOURCE_BYTES (1024LL * 1024 * 1024)

static char chunk[kChunkBytes];
static int members[kMaxFds], member_count, member_index[kMaxFds];
static long long left[kMaxFds];
static int epoll_fd;

static void leave(int fd) {
  const int last = members[--member_count];
  members[member_index[fd]] = last;
  member_index[last] = member_index[fd];
  close(fd);
}

static void accept_all(int listener, char mode) {
  for (;;) {
    const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    set_no_delay(fd);
    member_index[fd] = member_count;
    members[member_count++] = fd;
    left[fd] = SOURCE_BYTES;
    const struct epoll_event event = {.events = mode == 's' ? EPOLLOUT : EPOLLIN, .data.fd = fd};
    watch(epoll_fd, EPOLL_CTL_ADD, fd, event);
  }
}

static void send_chunk(int fd, size_t length) {
  // Bytes that the kernel does not take are dropped: the load reads everything, so it takes everything.
  const ssize_t sent = send(fd, chunk, length, MSG_NOSIGNAL);
  if (sent >= 0 && (size_t)sent < length) fprintf(stderr, "epoll: short send\n");
}

static void serve(int fd, char mode) {
  if (mode == 's') {
    while (left[fd] > 0) {
      const ssize_t sent = send(fd, chunk, kChunkBytes, MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) return;
      if (sent < 0) break;
      left[fd] -= sent;
    }
    leave(fd);
    return;
  }
  const ssize_t length = recv(fd, chunk, kChunkBytes, 0);
  if (length < 0 && errno == EAGAIN) return;
  if (length <= 0) {
    leave(fd);
  } else if (mode == 'f') {
    for (int i = 0; i < member_count; i++)
      if (members[i] != fd) send_chunk(members[i], (size_t)length);
  } else {
    send_chunk(fd, (size_t)length);
  }
}

// Of a connection that passes its bytes on: to whom, by which pipe, and how many are in that.
struct passage {
  int to, reader, writer, waits_for_room;
  size_t piped;
};
static struct passage passages[kMaxFds];

static void accept_relayed(int listener) {
  static int waiting = -1;
  const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  if (waiting < 0) {
    waiting = fd;
    return;
  }
  int pipe_fds[2];
  if (pipe2(pipe_fds, O_NONBLOCK | O_CLOEXEC) != 0) fail("pipe2");
  passages[fd] = (struct passage){waiting, pipe_fds[0], pipe_fds[1], 0, 0};
  watch(epoll_fd, EPOLL_CTL_ADD, fd, (struct epoll_event){.events = EPOLLIN, .data.fd = fd});
  watch(epoll_fd, EPOLL_CTL_ADD, waiting, (struct epoll_event){.events = 0, .data.fd = fd});
  waiting = -1;
}

static ssize_t splice_some(int from, int to, size_t length) {
  return splice(from, NULL, to, NULL, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

static void wait_for_room(int from, struct passage* passage, int waits_for_room) {
  if (passage->waits_for_room == waits_for_room) return;
  passage->waits_for_room = waits_for_room;
  const struct epoll_event source = {.events = waits_for_room ? 0 : EPOLLIN, .data.fd = from};
  const struct epoll_event target = {.events = waits_for_room ? EPOLLOUT : 0, .data.fd = from};
  watch(epoll_fd, EPOLL_CTL_MOD, from, source);
  watch(epoll_fd, EPOLL_CTL_MOD, passage->to, target);
}

// Whichever of the two is ready, its event has the fd of the one that sends.
static void pass_on(int from) {
  struct passage* passage = &passages[from];
  for (;;) {
    while (passage->piped > 0) {
      const ssize_t given = splice_some(passage->reader, passage->to, passage->piped);
      if (given <= 0) {
        wait_for_room(from, passage, 1);
        return;
      }
      passage->piped -= (size_t)given;
    }
    const ssize_t taken = splice_some(from, passage->writer, 1 << 20);
    if (taken <= 0) break;
    passage->piped = (size_t)taken;
  }
  wait_for_room(from, passage, 0);
}

static void serve_datagrams(int fd) {
  static unsigned received;
  struct sockaddr_in sender;
  for (;;) {
    socklen_t length = sizeof sender;
    const ssize_t count = recvfrom(fd, chunk, kChunkBytes, MSG_DONTWAIT, (struct sockaddr*)&sender, &length);
    if (count < 0) return;
    if (++received % kDatagramsPerAnswer == 0) sendto(fd, chunk, 1, 0, (struct sockaddr*)&sender, length);
  }
}

static void count_datagrams(int fd) {
  static unsigned long received;
  struct sockaddr_in sender;
  for (;;) {
    socklen_t length = sizeof sender;
    if (recvfrom(fd, chunk, kChunkBytes, MSG_DONTWAIT, (struct sockaddr*)&sender, &length) < 0) return;
    received++;
    if (chunk[0] != '?') continue;
    char answer[24];
    const int bytes = snprintf(answer, sizeof answer, "%lu", received);
    sendto(fd, answer, (size_t)bytes, 0, (struct sockaddr*)&sender, length);
  }
}

enum { kBatch = 64, kMaxDatagram = 2048 };

static void answer_datagrams(int fd) {
  static char bytes[kBatch][kMaxDatagram];
  static struct sockaddr_in senders[kBatch];
  static struct iovec vectors[kBatch];
  static struct mmsghdr batch[kBatch];
  for (int i = 0; i < kBatch; i++) {
    vectors[i] = (struct iovec){bytes[i], kMaxDatagram};
    batch[i].msg_hdr = (struct msghdr){
        .msg_name = &senders[i], .msg_namelen = sizeof senders[i], .msg_iov = &vectors[i], .msg_iovlen = 1};
  }
  const int count = recvmmsg(fd, batch, kBatch, MSG_DONTWAIT, NULL);
  for (int i = 0; i < count; i++) vectors[i].iov_len = batch[i].msg_len;
  for (int sent = 0; sent < count;) {
    const int more = sendmmsg(fd, batch + sent, (unsigned)(count - sent), 0);
    if (more < 0) fail("sendmmsg");
    sent += more;
  }
}

// One socket, which is bound and not listening.
_Noreturn static void run_datagrams(char mode) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  if (bind(fd, (struct sockaddr*)&address, sizeof address) != 0) fail("bind");
  if (getsockname(fd, (struct sockaddr*)&address, &length) != 0) fail("getsockname");
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  const struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  watch(epoll_fd, EPOLL_CTL_ADD, fd, event);
  for (;;) {
    struct epoll_event ready;
    if (epoll_wait(epoll_fd, &ready, 1, -1) <= 0) continue;
    if (mode == 'a')
      answer_datagrams(fd);
    else if (mode == 'c')
      count_datagrams(fd);
    else
      serve_datagrams(fd);
  }
}

int main(int argc, char** argv) {
  const char mode = argc > 1 ? argv[1][0] : 'e';
  if (mode == 'd' || mode == 'a' || mode == 'c') run_datagrams(mode);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0) fail("bind");
  if (listen(listener, 4096) != 0) fail("listen");
  if (getsockname(listener, (struct sockaddr*)&address, &length) != 0) fail("getsockname");
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  const struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  watch(epoll_fd, EPOLL_CTL_ADD, listener, event);
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  static struct epoll_event events[1024];
  for (;;) {
    const int ready = epoll_wait(epoll_fd, events, 1024, -1);
    for (int i = 0; i < ready; i++) {
      if (events[i].data.fd == listener && mode == 'r')
        accept_relayed(listener);
      else if (events[i].data.fd == listener)
        accept_all(listener, mode);
      else if (mode == 'r')
        pass_on(events[i].data.fd);
      else
        serve(events[i].data.fd, mode);
    }
  }
}
