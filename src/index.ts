/** The public names, one by one, grouped by layer. */

// Errors
export { AbortError, ArgumentRangeError, ArgumentTypeError, FdmuxError, isSystemError } from './errors.js';
export type { FdLike, FdmuxErrorCode, SystemError } from './errors.js';

// Readiness: the kernel's own calls
export { Epoll } from './readiness/epoll.js';
export type { EpollEvent, EpollOptions, MaxEventsOption } from './readiness/epoll.js';
export { Poll, poll, pollSync } from './readiness/poll.js';
export type { PollEntry, PollEvent } from './readiness/poll.js';
export { select, selectSync } from './readiness/select.js';
export type { SelectResult } from './readiness/select.js';
export type { AsyncWaitOptions, SyncWaitOptions } from './readiness/wait-options.js';
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

// Multiplexer: who is ready
export { Multiplexer } from './multiplexer/multiplexer.js';
export type {
  Batch,
  MultiplexerOptions,
  MultiplexerStats,
  RegisterOptions,
  RegisterSettings,
  RunEnd,
} from './multiplexer/multiplexer.js';
export type { BackendName, Trigger, TriggerOf } from './multiplexer/backend.js';
export type { Interest, InterestName, InterestSet } from './multiplexer/interest.js';
export type { DrainOptions, DrainOutcome, Registration, RegistrationChanges } from './multiplexer/registration.js';
export { wakeup } from './multiplexer/wakeup.js';
export type { WakeupToken } from './multiplexer/wakeup.js';

// Net: bytes
export { connect } from './net/connect.js';
export type { ConnectOptions } from './net/connect.js';
export { listen } from './net/listener.js';
export type { Listener, ListenOptions } from './net/listener.js';
export type { Connection, SocketHandlers } from './net/connection.js';
export type { ConnectionOptions, KeepAliveOptions } from './net/options.js';
export { SharedBytes } from './net/shared-bytes.js';
export { decodeAddress, encodeAddress, formatAddress, parseAddress } from './net/address.js';
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
} from './net/address.js';
