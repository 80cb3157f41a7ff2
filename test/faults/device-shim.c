/*
 * A library for LD_PRELOAD that makes a pseudo-terminal behave as a serial device of USB may.
 *
 * FDMUX_DEVICE_MAX_RATE  the driver has no higher rate: it takes this one instead, and says so when it is
 * asked FDMUX_DEVICE_GONE      the errno that read(2) and write(2) give once the line has hung up
 */
#define _GNU_SOURCE
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/types.h>

enum { FIRST_SLAVE_MAJOR = 136, LAST_SLAVE_MAJOR = 143 };

static unsigned long number_of(const char* name) {
  const char* text = getenv(name);
  return text == NULL ? 0 : strtoul(text, NULL, 10);
}

static int is_slave(int fd) {
  struct stat file;
  return fstat(fd, &file) == 0 && S_ISCHR(file.st_mode) && major(file.st_rdev) >= FIRST_SLAVE_MAJOR &&
         major(file.st_rdev) <= LAST_SLAVE_MAJOR;
}

/* The errno of a device that is gone, or 0. */
static int gone(int fd) {
  const int error = (int)number_of("FDMUX_DEVICE_GONE");
  struct pollfd state = {fd, 0, 0};
  return error != 0 && is_slave(fd) && poll(&state, 1, 0) == 1 && (state.revents & POLLHUP) != 0 ? error : 0;
}

ssize_t read(int fd, void* bytes, size_t count) {
  ssize_t (*real)(int, void*, size_t) = dlsym(RTLD_NEXT, "read");
  const int error = gone(fd);
  if (error == 0) return real(fd, bytes, count);
  errno = error;
  return -1;
}

ssize_t write(int fd, const void* bytes, size_t count) {
  ssize_t (*real)(int, const void*, size_t) = dlsym(RTLD_NEXT, "write");
  const int error = gone(fd);
  if (error == 0) return real(fd, bytes, count);
  errno = error;
  return -1;
}

int ioctl(int fd, unsigned long request, ...) {
  int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
  va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  const int result = real(fd, request, argument);
  const unsigned long max = number_of("FDMUX_DEVICE_MAX_RATE");
  if (result == 0 && max != 0 && request == TCGETS2) {
    struct termios2* settings = argument;
    if (settings->c_ospeed > max) settings->c_ospeed = (speed_t)max;
    if (settings->c_ispeed > max) settings->c_ispeed = (speed_t)max;
  }
  return result;
}
