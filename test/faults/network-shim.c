/*
 * The network between machines of a test: one TUN interface for each, and packets that this program carries
 * from one to the other. A kernel without netem cannot lose, delay or reorder packets by itself.
 *
 * usage: network-shim SEED NAME=ADDRESS...     the interfaces, and the IPv4 address that each machine has
 *
 * It prints `ready` when the interfaces are there, then reads rules from its standard input, and prints `ok`
 * for each. The link from one machine to another (both by their numbers, from 0) loses so many of 10,000
 * packets, and delivers the others after the delay and up to the jitter more, which reorders them:
 *
 *     FROM TO LOSS DELAY-MICROSECONDS JITTER-MICROSECONDS
 *
 * It ends when its standard input does.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
  MACHINES = 16,
  PACKETS = 8192,
  PACKET_BYTES = 2048,
  RATE_UNIT = 10000,
  HEADER_BYTES = 20,
  TARGET_AT = 16
};

struct link {
  unsigned loss, delay_us, jitter_us;
};

struct packet {
  uint64_t due_us, number;
  int to;
  size_t length;
  unsigned char bytes[PACKET_BYTES];
};

static struct link links[MACHINES][MACHINES];
static uint32_t addresses[MACHINES];
static int fds[MACHINES];
static int machines;
/* What is on its way: a heap, the packet that is due first at its top, those of one time in their order. */
static struct packet* heap[PACKETS];
static size_t waiting;
static uint64_t random_state;

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static uint64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* xorshift64* */
static unsigned draw(unsigned below) {
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return below == 0 ? 0 : (unsigned)((random_state * 0x2545f4914f6cdd1dULL >> 32) % below);
}

static int is_before(const struct packet* a, const struct packet* b) {
  return a->due_us != b->due_us ? a->due_us < b->due_us : a->number < b->number;
}

static void push(struct packet* packet) {
  size_t at = waiting++;
  while (at > 0 && is_before(packet, heap[(at - 1) / 2])) {
    heap[at] = heap[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  heap[at] = packet;
}

static struct packet* pop(void) {
  struct packet* first = heap[0];
  struct packet* last = heap[--waiting];
  size_t at = 0;
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= waiting) break;
    if (child + 1 < waiting && is_before(heap[child + 1], heap[child])) child++;
    if (!is_before(heap[child], last)) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = last;
  return first;
}

static int open_interface(const char* name) {
  struct ifreq request = {0};
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) fail("/dev/net/tun");
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
  if (ioctl(fd, TUNSETIFF, &request) < 0) fail("TUNSETIFF");
  return fd;
}

/* Takes what a machine has sent; a machine that is silent sends nothing. */
static void take(int from) {
  static uint64_t count;
  for (;;) {
    unsigned char bytes[PACKET_BYTES];
    ssize_t length = read(fds[from], bytes, sizeof bytes);
    if (length < 0) {
      /* EIO, EBADFD: the interface is down, or gone with its namespace. */
      return;
    }
    /* Only IPv4. */
    if (length < HEADER_BYTES || bytes[0] >> 4 != 4) continue;
    for (int to = 0; to < machines; to++) {
      const struct link* link = &links[from][to];
      struct packet* packet;
      if (memcmp(bytes + TARGET_AT, &addresses[to], sizeof addresses[to]) != 0) continue;
      if (waiting == PACKETS || draw(RATE_UNIT) < link->loss) break;
      packet = malloc(sizeof *packet);
      if (packet == NULL) fail("malloc");
      packet->due_us = now_us() + link->delay_us + draw(link->jitter_us);
      packet->number = count++;
      packet->to = to;
      packet->length = (size_t)length;
      memcpy(packet->bytes, bytes, (size_t)length);
      push(packet);
      break;
    }
  }
}

static void deliver(void) {
  while (waiting > 0 && heap[0]->due_us <= now_us()) {
    struct packet* packet = pop();
    /* A packet that the other side cannot take is lost, as on any link. */
    ssize_t written = write(fds[packet->to], packet->bytes, packet->length);
    (void)written;
    free(packet);
  }
}

/* Reads what rules there are. Returns 0 at the end of the input. */
static int read_rules(void) {
  static char text[4096];
  static size_t filled;
  char* end;
  ssize_t count = read(STDIN_FILENO, text + filled, sizeof text - 1 - filled);
  if (count <= 0) return count < 0 && (errno == EINTR || errno == EAGAIN);
  filled += (size_t)count;
  text[filled] = '\0';
  while ((end = strchr(text, '\n')) != NULL) {
    unsigned from, to;
    struct link link;
    if (sscanf(text, "%u %u %u %u %u", &from, &to, &link.loss, &link.delay_us, &link.jitter_us) != 5 ||
        from >= MACHINES || to >= MACHINES) {
      fputs("not a rule\n", stderr);
      exit(1);
    }
    links[from][to] = link;
    puts("ok");
    filled -= (size_t)(end + 1 - text);
    memmove(text, end + 1, filled + 1);
  }
  return 1;
}

int main(int count, char** arguments) {
  struct pollfd polled[MACHINES + 1];
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (count < 3 || count - 2 > MACHINES) {
    fputs("usage: network-shim SEED NAME=ADDRESS...\n", stderr);
    return 2;
  }
  random_state = strtoull(arguments[1], NULL, 10) * 2 + 1;
  for (; machines < count - 2; machines++) {
    char* name = arguments[machines + 2];
    char* address = strchr(name, '=');
    if (address == NULL) return 2;
    *address++ = '\0';
    if (inet_pton(AF_INET, address, &addresses[machines]) != 1) return 2;
    fds[machines] = open_interface(name);
    polled[machines] = (struct pollfd){.fd = fds[machines], .events = POLLIN};
  }
  polled[machines] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
  puts("ready");
  for (;;) {
    struct timespec wait = {1, 0};
    if (waiting > 0) {
      uint64_t now = now_us();
      uint64_t left = heap[0]->due_us > now ? heap[0]->due_us - now : 0;
      if (left < 1000000) wait = (struct timespec){0, (long)left * 1000};
    }
    if (ppoll(polled, (nfds_t)machines + 1, &wait, NULL) < 0 && errno != EINTR) fail("ppoll");
    for (int machine = 0; machine < machines; machine++) {
      if (polled[machine].revents & POLLIN) take(machine);
      /* An interface that is gone would be reported without an end. */
      else if (polled[machine].revents & (POLLERR | POLLNVAL))
        polled[machine].fd = -1;
    }
    deliver();
    if (polled[machines].revents != 0 && !read_rules()) return 0;
  }
}
