// The load generator: one thread, level-triggered epoll, no work but the load.
//
//   load MODE PORT CONNECTIONS BYTES DEPTH SECONDS [IDLE [tls]]
//
// echo    each connection keeps DEPTH messages of BYTES in flight
// accept  each connection sends a message, awaits its echo, closes, and is opened again
// sink    each connection reads until the server ends it, then is opened again
// fanout  DEPTH of the connections send lines of BYTES; each sends its next when it has those of all others
// datagrams  keeps DEPTH groups of datagrams of BYTES in flight, each of which the server answers once
// pings   sends DEPTH datagrams of BYTES at once, and the next ones when all are echoed
// bursts  sends DEPTH groups of datagrams of BYTES at once, and the next ones when all are answered
// received  sends bursts as above without answers, and asks now and then how many have arrived
// through  writes to one connection as much as the server takes, and reads it from the other one
//
// IDLE more connections are opened first and left alone. It prints `start` when it has warmed up, and after
// SECONDS one line of JSON: what was done, how long each message took, and how busy the generator itself was.
// With `tls` all connections but those of datagrams speak TLS.
#define _GNU_SOURCE
#include <netinet/udp.h>
#include <sched.h>
#include <sys/uio.h>
#include <unistd.h>

#include "histogram.h"
#include "transport.h"

enum { kMaxDepth = 64 };

struct connection {
  int fd;
  size_t unread;               // of the message that is coming in
  unsigned sent, received;     // messages
  int64_t sent_ns[kMaxDepth];  // when the messages in flight were sent
};

static int port;
static size_t message_bytes, depth;
static char* message;
static char input[kTransportBytes];
static uint64_t messages, bytes;
static int is_measuring;

static void measured(int64_t ns) {
  if (is_measuring) count_latency(ns);
}

// Blocking, so that a server which accepts slowly is waited for.
static int connect_to_server(void) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) fail("socket");
  const struct sockaddr_in address = loopback(port);
  if (connect(fd, (const struct sockaddr*)&address, sizeof address) != 0) fail("connect");
  set_no_delay(fd);
  reset_on_close(fd);
  transport_open(fd);
  return fd;
}

static void send_messages(struct connection* connection, size_t count) {
  const int64_t now = now_ns();
  for (size_t i = 0; i < count; i++) connection->sent_ns[connection->sent++ % kMaxDepth] = now;
  transport_send(connection->fd, message, count * message_bytes);
}

static void open_connection(int epoll_fd, struct connection* connection) {
  connection->fd = connect_to_server();
  connection->unread = message_bytes;
  connection->sent = connection->received = 0;
  const struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
  watch(epoll_fd, EPOLL_CTL_ADD, connection->fd, event);
}

static void reopen(int epoll_fd, struct connection* connection) {
  transport_close(connection->fd);
  close(connection->fd);
  open_connection(epoll_fd, connection);
}

// Takes `length` bytes as parts of messages. Returns how many messages they complete.
static size_t complete(struct connection* connection, size_t length) {
  size_t count = 0;
  while (length >= connection->unread) {
    length -= connection->unread;
    connection->unread = message_bytes;
    count++;
  }
  connection->unread -= length;
  return count;
}

static void on_echo(struct connection* connection, size_t length) {
  const size_t count = complete(connection, length);
  const int64_t now = now_ns();
  for (size_t i = 0; i < count; i++) measured(now - connection->sent_ns[connection->received++ % kMaxDepth]);
  messages += count;
  if (count > 0) send_messages(connection, count);
}

static void on_accepted_echo(int epoll_fd, struct connection* connection, size_t length) {
  if (complete(connection, length) == 0) return;
  measured(now_ns() - connection->sent_ns[0]);
  messages++;
  reopen(epoll_fd, connection);
  send_messages(connection, 1);
}

static void on_line(struct connection* connection, size_t length, int is_sender) {
  const size_t count = complete(connection, length);
  connection->received += count;
  messages += count;
  if (is_sender && count > 0 && connection->received >= connection->sent * (depth - 1)) {
    measured(now_ns() - connection->sent_ns[(connection->sent - 1) % kMaxDepth]);
    send_messages(connection, 1);
  }
}

// Compilers at run time want to see their work first; a slow machine takes longer to show it.
static int is_warm(int64_t elapsed_ns) {
  return (elapsed_ns > 300 * NS_PER_MS && (messages >= 20000 || bytes >= 256 << 20)) ||
         elapsed_ns > 3000 * NS_PER_MS;
}

// The measured time: its start, its end, and the cost of this process by then.
struct run {
  double seconds;
  int64_t begin, end, start_cpu;
};

static struct run begin_run(double seconds) { return (struct run){seconds, now_ns(), INT64_MAX, 0}; }

