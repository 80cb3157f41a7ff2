// The load generator for IRC servers: one thread, level-triggered epoll, no work but the load.
//
//   irc_load PORT CLIENTS SENDERS BYTES SECONDS [FIRST [TRANSPORT]]
//
// CLIENTS connect, register and, when that is done, join one channel; it prints `joined` with the seconds
// that took, from the first connect to the last end of a list of names. Then SENDERS of them send lines to
// the channel whose text has BYTES bytes; each sends its next when it has got those of all other senders.
// Of two senders only one begins, so that one line is under way. Two would share a turn of the server for the
// whole run or never, as the start had it, and a delivery would cost half a send or a whole one.
// After a warm-up it prints `start`, and after SECONDS one line of JSON: the deliveries, and how long it took
// from a line to those of all other senders. With SENDERS 0 the clients do not
// join; it prints `idle` when all are registered and waits for the end of its input. FIRST is the number of
// the first client, so that several loads have different nicks. TRANSPORT is tcp, tls, web (WebSockets) or
// web-tls. In a WebSocket the line of a delivery, with its prefix, must have fewer than 126 bytes.
#define _GNU_SOURCE
#include <fcntl.h>

#include "../support/histogram.h"
#include "../support/transport.h"

enum { kTail = 8, kOutstanding = 500, kBatch = 8 };
// V8 compiles the path of a message until some 60,000 lines: a count that began earlier would be of its
// compiler.
enum { kWarmLines = 80000, kWarmMs = 6000 };

enum stage { kConnecting, kRegistering, kJoining, kIn };

struct client {
  int fd;
  enum stage stage;
  uint64_t sent, received;
  int64_t sent_ns;  // when it has sent its last line
  size_t tail_bytes;
  char tail[kTail];
};

static struct client* clients;
static size_t client_count, sender_count, in_count, first_number;
static char input[kTail + kTransportBytes + 1];
static char message[1024];
static size_t message_bytes;
static uint64_t deliveries, sent_lines;
static int epoll_fd, port, is_web, is_counting;
// The byte that each delivery has once: the end of its line, or the first byte of its frame, which no text
// contains.
static int delivery_mark = '\n';

static void open_client(size_t index) {
  struct client* client = &clients[index];
  client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (client->fd < 0) fail("socket");
  // A loopback address for every 200 clients: servers bound the connections of one address.
  struct sockaddr_in own = loopback(0);
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)((first_number + index) / 200));
  const int one = 1;
  setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (bind(client->fd, (const struct sockaddr*)&own, sizeof own) != 0) fail("bind");
  const struct sockaddr_in address = loopback(port);
  const int result = connect(client->fd, (const struct sockaddr*)&address, sizeof address);
  if (result != 0 && errno != EINPROGRESS) fail("connect");
  set_no_delay(client->fd);
  reset_on_close(client->fd);
  const struct epoll_event event = {.events = EPOLLOUT, .data.u64 = index};
  watch(epoll_fd, EPOLL_CTL_ADD, client->fd, event);
}

// Writes a line without its ending as it goes out: with CRLF, or in a frame with a mask of zeros.
static size_t put_line(char* out, const char* line) {
  const size_t length = strlen(line);
  if (!is_web) return (size_t)sprintf(out, "%s\r\n", line);
  const char head[6] = {(char)0x81, (char)(0x80 | length)};
  memcpy(out, head, sizeof head);
  memcpy(out + sizeof head, line, length);
  return sizeof head + length;
}

static const char kUpgrade[] =
    "GET /irc HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

static void on_connected(size_t index) {
  struct client* client = &clients[index];
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    errno = error;
    fail("connect");
  }
  fcntl(client->fd, F_SETFL, fcntl(client->fd, F_GETFL) & ~O_NONBLOCK);
  transport_open(client->fd);
  client->stage = kRegistering;
  char line[64], hello[200];
  snprintf(line, sizeof line, "NICK n%zu", first_number + index);
  size_t length = put_line(hello, line);
  snprintf(line, sizeof line, "USER u%zu 0 * :load", index);
  length += put_line(hello + length, line);
  if (is_web) transport_send(client->fd, kUpgrade, sizeof kUpgrade - 1);
  transport_send(client->fd, hello, length);
  const struct epoll_event event = {.events = EPOLLIN, .data.u64 = index};
  watch(epoll_fd, EPOLL_CTL_MOD, client->fd, event);
}

static void send_message(struct client* client) {
  client->sent++;
  client->sent_ns = now_ns();
  sent_lines++;
  transport_send(client->fd, message, message_bytes);
}

static int has(const char* text, size_t length, const char* word) {
  return memmem(text, length, word, strlen(word)) != NULL;
}

// Looks for the numeric that ends the way in; it may be cut in two.
static void on_entering(struct client* client, size_t length) {
  memcpy(input + kTail - client->tail_bytes, client->tail, client->tail_bytes);
  char* begin = input + kTail - client->tail_bytes;
  const size_t total = client->tail_bytes + length;
  begin[total] = 0;
  if (client->stage == kRegistering && (has(begin, total, " 376 ") || has(begin, total, " 422 "))) {
    client->stage = sender_count > 0 ? kJoining : kIn;
    char join[32];
    if (client->stage == kJoining)
      transport_send(client->fd, join, put_line(join, "JOIN #bench"));
    else
      in_count++;
  } else if (client->stage == kJoining && has(begin, total, " 366 ")) {
    client->stage = kIn;
    in_count++;
  }
  client->tail_bytes = total < kTail ? total : kTail;
  memcpy(client->tail, begin + total - client->tail_bytes, client->tail_bytes);
}

