// The limit of a fan-out: one room, level-triggered epoll, the lines of a turn in one piece of memory, and
// one send or sendmsg for each member and turn. `room PORT plain|irc`.
//
// plain  every client is in the room; each line goes to all others, after a prefix as long as fdmux's
// irc    as much of IRC as the loads speak: NICK, USER, JOIN, PART, PRIVMSG, PING; there is one channel
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../support/bench.h"

enum { kArenaBytes = 262144, kLineBytes = 1024, kMaxFds = 65536, kNamesBytes = 400, kInputBytes = 65536 };

struct client {
  int fd;
  int place;         // among the members; -1 for none
  char name[64];     // nick, or the prefix of plain lines
  char source[128];  // nick!user@host
  size_t owed_from;  // start of the bytes in `shared` that it has no part of yet
  struct iovec* parts;
  size_t part_count, part_room;
  int is_listed;  // among those that were answered
  char rest[kLineBytes];
  size_t rest_bytes;
  char* queue;  // the bytes that the kernel has not taken
  size_t queue_bytes;
};

static struct client* clients[kMaxFds];
static struct client *members[kMaxFds], *listed[kMaxFds];
static int member_count, listed_count, epoll_fd, is_irc;
static char shared[kArenaBytes], own[kArenaBytes];
static size_t shared_bytes, own_bytes;

static void add_part(struct client* client, char* bytes, size_t length) {
  if (client->part_count > 0) {
    struct iovec* last = &client->parts[client->part_count - 1];
    if ((char*)last->iov_base + last->iov_len == bytes) {
      last->iov_len += length;
      return;
    }
  }
  if (client->part_count == client->part_room) {
    client->part_room = client->part_room == 0 ? 4 : 2 * client->part_room;
    client->parts = realloc(client->parts, client->part_room * sizeof *client->parts);
  }
  client->parts[client->part_count++] = (struct iovec){bytes, length};
}

static void settle(struct client* client) {
  if (client->place < 0 || client->owed_from == shared_bytes) return;
  add_part(client, shared + client->owed_from, shared_bytes - client->owed_from);
  client->owed_from = shared_bytes;
}

static void watch_client(struct client* client, int operation) {
  const uint32_t events = client->queue == NULL ? EPOLLIN : EPOLLIN | EPOLLOUT;
  const struct epoll_event event = {.events = events, .data.fd = client->fd};
  watch(epoll_fd, operation, client->fd, event);
}

static void keep(struct client* client, const char* bytes, size_t length) {
  const int is_first = client->queue == NULL;
  client->queue = realloc(client->queue, client->queue_bytes + length);
  memcpy(client->queue + client->queue_bytes, bytes, length);
  client->queue_bytes += length;
  if (is_first) watch_client(client, EPOLL_CTL_MOD);
}

static void send_parts(struct client* client) {
  settle(client);
  for (size_t first = 0; first < client->part_count;) {
    struct iovec* parts = client->parts + first;
    const size_t left = client->part_count - first;
    const size_t count = left < IOV_MAX ? left : IOV_MAX;
    ssize_t sent = 0;
    if (client->queue == NULL) {
      const struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
      sent = count == 1 ? send(client->fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL)
                        : sendmsg(client->fd, &message, MSG_NOSIGNAL);
    }
    size_t skip = sent > 0 ? (size_t)sent : 0;
    for (size_t i = 0; i < count; i++) {
      const size_t skipped = skip < parts[i].iov_len ? skip : parts[i].iov_len;
      skip -= skipped;
      if (skipped < parts[i].iov_len)
        keep(client, (char*)parts[i].iov_base + skipped, parts[i].iov_len - skipped);
    }
    first += count;
  }
  client->part_count = 0;
}

static void flush(void) {
  for (int i = 0; i < listed_count; i++) {
    listed[i]->is_listed = 0;
    send_parts(listed[i]);
  }
  listed_count = 0;
  for (int i = 0; i < member_count; i++) {
    if (members[i]->owed_from < shared_bytes || members[i]->part_count > 0) send_parts(members[i]);
    members[i]->owed_from = 0;
  }
  shared_bytes = own_bytes = 0;
}