// Begins to measure when everybody is warm. Returns 0 when the time is over.
static int goes_on(struct run* run, int64_t now) {
  if (!is_measuring && is_warm(now - run->begin)) {
    is_measuring = 1;
    messages = bytes = 0;
    run->begin = now;
    run->end = now + (int64_t)(run->seconds * 1e9);
    run->start_cpu = cpu_ns();
    printf("start\n");
    fflush(stdout);
  }
  return now < run->end;
}

static void report(const struct run* run) {
  const double elapsed = (now_ns() - run->begin) / 1e9;
  printf(
      "{\"messages\":%llu,\"bytes\":%llu,\"seconds\":%.6f,\"p50Ns\":%.0f,\"p99Ns\":%.0f,\"p999Ns\":%.0f,"
      "\"loadCpu\":%.3f}\n",
      (unsigned long long)messages, (unsigned long long)bytes, elapsed, percentile(0.5), percentile(0.99),
      percentile(0.999), (cpu_ns() - run->start_cpu) / 1e9 / elapsed);
}

static void send_datagrams(int fd, size_t groups) {
  struct iovec vector = {message, message_bytes};
  struct mmsghdr group[kDatagramsPerAnswer];
  memset(group, 0, sizeof group);
  for (int i = 0; i < kDatagramsPerAnswer; i++) {
    group[i].msg_hdr.msg_iov = &vector;
    group[i].msg_hdr.msg_iovlen = 1;
  }
  for (size_t i = 0; i < groups; i++)
    if (sendmmsg(fd, group, kDatagramsPerAnswer, 0) != kDatagramsPerAnswer) fail("sendmmsg");
}

// One system call: the kernel cuts the burst into datagrams, and all of them arrive before the receiver runs,
// if it shares this core.
static void send_burst(int fd) {
  const size_t length = message_bytes * kDatagramsPerAnswer * depth;
  if (send(fd, message, length, 0) != (ssize_t)length) fail("send");
}

// A datagram socket that speaks to the server.
static int connect_datagrams(void) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  const struct sockaddr_in address = loopback(port);
  if (fd < 0 || connect(fd, (const struct sockaddr*)&address, sizeof address) != 0) fail("connect");
  return fd;
}

// Has the kernel cut the sent bytes into datagrams.
static void send_in_segments(int fd) {
  const int segment = (int)message_bytes;
  if (setsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof segment) != 0) fail("UDP_SEGMENT");
}

// So few datagrams are in flight that the receiver's buffer has room for all: none is lost.
static void load_datagrams(double seconds, int in_bursts) {
  const int fd = connect_datagrams();
  if (in_bursts) send_in_segments(fd);
  struct run run = begin_run(seconds);
  if (in_bursts)
    send_burst(fd);
  else
    send_datagrams(fd, depth);
  for (size_t unanswered = depth;;) {
    const int64_t sent = now_ns();
    if (recv(fd, input, sizeof input, 0) < 0) fail("recv");
    const int64_t now = now_ns();
    measured(now - sent);
    messages += kDatagramsPerAnswer;
    if (!goes_on(&run, now)) break;
    if (!in_bursts) {
      send_datagrams(fd, 1);
    } else if (--unanswered == 0) {
      send_burst(fd);
      unanswered = depth;
    }
  }
  report(&run);
}

// Asks how many datagrams have arrived, once more if the question or its answer is lost.
static uint64_t ask_received(int fd) {
  for (;;) {
    if (send(fd, "?", 1, 0) != 1) fail("send");
    const ssize_t length = recv(fd, input, sizeof input - 1, 0);
    if (length < 0 && errno == EAGAIN) continue;
    if (length < 0) fail("recv");
    input[length] = '\0';
    return strtoull(input, NULL, 10);
  }
}

enum { kBurstsPerQuestion = 64 };

// Each burst has arrived as a whole when the receiver, which shares this core, gets its turn.
static void load_received(double seconds) {
  const int fd = connect_datagrams();
  const struct timeval patience = {.tv_usec = 100000};
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) fail("SO_RCVTIMEO");
  send_in_segments(fd);
  struct run run = begin_run(seconds);
  for (uint64_t before = ask_received(fd);;) {
    for (int i = 0; i < kBurstsPerQuestion; i++) {
      send_burst(fd);
      sched_yield();
    }
    const int64_t asked = now_ns();
    const uint64_t received = ask_received(fd);
    const int64_t now = now_ns();
    measured(now - asked);
    messages += received - before;
    before = received;
    if (!goes_on(&run, now)) break;
  }
  report(&run);
}

