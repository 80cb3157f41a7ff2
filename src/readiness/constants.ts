/**
 * The kernel's constants for poll(2) and epoll(7), under the kernel's names.
 *
 * They are part of Linux's binary interface on every architecture that fdmux is built for, so they are written here
 * as numbers; a test compares each with this system's headers. JavaScript's bitwise operators yield signed numbers
 * (`EPOLLIN | EPOLLET` is negative): every function of fdmux takes either form and reports the unsigned one.
 */

/** There is data to read, or end of file. */
export const POLLIN = 0x0001;
/**
 * An exceptional condition: out-of-band data on a TCP socket, a state change of a pseudoterminal in packet mode or of a
 * cgroup file.
 */
export const POLLPRI = 0x0002;
/** Writing is possible, though more than there is room for may still block. */
export const POLLOUT = 0x0004;
/** Only reported. An error is pending, or, on the write end of a pipe, the read end is closed. */
export const POLLERR = 0x0008;
/** Only reported. The peer closed its end; you can still read what it sent before, then end of file. */
export const POLLHUP = 0x0010;
/** Only reported. The fd is not open. */
export const POLLNVAL = 0x0020;
/** On Linux the same as {@link POLLIN}. */
export const POLLRDNORM = 0x0040;
/** Priority band data can be read (Linux in general does not use it). */
export const POLLRDBAND = 0x0080;
/** On Linux the same as {@link POLLOUT}. */
export const POLLWRNORM = 0x0100;
/** Priority data can be written. */
export const POLLWRBAND = 0x0200;
/** A SIGPOLL message has arrived. The kernel defines it and never uses it. */
export const POLLMSG = 0x0400;
/** The peer of a stream socket closed its connection, or shut down its writing half. */
export const POLLRDHUP = 0x2000;

/** There is data to read, or end of file. */
export const EPOLLIN = POLLIN;
/** An exceptional condition, as {@link POLLPRI}. */
export const EPOLLPRI = POLLPRI;
/** Writing is possible. */
export const EPOLLOUT = POLLOUT;
/** Always reported, asked for or not: an error is pending, or a pipe's read end is closed. */
export const EPOLLERR = POLLERR;
/** Always reported, asked for or not: the peer closed its end. You can still read what it sent, then end of file. */
export const EPOLLHUP = POLLHUP;
/** On Linux the same as {@link EPOLLIN}. */
export const EPOLLRDNORM = POLLRDNORM;
/** Priority band data can be read. */
export const EPOLLRDBAND = POLLRDBAND;
/** On Linux the same as {@link EPOLLOUT}. */
export const EPOLLWRNORM = POLLWRNORM;
/** Priority data can be written. */
export const EPOLLWRBAND = POLLWRBAND;
/** Ignored by the kernel. */
export const EPOLLMSG = POLLMSG;
/** The peer of a stream socket closed or shut down its writing half. Distinguishes the end from data in edge mode. */
export const EPOLLRDHUP = POLLRDHUP;
/**
 * Wakes at least one instead of all of the epoll instances that watch one open file description with this flag. Only
 * for `add`, and not together with EPOLLONESHOT, EPOLLRDHUP or EPOLLPRI; such an entry cannot be modified.
 */
export const EPOLLEXCLUSIVE = 0x1000_0000;
/** Keeps the system from suspending while this event is pending or being handled. Needs CAP_BLOCK_SUSPEND. */
export const EPOLLWAKEUP = 0x2000_0000;
/** Disarms the entry after one event, also for EPOLLERR and EPOLLHUP, until `modify` arms it again. */
export const EPOLLONESHOT = 0x4000_0000;
/** Edge-triggered: reports changes, not states. After an event, go on until the call would block. */
export const EPOLLET = 0x8000_0000;

/** All bits that an epoll event mask can have. */
const KNOWN_EPOLL_EVENTS = [
  EPOLLIN,
  EPOLLPRI,
  EPOLLOUT,
  EPOLLERR,
  EPOLLHUP,
  POLLNVAL,
  EPOLLRDNORM,
  EPOLLRDBAND,
  EPOLLWRNORM,
  EPOLLWRBAND,
  EPOLLMSG,
  EPOLLRDHUP,
  EPOLLEXCLUSIVE,
  EPOLLWAKEUP,
  EPOLLONESHOT,
  EPOLLET,
].reduce((mask, bit) => mask | bit, 0);

/** Returns the bits of `mask` that epoll does not know; 0 if it knows all. */
export function unknownEpollEvents(mask: number): number {
  return mask & ~KNOWN_EPOLL_EVENTS;
}