static void list(struct client* client) {
  if (client->is_listed) return;
  client->is_listed = 1;
  listed[listed_count++] = client;
}

static void answer(struct client* client, const char* text, size_t length) {
  if (own_bytes + length > sizeof own) flush();
  settle(client);
  memcpy(own + own_bytes, text, length);
  add_part(client, own + own_bytes, length);
  own_bytes += length;
  list(client);
}

static void broadcast(const char* text, size_t length, struct client* except) {
  if (shared_bytes + length > sizeof shared) flush();
  if (except != NULL) settle(except);
  memcpy(shared + shared_bytes, text, length);
  shared_bytes += length;
  if (except != NULL) except->owed_from = shared_bytes;
}

static void enter(struct client* client) {
  client->place = member_count;
  client->owed_from = shared_bytes;
  members[member_count++] = client;
}

static void leave(struct client* client) {
  if (client->place < 0) return;
  settle(client);
  struct client* last = members[--member_count];
  members[client->place] = last;
  last->place = client->place;
  client->place = -1;
}

static void answer_names(struct client* client, const char* channel) {
  char line[2 * kLineBytes];
  const int head = snprintf(line, sizeof line, ":bench.server 353 %s = %s :", client->name, channel);
  int length = head;
  for (int i = 0; i < member_count; i++) {
    length += sprintf(line + length, "%s ", members[i]->name);
    if (length - head < kNamesBytes && i + 1 < member_count) continue;
    memcpy(line + length - 1, "\r\n", 2);
    answer(client, line, (size_t)length + 1);
    length = head;
  }
  length = sprintf(line, ":bench.server 366 %s %s :End of /NAMES list\r\n", client->name, channel);
  answer(client, line, (size_t)length);
}

// Whether a line begins with a command; `*rest` is the text after the space behind it.
static int is(const char* line, const char* command, const char** rest) {
  const size_t length = strlen(command);
  if (strncmp(line, command, length) != 0 || line[length] != ' ') return 0;
  *rest = line + length + 1;
  return 1;
}

static void on_irc(struct client* client, const char* line) {
  char out[2 * kLineBytes];
  const char* rest;
  int length;
  if (is(line, "PRIVMSG", &rest)) {
    if (client->place < 0) return;
    length = sprintf(out, ":%s PRIVMSG %s\r\n", client->source, rest);
    broadcast(out, (size_t)length, client);
  } else if (is(line, "NICK", &rest)) {
    snprintf(client->name, sizeof client->name, "%.60s", rest);
  } else if (is(line, "USER", &rest)) {
    snprintf(client->source, sizeof client->source, "%s!~%.*s@127.0.0.1", client->name,
             (int)strcspn(rest, " "), rest);
    length = sprintf(out, ":bench.server 001 %s :Welcome\r\n:bench.server 422 %s :No message of the day\r\n",
                     client->name, client->name);
    answer(client, out, (size_t)length);
  } else if (is(line, "JOIN", &rest)) {
    if (client->place >= 0) return;
    enter(client);
    length = sprintf(out, ":%s JOIN %s\r\n", client->source, rest);
    broadcast(out, (size_t)length, NULL);
    answer_names(client, rest);
  } else if (is(line, "PART", &rest)) {
    if (client->place < 0) return;
    length = sprintf(out, ":%s PART %s\r\n", client->source, rest);
    broadcast(out, (size_t)length, NULL);
    leave(client);
    list(client);
  } else if (is(line, "PING", &rest)) {
    length = sprintf(out, ":bench.server PONG bench.server %s\r\n", rest);
    answer(client, out, (size_t)length);
  }
}

