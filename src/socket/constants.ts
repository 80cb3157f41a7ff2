/**
 * The kernel's socket and descriptor constants, under the kernel's names.
 *
 * They are part of Linux's binary interface on every architecture that fdmux is built for, so they are written here as
 * numbers; a test compares each with this system's headers. The man page that each group names describes them.
 */

// Address families, for `Socket.create`, besides its names.
export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const AF_CAN = 29;
export const AF_VSOCK = 40;

// Socket types.
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_SEQPACKET = 5;
export const SOCK_RAW = 3;

// Protocols; each is also the `level` of its own options.
export const IPPROTO_IP = 0;
export const IPPROTO_ICMP = 1;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_IPV6 = 41;
export const IPPROTO_ICMPV6 = 58;
export const IPPROTO_UDPLITE = 136;
export const IPPROTO_RAW = 255;
export const IPPROTO_MPTCP = 262;

// Options of every socket, at level `SOL_SOCKET`: socket(7).
export const SOL_SOCKET = 1;
export const SO_ACCEPTCONN = 30;
export const SO_BINDTODEVICE = 25;
export const SO_BROADCAST = 6;
export const SO_BUSY_POLL = 46;
export const SO_DEBUG = 1;
export const SO_DOMAIN = 39;
export const SO_DONTROUTE = 5;
export const SO_ERROR = 4;
export const SO_INCOMING_CPU = 49;
export const SO_KEEPALIVE = 9;
export const SO_LINGER = 13;
export const SO_MARK = 36;
export const SO_OOBINLINE = 10;
export const SO_PASSCRED = 16;
export const SO_PEEK_OFF = 42;
export const SO_PEERCRED = 17;
export const SO_PRIORITY = 12;
export const SO_PROTOCOL = 38;
export const SO_RCVBUF = 8;
export const SO_RCVBUFFORCE = 33;
export const SO_RCVLOWAT = 18;
export const SO_RCVTIMEO = 20;
export const SO_REUSEADDR = 2;
export const SO_REUSEPORT = 15;
export const SO_RXQ_OVFL = 40;
export const SO_SNDBUF = 7;
export const SO_SNDBUFFORCE = 32;
export const SO_SNDLOWAT = 19;
export const SO_SNDTIMEO = 21;
export const SO_TIMESTAMP = 29;
export const SO_TIMESTAMPNS = 35;
export const SO_TYPE = 3;
export const SO_ZEROCOPY = 60;

// Options of TCP, at level `IPPROTO_TCP`: tcp(7).
export const TCP_NODELAY = 1;
export const TCP_MAXSEG = 2;
export const TCP_CORK = 3;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;
export const TCP_SYNCNT = 7;
export const TCP_LINGER2 = 8;
export const TCP_DEFER_ACCEPT = 9;
export const TCP_WINDOW_CLAMP = 10;
export const TCP_INFO = 11;
export const TCP_QUICKACK = 12;
export const TCP_CONGESTION = 13;
export const TCP_USER_TIMEOUT = 18;
export const TCP_FASTOPEN = 23;
export const TCP_NOTSENT_LOWAT = 25;

// Options of IPv4, at level `IPPROTO_IP`: ip(7).
export const IP_TOS = 1;
export const IP_TTL = 2;
export const IP_HDRINCL = 3;
export const IP_OPTIONS = 4;
export const IP_PKTINFO = 8;
export const IP_RECVTTL = 12;
export const IP_RECVTOS = 13;
export const IP_RECVERR = 11;
export const IP_MTU_DISCOVER = 10;
export const IP_MTU = 14;
export const IP_FREEBIND = 15;
export const IP_TRANSPARENT = 19;
export const IP_BIND_ADDRESS_NO_PORT = 24;
export const IP_MULTICAST_IF = 32;
export const IP_MULTICAST_TTL = 33;
export const IP_MULTICAST_LOOP = 34;
export const IP_ADD_MEMBERSHIP = 35;
export const IP_DROP_MEMBERSHIP = 36;