// All of them leave and arrive by one system call each if possible.
static void load_pings(double seconds) {
  const int fd = connect_datagrams();
  struct iovec out = {message, message_bytes}, in = {input, sizeof input};
  struct mmsghdr group[kMaxDepth], echoes[kMaxDepth];
  memset(group, 0, sizeof group);
  memset(echoes, 0, sizeof echoes);
  for (int i = 0; i < kMaxDepth; i++) {
    group[i].msg_hdr = (struct msghdr){.msg_iov = &out, .msg_iovlen = 1};
    echoes[i].msg_hdr = (struct msghdr){.msg_iov = &in, .msg_iovlen = 1};
  }
  struct run run = begin_run(seconds);
  for (;;) {
    const int64_t sent = now_ns();
    if (sendmmsg(fd, group, (unsigned)depth, 0) != (int)depth) fail("sendmmsg");
    for (size_t received = 0; received < depth;) {
      const int count = recvmmsg(fd, echoes, (unsigned)(depth - received), MSG_WAITFORONE, NULL);
      if (count < 0) fail("recvmmsg");
      received += (size_t)count;
    }
    const int64_t now = now_ns();
    measured(now - sent);
    messages += depth;
    if (!goes_on(&run, now)) break;
  }
  report(&run);
}

// The server joins the two connections.
static void load_through(double seconds) {
  const int sink = connect_to_server(), source = connect_to_server();
  const int epoll_fd = epoll_create1(0);
  watch(epoll_fd, EPOLL_CTL_ADD, sink, (struct epoll_event){.events = EPOLLIN, .data.fd = sink});
  watch(epoll_fd, EPOLL_CTL_ADD, source, (struct epoll_event){.events = EPOLLOUT, .data.fd = source});
  struct run run = begin_run(seconds);
  while (goes_on(&run, now_ns())) {
    struct epoll_event events[2];
    const int ready = epoll_wait(epoll_fd, events, 2, 100);
    for (int i = 0; i < ready; i++) {
      const int fd = events[i].data.fd;
      const ssize_t length = fd == sink ? recv(fd, input, sizeof input, MSG_DONTWAIT)
                                        : send(fd, message, message_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (length == 0 || (length < 0 && errno != EAGAIN)) fail("the server has ended the stream");
      if (fd == sink && length > 0) bytes += (uint64_t)length;
    }
  }
  report(&run);
}

int main(int argc, char** argv) {
  if (argc < 7)
    return fprintf(stderr, "usage: load MODE PORT CONNECTIONS BYTES DEPTH SECONDS [IDLE [tls]]\n"), 2;
  const char mode = argv[1][0];
  port = atoi(argv[2]);
  const size_t count = strtoul(argv[3], NULL, 10);
  message_bytes = strtoul(argv[4], NULL, 10);
  depth = strtoul(argv[5], NULL, 10);
  const double seconds = atof(argv[6]);
  const size_t idle = argc > 7 ? strtoul(argv[7], NULL, 10) : 0;
  if (argc > 8 && strcmp(argv[8], "tls") == 0) use_tls();

  message = malloc(message_bytes * kMaxDepth);
  memset(message, 'x', message_bytes * kMaxDepth);
  for (size_t i = 1; i <= kMaxDepth; i++) message[i * message_bytes - 1] = '\n';
  struct connection* connections = calloc(count, sizeof *connections);
  if (mode == 'd' || mode == 'b') return load_datagrams(seconds, mode == 'b'), 0;
  if (mode == 'p') return load_pings(seconds), 0;
  if (mode == 'r') return load_received(seconds), 0;
  if (mode == 't') return load_through(seconds), 0;
  const int epoll_fd = epoll_create1(0);

  for (size_t i = 0; i < idle; i++) connect_to_server();
  for (size_t i = 0; i < count; i++) open_connection(epoll_fd, &connections[i]);
  if (mode == 'e')
    for (size_t i = 0; i < count; i++) send_messages(&connections[i], depth);
  if (mode == 'a')
    for (size_t i = 0; i < count; i++) send_messages(&connections[i], 1);
  if (mode == 'f') {
    // The server has to know all members before the first line.
    usleep(200000);
    for (size_t i = 0; i < depth; i++) send_messages(&connections[i], 1);
  }

  struct run run = begin_run(seconds);
  static struct epoll_event events[1024];
  for (;;) {
    const int64_t now = now_ns();
    if (!goes_on(&run, now)) break;
    const int ready = epoll_wait(epoll_fd, events, 1024, 100);
    for (int i = 0; i < ready; i++) {
      struct connection* connection = events[i].data.ptr;
      const ssize_t length = transport_receive(connection->fd, input);
      if (length < 0 && errno == EAGAIN) continue;
      if (length < 0) fail("recv");
      bytes += (uint64_t)length;
      if (length == 0 && mode == 's') {
        messages++;
        reopen(epoll_fd, connection);
      } else if (length == 0) {
        return fprintf(stderr, "load: the server closed a connection\n"), 1;
      } else if (mode == 'e') {
        on_echo(connection, (size_t)length);
      } else if (mode == 'a') {
        on_accepted_echo(epoll_fd, connection, (size_t)length);
      } else if (mode == 'f') {
        on_line(connection, (size_t)length, (size_t)(connection - connections) < depth);
      }
    }
  }
  report(&run);
  return 0;
}