static void on_line(struct client* client, const char* line, size_t length) {
  if (length > 0 && line[length - 1] == '\r') length--;
  if (length == 0 || length >= kLineBytes) return;
  if (is_irc) {
    char text[kLineBytes];
    memcpy(text, line, length);
    text[length] = 0;
    on_irc(client, text);
    return;
  }
  char out[2 * kLineBytes];
  const int total = sprintf(out, "%s%.*s\n", client->name, (int)length, line);
  broadcast(out, (size_t)total, client);
}

static void close_client(struct client* client) {
  flush();
  leave(client);
  clients[client->fd] = NULL;
  close(client->fd);
  free(client->parts);
  free(client->queue);
  free(client);
}

static void on_input(struct client* client) {
  static char input[kInputBytes];
  const ssize_t received = recv(client->fd, input, sizeof input, 0);
  if (received < 0 && errno == EAGAIN) return;
  if (received <= 0) {
    close_client(client);
    return;
  }
  const char* at = input;
  const char* end = input + received;
  for (const char* feed; (feed = memchr(at, '\n', (size_t)(end - at))) != NULL; at = feed + 1) {
    const size_t length = (size_t)(feed - at);
    if (client->rest_bytes == 0) {
      on_line(client, at, length);
    } else if (client->rest_bytes + length < sizeof client->rest) {
      memcpy(client->rest + client->rest_bytes, at, length);
      on_line(client, client->rest, client->rest_bytes + length);
    }
    client->rest_bytes = 0;
  }
  const size_t left = (size_t)(end - at);
  if (client->rest_bytes + left > sizeof client->rest) return;
  memcpy(client->rest + client->rest_bytes, at, left);
  client->rest_bytes += left;
}

static void on_writable(struct client* client) {
  const ssize_t sent = send(client->fd, client->queue, client->queue_bytes, MSG_NOSIGNAL);
  if (sent <= 0) return;
  client->queue_bytes -= (size_t)sent;
  memmove(client->queue, client->queue + sent, client->queue_bytes);
  if (client->queue_bytes > 0) return;
  free(client->queue);
  client->queue = NULL;
  watch_client(client, EPOLL_CTL_MOD);
}

static void accept_all(int listener) {
  for (;;) {
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    const int fd = accept4(listener, (struct sockaddr*)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    set_no_delay(fd);
    struct client* client = clients[fd] = calloc(1, sizeof *client);
    client->fd = fd;
    client->place = -1;
    if (!is_irc) {
      sprintf(client->name, "2026-01-01 00:00:00 127.0.0.1:%d say: ", ntohs(peer.sin_port));
      enter(client);
    }
    watch_client(client, EPOLL_CTL_ADD);
  }
}

int main(int argc, char** argv) {
  if (argc < 3) return fprintf(stderr, "usage: room PORT plain|irc\n"), 2;
  is_irc = strcmp(argv[2], "irc") == 0;
  struct rlimit fds;
  getrlimit(RLIMIT_NOFILE, &fds);
  fds.rlim_cur = fds.rlim_max < kMaxFds ? fds.rlim_max : kMaxFds;
  setrlimit(RLIMIT_NOFILE, &fds);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  const struct sockaddr_in address = loopback(atoi(argv[1]));
  if (bind(listener, (const struct sockaddr*)&address, sizeof address) != 0) fail("bind");
  if (listen(listener, 4096) != 0) fail("listen");
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  const struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  watch(epoll_fd, EPOLL_CTL_ADD, listener, event);
  static struct epoll_event events[1024];
  for (;;) {
    const int ready = epoll_wait(epoll_fd, events, 1024, -1);
    for (int i = 0; i < ready; i++) {
      const int fd = events[i].data.fd;
      if (fd == listener) {
        accept_all(listener);
        continue;
      }
      if (clients[fd] != NULL && (events[i].events & EPOLLOUT) != 0 && clients[fd]->queue != NULL)
        on_writable(clients[fd]);
      if (clients[fd] != NULL && (events[i].events & ~(uint32_t)EPOLLOUT) != 0) on_input(clients[fd]);
    }
    flush();
  }
}