// Options of IPv6, at level `IPPROTO_IPV6`: ipv6(7).
export const IPV6_V6ONLY = 26;
export const IPV6_UNICAST_HOPS = 16;
export const IPV6_MULTICAST_IF = 17;
export const IPV6_MULTICAST_HOPS = 18;
export const IPV6_MULTICAST_LOOP = 19;
export const IPV6_JOIN_GROUP = 20;
export const IPV6_LEAVE_GROUP = 21;
export const IPV6_RECVPKTINFO = 49;
export const IPV6_PKTINFO = 50;
export const IPV6_RECVHOPLIMIT = 51;
export const IPV6_HOPLIMIT = 52;
export const IPV6_RECVTCLASS = 66;
export const IPV6_TCLASS = 67;

// Flags of one send or receive: send(2), recv(2).
export const MSG_PEEK = 0x2;
export const MSG_OOB = 0x1;
export const MSG_DONTWAIT = 0x40;
export const MSG_WAITALL = 0x100;
export const MSG_TRUNC = 0x20;
export const MSG_CTRUNC = 0x8;
export const MSG_DONTROUTE = 0x4;
export const MSG_MORE = 0x8000;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_EOR = 0x80;
export const MSG_ERRQUEUE = 0x2000;
export const MSG_CONFIRM = 0x800;
export const MSG_CMSG_CLOEXEC = 0x40000000;
export const MSG_WAITFORONE = 0x10000;

// Types of control message: unix(7), socket(7).
export const SCM_RIGHTS = 1;
export const SCM_CREDENTIALS = 2;
export const SCM_TIMESTAMP = 29;
export const SCM_TIMESTAMPNS = 35;
export const SCM_TIMESTAMPING = 37;
export const SO_TIMESTAMPING = 37;
export const SO_PASSPIDFD = 76;
export const SO_PEERPIDFD = 77;
export const SO_ATTACH_FILTER = 26;
export const SO_DETACH_FILTER = 27;
export const IPV6_RECVERR = 25;

// Directions of shutdown(2), and the longest backlog by default: listen(2).
export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;
export const SOMAXCONN = 4096;

// Options of udp(7), which are also the types of its control messages.
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;

// Events of inotify(7).
export const IN_ACCESS = 0x1;
export const IN_ATTRIB = 0x4;
export const IN_CLOSE_WRITE = 0x8;
export const IN_CLOSE_NOWRITE = 0x10;
export const IN_CREATE = 0x100;
export const IN_DELETE = 0x200;
export const IN_DELETE_SELF = 0x400;
export const IN_MODIFY = 0x2;
export const IN_MOVE_SELF = 0x800;
export const IN_MOVED_FROM = 0x40;
export const IN_MOVED_TO = 0x80;
export const IN_OPEN = 0x20;
export const IN_ALL_EVENTS = 0xfff;
export const IN_MOVE = 0xc0;
export const IN_CLOSE = 0x18;
export const IN_DONT_FOLLOW = 0x2000000;
export const IN_EXCL_UNLINK = 0x4000000;
export const IN_MASK_ADD = 0x20000000;
export const IN_MASK_CREATE = 0x10000000;
export const IN_ONESHOT = 0x80000000;
export const IN_ONLYDIR = 0x1000000;
export const IN_IGNORED = 0x8000;
export const IN_ISDIR = 0x40000000;
export const IN_Q_OVERFLOW = 0x4000;
export const IN_UNMOUNT = 0x2000;

// Requests of ioctl(2) that most descriptors and terminals know.
export const FIONREAD = 0x541b;
export const FIONBIO = 0x5421;
export const TIOCOUTQ = 0x5411;
/** The number of a pseudo-terminal, which only its master has: ioctl_tty(2). */
export const TIOCGPTN = 0x80045430;
export const TIOCGWINSZ = 0x5413;
export const TIOCSWINSZ = 0x5414;
export const TIOCEXCL = 0x540c;
export const TIOCNXCL = 0x540d;
export const TIOCMGET = 0x5415;
export const TIOCMSET = 0x5418;

// Commands of fcntl(2) that take a number or nothing, and the seals of F_ADD_SEALS.
export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_SETPIPE_SZ = 1031;
export const F_GETPIPE_SZ = 1032;
export const F_ADD_SEALS = 1033;
export const F_GET_SEALS = 1034;
export const F_SEAL_SEAL = 1;
export const F_SEAL_SHRINK = 2;
export const F_SEAL_GROW = 4;
export const F_SEAL_WRITE = 8;