static void on_lines(struct client* client, size_t length, int is_sender) {
  const char* at = input + kTail;
  const char* end = at + length;
  uint64_t count = 0;
  while ((at = memchr(at, delivery_mark, (size_t)(end - at))) != NULL) {
    at++;
    count++;
  }
  client->received += count;
  deliveries += count;
  if (!is_sender || count == 0 || client->received < client->sent * (sender_count - 1)) return;
  if (is_counting) count_latency(now_ns() - client->sent_ns);
  send_message(client);
}

// Returns whether anything arrived.
static int serve(int timeout_ms, int is_talking) {
  static struct epoll_event events[1024];
  const int ready = epoll_wait(epoll_fd, events, 1024, timeout_ms);
  for (int i = 0; i < ready; i++) {
    const size_t index = events[i].data.u64;
    struct client* client = &clients[index];
    if (client->stage == kConnecting) {
      on_connected(index);
      continue;
    }
    const ssize_t length = transport_receive(client->fd, input + kTail);
    if (length < 0 && errno == EAGAIN) continue;
    if (length < 0) fail("recv");
    // Acknowledges at once: if a server leaves Nagle's algorithm on, delayed acknowledgements would set
    // its pace.
    const int one = 1;
    setsockopt(client->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
    if (length == 0) {
      fprintf(stderr, "irc_load: the server closed client %zu\n", index);
      exit(1);
    }
    if (is_talking)
      on_lines(client, (size_t)length, index < sender_count);
    else if (client->stage != kIn)
      on_entering(client, (size_t)length);
  }
  return ready > 0;
}

int main(int argc, char** argv) {
  if (argc < 6)
    return fprintf(stderr, "usage: irc_load PORT CLIENTS SENDERS BYTES SECONDS [FIRST [TRANSPORT]]\n"), 2;
  port = atoi(argv[1]);
  client_count = strtoul(argv[2], NULL, 10);
  sender_count = strtoul(argv[3], NULL, 10);
  const size_t text_bytes = strtoul(argv[4], NULL, 10);
  const double seconds = atof(argv[5]);
  first_number = argc > 6 ? strtoul(argv[6], NULL, 10) : 0;
  const char* transport = argc > 7 ? argv[7] : "tcp";
  is_web = strncmp(transport, "web", 3) == 0;
  if (strstr(transport, "tls") != NULL) use_tls();
  if (is_web) delivery_mark = 0x81;
  clients = calloc(client_count, sizeof *clients);
  epoll_fd = epoll_create1(0);
  char text[sizeof message - 8];
  const int length = snprintf(text, sizeof text, "PRIVMSG #bench :%0*d", (int)text_bytes, 0);
  if (length < 0 || (size_t)length >= (is_web ? 126 : sizeof text)) {
    return fprintf(stderr, "irc_load: the text is too long\n"), 2;
  }
  message_bytes = put_line(message, text);

  const int64_t begin = now_ns();
  int64_t next_batch = 0;
  for (size_t opened = 0; in_count < client_count;) {
    // Some servers have a short queue of connections, and who finds it full waits for seconds: a few at a
    // time.
    if (opened < client_count && opened - in_count < kOutstanding && now_ns() >= next_batch) {
      for (size_t i = 0; i < kBatch && opened < client_count; i++) open_client(opened++);
      next_batch = now_ns() + 2 * NS_PER_MS;
    }
    serve(opened < client_count ? 1 : 1000, 0);
  }
  if (sender_count == 0) {
    printf("idle\n");
    fflush(stdout);
    while (getchar() != EOF) continue;
    return 0;
  }
  printf("joined %.3f\n", (now_ns() - begin) / 1e9);
  fflush(stdout);
  // The messages still under way announce the last who joined.
  while (serve(300, 0)) continue;

  const size_t beginner_count = sender_count == 2 ? 1 : sender_count;
  for (size_t i = 0; i < beginner_count; i++) send_message(&clients[i]);
  const int64_t warm = now_ns() + kWarmMs * NS_PER_MS;
  while (now_ns() < warm && sent_lines < kWarmLines) serve(100, 1);
  printf("start\n");
  fflush(stdout);
  deliveries = 0;
  is_counting = 1;
  const int64_t start = now_ns();
  const int64_t end = start + (int64_t)(seconds * 1e9);
  while (now_ns() < end) serve(100, 1);
  printf("{\"deliveries\":%llu,\"seconds\":%.6f,\"p50Ns\":%.0f,\"p99Ns\":%.0f,\"p999Ns\":%.0f}\n",
         (unsigned long long)deliveries, (now_ns() - start) / 1e9, percentile(0.5), percentile(0.99),
         percentile(0.999));
  return 0;
}
