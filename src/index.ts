/**
 * The public names, one by one, grouped by layer.
 *
 * @module fdmux
 */

// Errors
export {
  AbortError,
  ArgumentRangeError,
  ArgumentTypeError,
  FdmuxError,
  isSystemError,
  UnknownOptionError,
} from './errors.js';
export type { FdLike } from './arguments.js';
export type { FdmuxErrorCode, SystemError } from './errors.js';
export { errnoError } from './socket/errno-error.js';

// Readiness: the kernel's own calls
export { Epoll } from './readiness/epoll.js';
export type { EpollEvent, EpollOptions, MaxEventsOption } from './readiness/epoll.js';
export type { EpollParams } from './readiness/epoll-params.js';
export { Poll, poll, pollSync } from './readiness/poll.js';
export type { PollEntry, PollEvent } from './readiness/poll.js';
export { select, selectSync } from './readiness/select.js';
export type { SelectResult } from './readiness/select.js';
export type { AsyncWaitOptions, IntoOption, SyncWaitOptions } from './readiness/wait-options.js';
export type { WaiterKind } from './readiness/waiter.js';
export {
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLMSG,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDBAND,
  EPOLLRDHUP,
  EPOLLRDNORM,
  EPOLLWAKEUP,
  EPOLLWRBAND,
  EPOLLWRNORM,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLMSG,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from './readiness/constants.js';

// Multiplexer: readiness of many fds
export { Multiplexer } from './multiplexer/multiplexer-class.js';
export type { MultiplexerConstructor } from './multiplexer/multiplexer-class.js';
export type { Synchronous } from './multiplexer/handler.js';
export type { Batch, MultiplexerStats } from './multiplexer/multiplexer.js';
export type { MultiplexerOptions } from './multiplexer/create-backend.js';
export type { RunEnd } from './multiplexer/run-loop.js';
export type { BackendName, Trigger, TriggerOf } from './multiplexer/backend.js';
export type { Interest, InterestName, InterestSet } from './multiplexer/interest.js';
export type {
  DrainOptions,
  DrainOutcome,
  RegisterOptions,
  RegisterSettings,
  Registration,
  RegistrationChanges,
} from './multiplexer/registration.js';
export { wakeup } from './multiplexer/wakeup.js';
export type { WakeupToken } from './multiplexer/wakeup.js';
// Sockets
export { Socket } from './socket/socket.js';
export type { PathInput } from './socket/path.js';
export type {
  Accepted,
  DatagramToSend,
  PeerCredentials,
  ReceivedDatagram,
  ReceivedFrom,
  ReceivedInto,
  ReceivedMessage,
  RecvMmsgOptions,
  RecvMsgOptions,
  SendAllError,
  SendMsgOptions,
  ShutdownHow,
  SocketBytes,
  SocketFamily,
  SocketOptions,
  SocketPairOptions,
  SocketType,
} from './socket/socket-types.js';
export type { DuplexOptions, DuplexOptions as SocketDuplexOptions } from './socket/duplex.js';
export type { Pointer, PointerOptions } from './socket/pointers.js';
export type { ControlMessage, ControlMessageInput, ErrorOrigin, RawControl } from './socket/control-message.js';
export {
  AF_UNSPEC,
  AF_UNIX,
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_CAN,
  AF_VSOCK,
  SOCK_STREAM,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_RAW,
  IPPROTO_IP,
  IPPROTO_ICMP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_IPV6,
  IPPROTO_ICMPV6,
  IPPROTO_UDPLITE,
  IPPROTO_RAW,
  IPPROTO_MPTCP,
  SOL_SOCKET,
  SO_ACCEPTCONN,
  SO_BINDTODEVICE,
  SO_BROADCAST,
  SO_BUSY_POLL,
  SO_DEBUG,
  SO_DOMAIN,
  SO_DONTROUTE,
  SO_ERROR,
  SO_INCOMING_CPU,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_MARK,
  SO_OOBINLINE,
  SO_PASSCRED,
  SO_PEEK_OFF,
  SO_PEERCRED,
  SO_PRIORITY,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_RCVLOWAT,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_RXQ_OVFL,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SO_SNDLOWAT,
  SO_SNDTIMEO,
  SO_TIMESTAMP,
  SO_TIMESTAMPNS,
  SO_TYPE,
  SO_ZEROCOPY,
  UDP_SEGMENT,
  UDP_GRO,
  TCP_NODELAY,
  TCP_MAXSEG,
  TCP_CORK,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_KEEPCNT,
  TCP_SYNCNT,
  TCP_LINGER2,
  TCP_DEFER_ACCEPT,
  TCP_WINDOW_CLAMP,
  TCP_INFO,
  TCP_QUICKACK,
  TCP_CONGESTION,
  TCP_USER_TIMEOUT,
  TCP_FASTOPEN,
  TCP_NOTSENT_LOWAT,
  IP_TOS,
  IP_TTL,
  IP_HDRINCL,
  IP_OPTIONS,
  IP_PKTINFO,
  IP_RECVTTL,
  IP_RECVTOS,
  IP_RECVERR,
  IP_MTU_DISCOVER,
  IP_MTU,
  IP_FREEBIND,
  IP_TRANSPARENT,
  IP_BIND_ADDRESS_NO_PORT,
  IP_MULTICAST_IF,
  IP_MULTICAST_TTL,
  IP_MULTICAST_LOOP,
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IPV6_V6ONLY,
  IPV6_UNICAST_HOPS,
  IPV6_MULTICAST_IF,
  IPV6_MULTICAST_HOPS,
  IPV6_MULTICAST_LOOP,
  IPV6_JOIN_GROUP,
  IPV6_LEAVE_GROUP,
  IPV6_RECVPKTINFO,
  IPV6_PKTINFO,
  IPV6_RECVHOPLIMIT,
  IPV6_HOPLIMIT,
  IPV6_RECVTCLASS,
  IPV6_TCLASS,
  MSG_PEEK,
  MSG_OOB,
  MSG_DONTWAIT,
  MSG_WAITALL,
  MSG_TRUNC,
  MSG_CTRUNC,
  MSG_DONTROUTE,
  MSG_MORE,
  MSG_NOSIGNAL,
  MSG_EOR,
  MSG_ERRQUEUE,
  MSG_CONFIRM,
  MSG_CMSG_CLOEXEC,
  MSG_WAITFORONE,
  SCM_RIGHTS,
  SCM_CREDENTIALS,
  SCM_TIMESTAMP,
  SCM_TIMESTAMPNS,
  SCM_TIMESTAMPING,
  SO_TIMESTAMPING,
  SO_PASSPIDFD,
  SO_PEERPIDFD,
  SO_ATTACH_FILTER,
  SO_DETACH_FILTER,
  IPV6_RECVERR,
  SHUT_RD,
  SHUT_WR,
  SHUT_RDWR,
  SOMAXCONN,
  IN_ACCESS,
  IN_ATTRIB,
  IN_CLOSE_WRITE,
  IN_CLOSE_NOWRITE,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_MODIFY,
  IN_MOVE_SELF,
  IN_MOVED_FROM,
  IN_MOVED_TO,
  IN_OPEN,
  IN_ALL_EVENTS,
  IN_MOVE,
  IN_CLOSE,
  IN_DONT_FOLLOW,
  IN_EXCL_UNLINK,
  IN_MASK_ADD,
  IN_MASK_CREATE,
  IN_ONESHOT,
  IN_ONLYDIR,
  IN_IGNORED,
  IN_ISDIR,
  IN_Q_OVERFLOW,
  IN_UNMOUNT,
  FIONREAD,
  FIONBIO,
  TIOCOUTQ,
  TIOCGWINSZ,
  TIOCSWINSZ,
  TIOCEXCL,
  TIOCNXCL,
  TIOCMGET,
  TIOCMSET,
  F_GETFD,
  F_SETFD,
  F_GETFL,
  F_SETFL,
  F_SETPIPE_SZ,
  F_GETPIPE_SZ,
  F_ADD_SEALS,
  F_GET_SEALS,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_GROW,
  F_SEAL_WRITE,
} from './socket/constants.js';

export {
  BLUETOOTH,
  CAN,
  FANOTIFY,
  FILTER,
  GPIO,
  HID,
  I2C,
  INPUT,
  INTERFACE,
  INTERNET,
  NETLINK,
  PACKET,
  SOCKET,
  SPI,
  TIMESTAMPING,
  TTY,
  TUN,
  USB,
} from './socket/kernel-constants.js';

// Descriptors to wait for
export { OwnedFd } from './socket/owned-fd.js';
export { ByteFd } from './socket/byte-fd.js';
export type { SeekFrom } from './socket/byte-fd.js';
export { Descriptor, pipe, setNonBlocking } from './socket/descriptor.js';
export type { MemfdOptions, PipeOptions } from './socket/descriptor.js';
export { EventFd } from './socket/event-fd.js';
export type { EventFdOptions } from './socket/event-fd.js';
export { TimerFd } from './socket/timer-fd.js';
export type { TimerClock, TimerOptions, TimerState } from './socket/timer-fd.js';
export { SignalFd } from './socket/signal-fd.js';
export type { SignalInfo } from './socket/signal-fd.js';
export { Inotify } from './socket/inotify.js';
export type { InotifyEvent } from './socket/inotify.js';
export { Fanotify } from './socket/fanotify.js';
export type {
  FanotifyAnswer,
  FanotifyEvent,
  FanotifyFile,
  FanotifyOptions,
  FanotifyRecord,
} from './socket/fanotify.js';
export { PidFd } from './socket/pid-fd.js';
export type { ExitStatus } from './socket/pid-fd.js';

// Reports of devices and the kernel, as objects
export { sizedRequest } from './socket/request-number.js';
export { decodeInputEvents, encodeInputEvents } from './socket/input-event.js';
export type { InputEvent, InputEventInput } from './socket/input-event.js';
export { decodeGpioLineEvents, encodeGpioLineRequest, gpioLineFd } from './socket/gpio-line.js';
export type { GpioLineEvent, GpioLineRequest } from './socket/gpio-line.js';
export { canAddress, decodeCanFrame, encodeCanFrame } from './socket/can-frame.js';
export type { CanFrame, CanFrameInput } from './socket/can-frame.js';
export {
  decodeNetlink,
  decodeNetlinkAttributes,
  decodeNetlinkLink,
  encodeNetlink,
  encodeNetlinkAttribute,
  netlinkAddress,
} from './socket/netlink.js';
export type {
  NetlinkAddressInput,
  NetlinkAttribute,
  NetlinkLink,
  NetlinkMessage,
  NetlinkMessageInput,
} from './socket/netlink.js';
export { decodeInterfaceRequest, encodeInterfaceRequest } from './socket/interface-request.js';
export type { InterfaceRequest, InterfaceRequestValue } from './socket/interface-request.js';

// Files
export { canLockRange, flock, lockRange } from './socket/file-lock.js';
export type { LockMode, LockRange } from './socket/file-lock.js';
export { sendFile, splice, tee } from './socket/splice.js';
export type { SendFileOptions, SpliceOptions } from './socket/splice.js';

// Interfaces and groups
export { ifIndexToName, ifNameToIndex } from './socket/interface.js';
export { inetAton } from './socket/multicast.js';
export type { MulticastGroup } from './socket/multicast.js';

// The service manager
export { listenFds, sdNotify, sdWatchdogIntervalMs } from './socket/service-manager.js';
export type { ListenFd, ListenFdsOptions, SdNotifyOptions } from './socket/service-manager.js';

// Terminals
export { Pty, PtyProcess } from './socket/pty.js';
export type { PtyOptions, PtySpawnOptions } from './socket/pty.js';
export { SerialPort } from './socket/serial-port.js';
export type { SerialPortOptions } from './socket/serial-port.js';
export { Termios } from './socket/termios.js';
export type { ReadThreshold, TermiosChanges, TermiosSettings, TermiosWhen } from './socket/termios.js';
export {
  drainOutput,
  flushQueues,
  getModemLines,
  getWindowSize,
  sendBreak,
  setExclusive,
  setModemLines,
  setWindowSize,
} from './socket/terminal.js';
export type { ModemLineChanges, ModemLines, TerminalQueue, WindowSize } from './socket/terminal.js';

// Net: bytes
export { connect } from './net/connect.js';
export type { ConnectOptions } from './net/connect.js';
export { listen } from './net/listener.js';
export type { Listener, ListenOptions } from './net/listener.js';
export type { Connection, ConnectionSecurity, ReleasedConnection, SocketHandlers } from './net/connection.js';
export { adopt } from './net/adopt.js';
export type { AdoptedState, AdoptOptions } from './net/adopt.js';
export type { ConnectionOptions, KeepAliveOptions } from './net/options.js';
export { bindDatagram } from './net/bind-datagram.js';
export type {
  DatagramDetails,
  DatagramError,
  DatagramHandlers,
  DatagramSendOptions,
  DatagramSocket,
} from './net/datagram.js';
export type { DatagramOptions, DatagramPeer } from './net/datagram-options.js';
export type {
  Pem,
  TlsConnectOptions,
  TlsIdentity,
  TlsListenOptions,
  TlsNamedIdentity,
  TlsServerContext,
  TlsVersion,
} from './net/tls-options.js';
export { relay } from './net/relay.js';
export type { Relay, RelayOptions, RelayOutcome } from './net/relay.js';
export type { RelayEnd } from './net/relay-side.js';
export { serve } from './net/serve.js';
export type { ServeOptions } from './net/serve.js';
export type { FdHandlers, FdStream } from './net/fd-stream.js';
export { SharedBytes } from './net/shared-bytes.js';
export { decodeAddress, encodeAddress, formatAddress, parseAddress } from './socket/address.js';
export { resolveHost } from './net/resolve.js';
export type {
  Address,
  AddressInput,
  Inet6Address,
  InetAddress,
  RawAddress,
  UnixAbstractAddress,
  UnixPathAddress,
  UnixUnnamedAddress,
  UnknownAddress,
} from './socket/address.js';
