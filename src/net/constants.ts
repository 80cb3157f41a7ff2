/**
 * The kernel's constants for sockets that the net layer uses, under the kernel's names.
 *
 * They are part of Linux's binary interface on every architecture that fdmux is built for, so they are written down here
 * as numbers; a test compares each with this system's headers.
 */

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

export const SOCK_STREAM = 1;

export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_ERROR = 4;
export const SO_KEEPALIVE = 9;
export const SO_REUSEPORT = 15;

export const IPPROTO_TCP = 6;
export const TCP_NODELAY = 1;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;

export const SHUT_WR = 1;

export const CLOCK_MONOTONIC = 1;
