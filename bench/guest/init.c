// The first process of the guest that counts instructions. It has the machine's own files by 9p; writes to
// them stay in the guest's memory, except in the folders that /writable names. Runs /command there, and ends
// the guest with its exit code.
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  kExitPort = 0xf4,  // of QEMU's isa-debug-exit: it ends with twice the value written there, plus 1
  kFailed = 99,
  kMaxOpenFiles = 65536,
  kMaxCommandBytes = 65536,
};

// Files are cached as if they never changed elsewhere: in so short a time they do not.
static const char k9p[] = "trans=virtio,version=9p2000.L,msize=524288,cache=loose";

static void end(int code) {
  sync();
  if (ioperm(kExitPort, 1, 1) == 0) outb((unsigned char)code, kExitPort);
  for (;;) pause();
}

static void fail(const char* what) {
  dprintf(STDERR_FILENO, "guest: %s: %s\n", what, strerror(errno));
  end(kFailed);
}

static void mount_at(const char* source, const char* target, const char* type, const char* data) {
  if (mkdir(target, 0755) != 0 && errno != EEXIST) fail(target);
  if (mount(source, target, type, 0, data) != 0) fail(target);
}

// Loads the kernel's modules whose files /modules names, in that order.
static void load_modules(void) {
  FILE* const list = fopen("/modules", "r");
  char path[256];
  if (list == NULL) fail("/modules");
  while (fscanf(list, "%255s", path) == 1) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST)) fail(path);
    close(fd);
  }
  fclose(list);
}

static void bring_loopback_up(void) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0) fail("loopback");
  close(fd);
}

static const char* read_command(void) {
  static char command[kMaxCommandBytes];
  const int fd = open("/command", O_RDONLY | O_CLOEXEC);
  const ssize_t size = fd < 0 ? -1 : read(fd, command, sizeof command - 1);
  if (size < 0) fail("/command");
  close(fd);
  return command;
}

// Each line is the name of a share and the folder that it is.
static void mount_writable(void) {
  FILE* const list = fopen("/writable", "r");
  char share[64];
  char folder[4096];
  if (list == NULL) fail("/writable");
  while (fscanf(list, "%63s %4095[^\n]", share, folder) == 2) {
    char target[sizeof folder + sizeof "/root"];
    snprintf(target, sizeof target, "/root%s", folder);
    mount_at(share, target, "9p", k9p);
  }
  fclose(list);
}

static void enter_host(void) {
  mount_at("host", "/host", "9p", k9p);
  mount_at("tmpfs", "/written", "tmpfs", "size=75%");
  if (mkdir("/written/upper", 0755) != 0 || mkdir("/written/work", 0755) != 0) fail("/written");
  mount_at("overlay", "/root", "overlay", "lowerdir=/host,upperdir=/written/upper,workdir=/written/work");
  mount_at("proc", "/root/proc", "proc", NULL);
  mount_at("sysfs", "/root/sys", "sysfs", NULL);
  mount_at("devtmpfs", "/root/dev", "devtmpfs", NULL);
  mount_at("tmpfs", "/root/dev/shm", "tmpfs", NULL);
  mount_writable();
  if (chroot("/root") != 0 || chdir("/") != 0) fail("chroot");
}

int main(void) {
  const struct rlimit files = {.rlim_cur = kMaxOpenFiles, .rlim_max = kMaxOpenFiles};
  const char* const command = read_command();
  load_modules();
  bring_loopback_up();
  enter_host();
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) fail("setrlimit");
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    setsid();
    execl("/bin/sh", "sh", "-c", command, (char*)NULL);
    _exit(kFailed);
  }
  int status = 0;
  for (;;) {
    const pid_t ended = wait(&status);
    if (ended == child) break;
    if (ended < 0) fail("wait");
  }
  end(WIFEXITED(status) ? WEXITSTATUS(status) : kFailed);
}
