// The errnos of Linux with the words that Node.js has for them, one X(NAME, REASON) each. EWOULDBLOCK,
// EDEADLOCK and ENOTSUP are second names of others.
#pragma once

#include <cerrno>

// clang-format off
#define FDMUX_FOR_EACH_ERRNO(X) \
  X(EPERM, "operation not permitted") \
  X(ENOENT, "no such file or directory") \
  X(ESRCH, "no such process") \
  X(EINTR, "interrupted system call") \
  X(EIO, "i/o error") \
  X(ENXIO, "no such device or address") \
  X(E2BIG, "argument list too long") \
  X(ENOEXEC, "exec format error") \
  X(EBADF, "bad file descriptor") \
  X(ECHILD, "no child processes") \
  X(EAGAIN, "resource temporarily unavailable") \
  X(ENOMEM, "not enough memory") \
  X(EACCES, "permission denied") \
  X(EFAULT, "bad address in system call argument") \
  X(ENOTBLK, "block device required") \
  X(EBUSY, "resource busy or locked") \
  X(EEXIST, "file already exists") \
  X(EXDEV, "cross-device link not permitted") \
  X(ENODEV, "no such device") \
  X(ENOTDIR, "not a directory") \
  X(EISDIR, "illegal operation on a directory") \
  X(EINVAL, "invalid argument") \
  X(ENFILE, "file table overflow") \
  X(EMFILE, "too many open files") \
  X(ENOTTY, "inappropriate ioctl for device") \
  X(ETXTBSY, "text file is busy") \
  X(EFBIG, "file too large") \
  X(ENOSPC, "no space left on device") \
  X(ESPIPE, "invalid seek") \
  X(EROFS, "read-only file system") \
  X(EMLINK, "too many links") \
  X(EPIPE, "broken pipe") \
  X(EDOM, "numerical argument out of domain") \
  X(ERANGE, "result too large") \
  X(EDEADLK, "resource deadlock avoided") \
  X(ENAMETOOLONG, "name too long") \
  X(ENOLCK, "no locks available") \
  X(ENOSYS, "function not implemented") \
  X(ENOTEMPTY, "directory not empty") \
  X(ELOOP, "too many symbolic links encountered") \
  X(ENOMSG, "no message of desired type") \
  X(EIDRM, "identifier removed") \
  X(ENOSTR, "device not a stream") \
  X(ENODATA, "no data available") \
  X(ETIME, "timer expired") \
  X(ENOSR, "out of streams resources") \
  X(EREMOTE, "Object is remote") \
  X(ENOLINK, "link has been severed") \
  X(EPROTO, "protocol error") \
  X(EMULTIHOP, "multihop attempted") \
  X(EBADMSG, "bad message") \
  X(EOVERFLOW, "value too large for defined data type") \
  X(ENOTUNIQ, "name not unique on network") \
  X(EBADFD, "file descriptor in bad state") \
  X(EREMCHG, "remote address changed") \
  X(EILSEQ, "illegal byte sequence") \
  X(ERESTART, "interrupted system call should be restarted") \
  X(ESTRPIPE, "streams pipe error") \
  X(EUSERS, "too many users") \
  X(ENOTSOCK, "socket operation on non-socket") \
  X(EDESTADDRREQ, "destination address required") \
  X(EMSGSIZE, "message too long") \
  X(EPROTOTYPE, "protocol wrong type for socket") \
  X(ENOPROTOOPT, "protocol not available") \
  X(EPROTONOSUPPORT, "protocol not supported") \
  X(ESOCKTNOSUPPORT, "socket type not supported") \
  X(EOPNOTSUPP, "operation not supported") \
  X(EPFNOSUPPORT, "protocol family not supported") \
  X(EAFNOSUPPORT, "address family not supported") \
  X(EADDRINUSE, "address already in use") \
  X(EADDRNOTAVAIL, "address not available") \
  X(ENETDOWN, "network is down") \
  X(ENETUNREACH, "network is unreachable") \
  X(ENETRESET, "network dropped connection on reset") \
  X(ECONNABORTED, "software caused connection abort") \
  X(ECONNRESET, "connection reset by peer") \
  X(ENOBUFS, "no buffer space available") \
  X(EISCONN, "socket is already connected") \
  X(ENOTCONN, "socket is not connected") \
  X(ESHUTDOWN, "cannot send after transport endpoint shutdown") \
  X(ETOOMANYREFS, "too many references: cannot splice") \
  X(ETIMEDOUT, "connection timed out") \
  X(ECONNREFUSED, "connection refused") \
  X(EHOSTDOWN, "host is down") \
  X(EHOSTUNREACH, "host is unreachable") \
  X(EALREADY, "connection already in progress") \
  X(EINPROGRESS, "operation now in progress") \
  X(ESTALE, "stale file handle") \
  X(EDQUOT, "disk quota exceeded") \
  X(ENOMEDIUM, "no medium found") \
  X(EMEDIUMTYPE, "wrong medium type") \
  X(ECANCELED, "operation canceled") \
  X(ENOKEY, "required key not available") \
  X(EKEYEXPIRED, "key has expired") \
  X(EKEYREVOKED, "key has been revoked") \
  X(EKEYREJECTED, "key was rejected by service") \
  X(EOWNERDEAD, "owner died") \
  X(ENOTRECOVERABLE, "state not recoverable") \
  X(ERFKILL, "operation not possible due to RF-kill") \
  X(EHWPOISON, "memory page has hardware error")
// clang-format on
