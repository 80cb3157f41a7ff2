/**
 * The BSD socket API on one raw fd: socket(2), socketpair(2), connect(2), send(2) and their family.
 *
 * A socket is in one of three blocking modes, which are Python's:
 *
 * | mode | set by | a call that cannot go on |
 * |---|---|---|
 * | non-blocking (the default) | `setBlocking(false)`, `setTimeout(0)` | returns `null` at once |
 * | blocking | `setBlocking(true)`, `setTimeout(null)` | waits |
 * | with a timeout | `setTimeout(ms)` | waits, then throws `ETIMEDOUT` |
 *
 * A call that waits blocks the whole thread, and no signal listener runs meanwhile: that is for scripts, workers and
 * command lines. In a worker it waits in slices, so that the worker can be terminated, and returns the same results as
 * elsewhere: `SO_RCVTIMEO` and `SO_SNDTIMEO` hold, and end a wait with `null`. Inside an event loop, leave the socket
 * non-blocking and wait with a multiplexer.
 *
 * A call that a signal interrupts goes on. ENOBUFS and ENOMEM are thrown in every mode: the kernel lacks memory (or the
 * queue of a network device is full), the socket counts as writable nevertheless, and the kernel does not report when
 * it is better. Try again after a moment.
 */
import { constants as osConstants } from 'node:os';
import type { Duplex } from 'node:stream';
import {
  checkArray,
  checkBoolean,
  checkInteger,
  checkOneOf,
  checkOptions,
  MAX_INT32,
  type OptionNames,
  toBytes,
  toTimeoutMs,
} from '../arguments.js';
import { type RawAddress, WOULD_BLOCK } from '../binding/contract.js';
import { native } from '../binding/load.js';
import { invalidArgType, isSystemError, outOfRange } from '../errors.js';
import { POLLIN, POLLOUT, POLLRDHUP } from '../readiness/constants.js';
import { OpenFd } from '../readiness/open-fd.js';
import { type Address, type AddressInput, decodeAddress, encodeAddress } from './address.js';
import { DEFAULT_BACKLOG } from './backlog.js';
import { bindTo } from './bind.js';
import { BlockingMode, checkFlags, RECEIVES_AT_ONCE } from './blocking-mode.js';
import { type BlockingWait, waitsHere } from './blocking-wait.js';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SO_DOMAIN,
  SO_ERROR,
  SO_PROTOCOL,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from './constants.js';
import { type ControlMessage, type RawControl, toControlMessage, toRawControl } from './control-message.js';
import { byteDuplex, checkDuplexOptions, type DuplexOptions } from './duplex.js';
import { errnoError } from './errno-error.js';
import { type ByteCalls, FdCarrier } from './fd-carrier.js';
import { groupOption, type MulticastGroup } from './multicast.js';
import { namingAddress } from './named-error.js';
import { OwnedFd, whenClosed } from './owned-fd.js';
import { peerCredentialsOf } from './peer-credentials.js';
import { linkPointers, type PointerOptions } from './pointers.js';
import { receiveBuffer, takeReceived, toWritableBytes } from './receive-buffer.js';
import type {
  Accepted,
  DatagramToSend,
  PeerCredentials,
  ReceivedDatagram,
  ReceivedFrom,
  ReceivedInto,
  ReceivedMessage,
  RecvMmsgOptions,
  RecvMsgOptions,
  SendMsgOptions,
  ShutdownHow,
  SocketBytes,
  SocketFamily,
  SocketOptions,
  SocketPairOptions,
  SocketType,
} from './socket-types.js';

/** The options as the kernel's numbers. */
interface SocketNumbers {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly blocking: boolean;
}

const { EAGAIN, EALREADY, EINPROGRESS, EINTR, ETIMEDOUT } = osConstants.errno;

/** The bits above are flags: close-on-exec is always set, blocking has an option of its own. */
const MAX_TYPE = 0xf;
const DEFAULT_CONTROL_BYTES = 256;
/** Of one recvmmsg(2) or sendmmsg(2); the kernel cuts the rest off. */
const MAX_MESSAGES = 1024;
const MAX_DATAGRAM_BYTES = 64 * 1024;
const MAX_CONTROL_BYTES = 1024 * 1024;
const MAX_DATAGRAM_CONTROL_BYTES = 64 * 1024;

const NO_KINDS = new Int32Array(0);

const FAMILIES: Readonly<Record<SocketFamily, number>> = { inet: AF_INET, inet6: AF_INET6, unix: AF_UNIX };
const TYPES: Readonly<Record<SocketType, number>> = {
  stream: SOCK_STREAM,
  dgram: SOCK_DGRAM,
  seqpacket: SOCK_SEQPACKET,
  raw: SOCK_RAW,
};
const DIRECTIONS: Readonly<Record<ShutdownHow, number>> = { read: SHUT_RD, write: SHUT_WR, 'read-write': SHUT_RDWR };

const SOCKET_OPTIONS: OptionNames<SocketOptions> = { family: true, type: true, protocol: true, blocking: true };
const RECV_MSG_OPTIONS: OptionNames<RecvMsgOptions> = { maxControlBytes: true, flags: true };
const RECV_MMSG_OPTIONS: OptionNames<RecvMmsgOptions> = { maxControlBytes: true, flags: true };
const SEND_MSG_OPTIONS: OptionNames<SendMsgOptions> = { address: true, control: true, flags: true };
const DATAGRAM_TO_SEND: OptionNames<DatagramToSend> = { data: true, address: true, control: true };

/** A BSD socket that owns its fd. */
export class Socket extends OwnedFd {
  /** The address family: a name, or the kernel's number if it has none here. */
  readonly family: SocketFamily | number;
  /** The socket type: a name, or the kernel's number if it has none here. */
  readonly type: SocketType | number;
  #mode: BlockingMode;

  private constructor(fd: OpenFd, family: SocketFamily | number, type: SocketType | number, timeoutMs: number) {
    super(fd, 'Socket', 'the socket');
    this.family = toName(FAMILIES, family);
    this.type = toName(TYPES, type);
    this.#mode = new BlockingMode(timeoutMs);
  }

  /**
   * Makes a socket, close-on-exec and, unless asked otherwise, non-blocking: socket(2).
   *
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EAFNOSUPPORT, EPROTONOSUPPORT, EMFILE, EPERM (raw) ...
   */
  static create(options: SocketOptions = {}): Socket {
    const { family, type, protocol, blocking } = readOptions(options, 'inet');
    return new Socket(new OpenFd(native.socket(family, type, protocol, !blocking)), family, type, blocking ? -1 : 0);
  }

  /**
   * Makes two sockets that are connected to each other: socketpair(2).
   *
   * @throws as {@link create}
   */
  static pair(options: SocketPairOptions = {}): [Socket, Socket] {
    const { family, type, protocol, blocking } = readOptions(options, 'unix');
    const [first, second] = native.socketPair(family, type, protocol, !blocking);
    const timeoutMs = blocking ? -1 : 0;
    const wrap = (fd: number) => new Socket(new OpenFd(fd), family, type, timeoutMs);
    return [wrap(first), wrap(second)];
  }

  /**
   * Wraps a socket that exists: inherited, received, or detached from another library. It keeps its blocking mode.
   *
   * @param fd belongs to the new object, which closes it; {@link detach} gives it back
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EBADF, ENOTSOCK (the fd then stays the caller's)
   */
  static fromFd(fd: number): Socket {
    checkInteger(fd, 'fd', 0, MAX_INT32);
    const family = native.getSockOpt(fd, SOL_SOCKET, SO_DOMAIN);
    const type = native.getSockOpt(fd, SOL_SOCKET, SO_TYPE);
    return new Socket(new OpenFd(fd), family, type, native.isNonBlocking(fd) ? 0 : -1);
  }

  /**
   * The protocol's number, as the kernel chose it: `IPPROTO_TCP` for an inet stream.
   *
   * @throws ERR_CLOSED
   */
  get protocol(): number {
    return this.getsockopt(SOL_SOCKET, SO_PROTOCOL);
  }

  /** Whether calls wait: with or without a timeout. */
  get blocking(): boolean {
    return this.#mode.timeoutMs !== 0;
  }

  /**
   * Chooses between waiting for ever and not at all. It is a flag of the open file description (`O_NONBLOCK`), which
   * duplicates of the fd share.
   *
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE
   */
  setBlocking(blocking: boolean): void {
    checkBoolean(blocking, 'blocking');
    this.setTimeout(blocking ? null : 0);
  }

  /**
   * Sets how long a call waits.
   *
   * @param timeoutMs milliseconds at least 0, fractions included; 0 makes the socket non-blocking, `null` and Infinity
   * make it blocking
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
   */
  setTimeout(timeoutMs: number | null): void {
    const fd = this.fd;
    const wanted = toWaitMs(timeoutMs);
    native.setNonBlocking(fd, wanted >= 0);
    this.#mode = new BlockingMode(wanted);
  }

  /** How long a call waits, in milliseconds: 0 is not at all, `null` for ever. */
  getTimeout(): number | null {
    return this.#mode.timeoutMs < 0 ? null : this.#mode.timeoutMs;
  }

  /**
   * Gives the socket a local address: bind(2). A unix path is left in the file system when the socket is closed.
   *
   * @throws ERR_CLOSED; as `encodeAddress`; EADDRINUSE, EADDRNOTAVAIL, EACCES ...
   */
  bind(address: AddressInput): void {
    bindTo(this.fd, address);
  }

  /**
   * Starts to queue connections for {@link accept}: listen(2).
   *
   * @param backlog how many connections may wait to be accepted, at least 0; the kernel caps it at
   * `/proc/sys/net/core/somaxconn`. Default: 511
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EADDRINUSE, EOPNOTSUPP ...
   */
  listen(backlog: number = DEFAULT_BACKLOG): void {
    const fd = this.fd;
    checkInteger(backlog, 'backlog', 0, MAX_INT32);
    native.listen(fd, backlog);
  }

  /**
   * Takes the next connection off the queue: accept4(2). The new socket waits for ever if this one waits at all, and is
   * non-blocking if this one is.
   *
   * @returns `null` if it would block
   * @throws ERR_CLOSED; ETIMEDOUT; EMFILE, ENFILE, ECONNABORTED, EINVAL (not listening) ...
   */
  accept(): Accepted | null {
    const fd = this.fd;
    const blocking = this.blocking;
    const accepted = this.#acceptFrom(fd, !blocking);
    if (accepted === null) return null;
    const socket = new Socket(new OpenFd(accepted.fd), this.family, this.type, blocking ? -1 : 0);
    try {
      return { socket, address: decodeAddress(accepted.address) };
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  #acceptFrom(fd: number, nonBlocking: boolean): ReturnType<typeof native.acceptFrom> {
    if (!waitsHere(this.#mode.timeoutMs)) return native.acceptFrom(fd, nonBlocking);
    const wait = this.#mode.startWait(fd, POLLIN);
    for (;;) {
      const accepted = native.acceptFrom(fd, nonBlocking, true);
      if (accepted !== null) return accepted;
      if (!wait.forConnection()) return wait.expire('accept');
    }
  }

  /**
   * Connects, or for datagrams sets their receiver and their only sender: connect(2).
   *
   * @returns false if the connection is still being made: wait until the socket is writable, then read
   * `getsockopt(SOL_SOCKET, SO_ERROR)`, which is 0 or the errno
   * @throws ERR_CLOSED; as `encodeAddress`; ETIMEDOUT, ECONNREFUSED, ENETUNREACH, EISCONN, ENOENT (unix path), EAGAIN
   * (non-blocking: the unix listener's queue is full, and nothing is in progress) ...
   */
  connect(address: AddressInput): boolean {
    const fd = this.fd;
    const errno = this.connectEx(address);
    switch (errno) {
      case 0:
        return true;
      case EINPROGRESS:
      case EALREADY:
        return false;
      default:
        throw namingAddress(errnoError(errno, 'connect', fd), address);
    }
  }

  /**
   * As {@link connect}, with the kernel's answer as a value.
   *
   * @returns 0 when connected, else the errno, positive: EINPROGRESS, ECONNREFUSED; ETIMEDOUT at the socket's timeout
   * @throws ERR_CLOSED; as `encodeAddress`
   */
  connectEx(address: AddressInput): number {
    const fd = this.fd;
    const raw = encodeAddress(address);
    const wait = this.#mode.startWait(fd, POLLOUT);
    const errno = this.#startConnecting(fd, raw, wait);
    const goesOnAlone = errno === EINPROGRESS || errno === EINTR;
    if (!goesOnAlone || this.#mode.timeoutMs === 0 || this.#hasKernelWaited(fd, errno)) return errno;
    if (!wait.forReadiness()) return wait.isKernels ? EINPROGRESS : ETIMEDOUT;
    return this.getsockopt(SOL_SOCKET, SO_ERROR);
  }

  #startConnecting(fd: number, address: RawAddress, wait: BlockingWait): number {
    for (;;) {
      const errno = native.connect(fd, address, waitsHere(this.#mode.timeoutMs));
      // A unix listener's queue is full, and the kernel does not report when there is room.
      const hasToTryAgain = errno === EAGAIN && this.family === 'unix' && this.#mode.timeoutMs !== 0;
      if (!hasToTryAgain || this.#hasKernelWaited(fd, errno)) return errno;
      if (!wait.pause()) return wait.isKernels ? EAGAIN : ETIMEDOUT;
    }
  }

  /** Whether connect(2) has blocked until `SO_SNDTIMEO` was over. */
  #hasKernelWaited(fd: number, errno: number): boolean {
    return errno !== EINTR && !waitsHere(this.#mode.timeoutMs) && !native.isNonBlocking(fd);
  }

  /**
   * Receives up to `maxBytes` bytes, or one datagram, whose rest is lost: recv(2).
   *
   * @param maxBytes from 0 to 2^31-1
   * @param flags `MSG_PEEK`, `MSG_WAITALL` ...; with `MSG_DONTWAIT`, `MSG_ERRQUEUE` or `MSG_OOB` the call does not wait
   *   in any mode
   * @returns a buffer of its own, empty at the end of the stream; `null` if it would block
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ETIMEDOUT; ECONNRESET, ECONNREFUSED, ENOTCONN ...
   */
  recv(maxBytes: number, flags = 0): Buffer | null {
    checkInteger(maxBytes, 'maxBytes', 0, MAX_INT32);
    const bytes = socketBuffer(maxBytes, flags);
    const count = this.#receive(bytes, 0, maxBytes, flags);
    return count === null ? null : takeReceived(bytes, Math.min(count, maxBytes));
  }

  /**
   * Receives into a buffer that exists: recv(2).
   *
   * @param offset first byte to fill; default: 0
   * @param length how many bytes at most; default: the rest of the buffer
   * @returns how many bytes arrived (with `MSG_TRUNC` a datagram's whole length), 0 at the end of the stream; `null` if
   * it would block
   * @throws as {@link recv}
   */
  recvInto(buffer: ArrayBufferView | ArrayBufferLike, offset = 0, length?: number, flags = 0): number | null {
    const bytes = toWritableBytes(buffer);
    checkInteger(offset, 'offset', 0, bytes.byteLength);
    checkFlags(flags);
    return this.#receive(bytes, offset, length ?? bytes.byteLength - offset, flags);
  }

  #receive(bytes: Uint8Array, offset: number, length: number, flags: number): number | null {
    const receive: Part<number> = (fd, flagsNow, done = 0) =>
      countOrNull(native.recv(fd, bytes, offset + done, length - done, flagsNow));
    if (!this.#receivesAll(flags)) return this.#mode.operate(this.fd, 'recv', POLLIN, flags, receive);
    return this.#receiveAll(length, flags, (done, wait) =>
      this.#mode.operate(this.fd, 'recv', POLLIN, flags, (fd, flagsNow) => receive(fd, flagsNow, done), wait),
    );
  }

  /** Whether a receive has to go on until there is all, since the kernel, which must not wait here, would. */
  #receivesAll(flags: number): boolean {
    return (flags & MSG_WAITALL) !== 0 && (flags & RECEIVES_AT_ONCE) === 0 && this.#standsInForKernel();
  }

  /**
   * Receives until there is all that MSG_WAITALL asks for.
   *
   * @param receive receives behind the first `done` bytes
   * @param isCut whether the latest part ends it, as fds do
   */
  #receiveAll(
    length: number,
    flags: number,
    receive: (done: number, wait: BlockingWait) => number | null,
    isCut?: () => boolean,
  ): number | null {
    const fd = this.fd;
    const wait = this.#mode.startWait(fd, POLLIN);
    if ((flags & MSG_PEEK) !== 0) return this.#peekAll(fd, length, wait, receive);
    return takeParts(length, (done) => receive(done, wait), isCut);
  }

  #peekAll(
    fd: number,
    length: number,
    wait: BlockingWait,
    receive: (done: number, wait: BlockingWait) => number | null,
  ): number | null {
    for (;;) {
      const count = receive(0, wait);
      // The bytes stay there, so poll(2) cannot report when there are more; it can report that no more will arrive.
      if (count === null || count >= length || hasHungUp(fd) || !wait.pause()) return count;
    }
  }

  /**
   * Whether calls on this stream wait for ever, but not in the kernel, which would make each of them go on until it is
   * done.
   */
  #standsInForKernel(): boolean {
    return this.#mode.timeoutMs < 0 && waitsHere(-1) && this.type === 'stream';
  }

  /**
   * Sends as much as the kernel takes now, or one datagram whole: send(2). A peer that is gone gives EPIPE, never a
   * signal.
   *
   * @returns how many bytes it took, perhaps fewer than given; `null` if it would block
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ETIMEDOUT; EPIPE, ECONNRESET, EMSGSIZE, ENOTCONN ...
   */
  send(bytes: SocketBytes, flags = 0): number | null {
    const fd = this.fd;
    const whole = toBytes(bytes);
    return this.#sendAs('send', whole.byteLength, flags, (_fd, flagsNow, done = 0) =>
      countOrNull(native.send(fd, whole, done, whole.byteLength - done, flagsNow)),
    );
  }

  /** Sends once, or until everything is sent if the kernel would wait for that and must not. */
  #sendAs(
    syscall: string,
    length: number,
    flags: number,
    send: Part<number>,
    sendsAll = this.#standsInForKernel(),
  ): number | null {
    if (!sendsAll || (flags & MSG_DONTWAIT) !== 0) return this.#mode.operate(this.fd, syscall, POLLOUT, flags, send);
    const wait = this.#mode.startWait(this.fd, POLLOUT);
    return takeParts(length, (done) =>
      this.#mode.operate(this.fd, syscall, POLLOUT, flags, (fd, flagsNow) => send(fd, flagsNow, done), wait),
    );
  }

  /**
   * Sends until everything is sent, or until a non-blocking socket takes no more. A timeout covers the whole of it.
   *
   * @returns how many bytes were sent: all of them, unless the socket is non-blocking
   * @throws as {@link send}, with `bytesSent` on the error: {@link SendAllError}
   */
  sendAll(bytes: SocketBytes, flags = 0): number {
    const fd = this.fd;
    const whole = toBytes(bytes);
    // A timeout covers all of it; one of the kernel's starts again with each part.
    const wait = this.#mode.timeoutMs < 0 ? undefined : this.#mode.startWait(fd, POLLOUT);
    let sent = 0;
    try {
      do {
        const count = this.#mode.operate(
          this.fd,
          'send',
          POLLOUT,
          flags,
          (_fd, flagsNow) => countOrNull(native.send(fd, whole, sent, whole.byteLength - sent, flagsNow)),
          wait,
        );
        if (count === null) return sent;
        sent += count;
      } while (sent < whole.byteLength);
    } catch (error) {
      if (isSystemError(error)) Object.assign(error, { bytesSent: sent });
      throw error;
    }
    return sent;
  }

  /**
   * Receives as {@link recv} does, and returns who sent it: recvfrom(2).
   *
   * @returns `null` if it would block
   * @throws as {@link recv}
   */
  recvFrom(maxBytes: number, flags = 0): ReceivedFrom | null {
    checkInteger(maxBytes, 'maxBytes', 0, MAX_INT32);
    const buffer = socketBuffer(maxBytes, flags);
    const received = this.#receiveFrom(buffer, 0, maxBytes, flags);
    if (received === null) return null;
    return { data: takeReceived(buffer, Math.min(received.bytes, maxBytes)), address: received.address };
  }

  /**
   * Receives into a buffer that exists, as {@link recvInto} does, and returns who sent it: recvfrom(2).
   *
   * @returns `null` if it would block
   * @throws as {@link recv}
   */
  recvFromInto(buffer: ArrayBufferView | ArrayBufferLike, offset = 0, length?: number, flags = 0): ReceivedInto | null {
    const bytes = toWritableBytes(buffer);
    checkInteger(offset, 'offset', 0, bytes.byteLength);
    return this.#receiveFrom(bytes, offset, length ?? bytes.byteLength - offset, flags);
  }

  #receiveFrom(bytes: Uint8Array, offset: number, length: number, flags: number): ReceivedInto | null {
    let sender: RawAddress | null = null;
    const receive: Part<number> = (fd, flagsNow, done = 0) => {
      const received = native.recvFrom(fd, bytes, offset + done, length - done, flagsNow);
      sender ??= received?.address ?? null;
      return received?.bytes ?? null;
    };
    const count = this.#receivesAll(flags)
      ? this.#receiveAll(length, flags, (done, wait) =>
          this.#mode.operate(this.fd, 'recvfrom', POLLIN, flags, (fd, flagsNow) => receive(fd, flagsNow, done), wait),
        )
      : this.#mode.operate(this.fd, 'recvfrom', POLLIN, flags, receive);
    return count === null ? null : { bytes: count, address: decodeSender(sender) };
  }

  /**
   * Sends one datagram to an address: sendto(2).
   *
   * @returns how many bytes it took, for a datagram all of them; `null` if it would block
   * @throws as {@link send}; as `encodeAddress`; EISCONN (a connected stream), ECONNREFUSED (an earlier datagram's) ...
   */
  sendTo(bytes: SocketBytes, address: AddressInput, flags = 0): number | null {
    const fd = this.fd;
    const whole = toBytes(bytes);
    const raw = encodeAddress(address);
    return this.#sendAs('sendto', whole.byteLength, flags, (_fd, flagsNow, done = 0) =>
      countOrNull(native.sendTo(fd, whole, done, whole.byteLength - done, flagsNow, raw)),
    );
  }

  /**
   * Receives one message with its control messages: recvmsg(2). Received fds are close-on-exec.
   *
   * @param maxBytes from 0 to 2^31-1
   * @returns `null` if it would block
   * @throws as {@link recv}
   */
  recvMsg(maxBytes: number, options: RecvMsgOptions = {}): ReceivedMessage | null {
    checkInteger(maxBytes, 'maxBytes', 0, MAX_INT32);
    checkOptions(options, 'options', RECV_MSG_OPTIONS);
    const { maxControlBytes = DEFAULT_CONTROL_BYTES, flags = 0 } = options;
    checkInteger(maxControlBytes, 'options.maxControlBytes', 0, MAX_CONTROL_BYTES);
    const buffer = socketBuffer(maxBytes, flags);
    const parts: NativeMessage[] = [];
    const receive: Part<number> = (fd, flagsNow, done = 0) => {
      const part = native.recvMsg(fd, [buffer.subarray(done, maxBytes)], maxControlBytes, flagsNow);
      if (part !== null) parts.push(part);
      return part?.bytes ?? null;
    };
    const count = this.#receivesAll(flags)
      ? this.#receiveAll(
          maxBytes,
          flags,
          (done, wait) =>
            this.#mode.operate(this.fd, 'recvmsg', POLLIN, flags, (fd, flagsNow) => receive(fd, flagsNow, done), wait),
          () => parts.some(({ control }) => control.length > 0),
        )
      : this.#mode.operate(this.fd, 'recvmsg', POLLIN, flags, receive);
    if (count === null) return null;
    return toMessage(takeReceived(buffer, Math.min(count, maxBytes)), parts);
  }

  /**
   * Sends one message, gathered from one or more buffers, with control messages: sendmsg(2). On a stream, at least one
   * byte has to go with control messages.
   *
   * @param bytes at most 1024 buffers
   * @returns how many bytes it took, perhaps fewer than given; `null` if it would block
   * @throws as {@link sendTo}; EBADF (an fd of `control`), EPERM (credentials that are not the sender's) ...
   */
  sendMsg(bytes: SocketBytes | readonly SocketBytes[], options: SendMsgOptions = {}): number | null {
    const fd = this.fd;
    const vectors = isList(bytes) ? bytes.map((part) => toBytes(part)) : [toBytes(bytes)];
    checkOptions(options, 'options', SEND_MSG_OPTIONS);
    const { address, control = [], flags = 0 } = options;
    checkArray(control, 'options.control');
    const raw = address === undefined ? null : encodeAddress(address);
    const { kinds, contents } = flattenControl([control.map((message) => toRawControl(message, this.family))]);
    const length = vectors.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return this.#sendAs('sendmsg', length, flags, (_fd, flagsNow, done = 0) =>
      countOrNull(
        done === 0
          ? native.sendMsg(fd, vectors, kinds, contents, flagsNow, raw)
          : native.sendMsg(fd, behind(vectors, done), NO_KINDS, [], flagsNow, raw),
      ),
    );
  }

  /**
   * Receives the waiting datagrams, each with its control messages, in one call: recvmmsg(2). A socket that waits does
   * so for the first only.
   *
   * @param maxMessages from 1 to 1024
   * @param maxBytes of each, from 1 to 65,536
   * @param options a number is the flags only
   * @returns at least one message; `null` if it would block
   * @throws as {@link recv}
   */
  recvMmsg(maxMessages: number, maxBytes: number, options: RecvMmsgOptions | number = {}): ReceivedDatagram[] | null {
    checkInteger(maxMessages, 'maxMessages', 1, MAX_MESSAGES);
    checkInteger(maxBytes, 'maxBytes', 1, MAX_DATAGRAM_BYTES);
    if (typeof options === 'number') return this.recvMmsg(maxMessages, maxBytes, { flags: options });
    checkOptions(options, 'options', RECV_MMSG_OPTIONS);
    const { maxControlBytes = DEFAULT_CONTROL_BYTES, flags = 0 } = options;
    checkInteger(maxControlBytes, 'options.maxControlBytes', 0, MAX_DATAGRAM_CONTROL_BYTES);
    const buffer = Buffer.alloc(maxMessages * maxBytes);
    const received = this.#mode.operate(this.fd, 'recvmmsg', POLLIN, flags, (fd, flagsNow) =>
      native.recvMmsg(fd, buffer, maxBytes, maxControlBytes, flagsNow),
    );
    if (received === null) return null;
    return received.map((message, index) => {
      const start = index * maxBytes;
      const data = Buffer.from(buffer.subarray(start, start + Math.min(message.bytes, maxBytes)));
      return toMessage(data, [message]);
    });
  }

  /**
   * Sends many datagrams, each with its control messages, in one call: sendmmsg(2).
   *
   * @param messages at most 1024
   * @returns how many of them, counted from the first, were taken; `null` if the first would block
   * @throws as {@link sendMsg} if the first fails; a later failure shows only in the count
   */
  sendMmsg(messages: readonly DatagramToSend[], flags = 0): number | null {
    const fd = this.fd;
    checkArray(messages, 'messages');
    checkFlags(flags);
    for (const message of messages) checkOptions(message, 'messages', DATAGRAM_TO_SEND);
    const contents = messages.map(({ data }) => toBytes(data, 'messages.data'));
    const addresses = messages.map(({ address }) => (address === undefined ? null : encodeAddress(address)));
    const controls = messages.map(({ control = [] }) => {
      checkArray(control, 'messages.control');
      return control.map((message) => toRawControl(message, this.family));
    });
    const send: Part<number> = (_fd, flagsNow, done = 0) => {
      const control = flattenControl(controls.slice(done));
      const [data, to] = [contents.slice(done), addresses.slice(done)];
      return countOrNull(native.sendMmsg(fd, data, to, control.kinds, control.contents, flagsNow));
    };
    // The kernel waits for each of them, not for the first alone.
    const sendsAll = this.#mode.timeoutMs < 0 && waitsHere(-1);
    return this.#sendAs('sendmmsg', messages.length, flags, send, sendsAll);
  }

  /**
   * Ends one direction or both: shutdown(2). The peer reads the end of the stream after the sent bytes.
   *
   * @param how a direction, or `SHUT_RD`, `SHUT_WR`, `SHUT_RDWR`
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ENOTCONN
   */
  shutdown(how: ShutdownHow | number): void {
    const fd = this.fd;
    if (typeof how !== 'number') checkOneOf(how, 'how', ['read', 'write', 'read-write']);
    else checkInteger(how, 'how', SHUT_RD, SHUT_RDWR);
    native.shutdown(fd, typeof how === 'number' ? how : DIRECTIONS[how]);
  }

  /**
   * Another fd for the same socket: fcntl(2) with F_DUPFD_CLOEXEC. Both share position, options and `O_NONBLOCK`; the
   * connection ends when the last one is closed.
   *
   * @throws ERR_CLOSED; EMFILE
   */
  dup(): Socket {
    return new Socket(new OpenFd(native.duplicate(this.fd)), this.family, this.type, this.#mode.timeoutMs);
  }

  /**
   * Reads a socket option that is an integer: getsockopt(2).
   *
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ENOPROTOOPT ...
   */
  getsockopt(level: number, name: number): number;
  /**
   * Reads a socket option as bytes: getsockopt(2).
   *
   * @param maxBytes how long the value can be, from 1 to 65,536
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ENOPROTOOPT ...
   */
  getsockopt(level: number, name: number, maxBytes: number): Buffer;
  getsockopt(level: number, name: number, maxBytes?: number): number | Buffer {
    const fd = this.fd;
    if (maxBytes === undefined) return native.getSockOpt(fd, level, name);
    const value = native.getSockOptBytes(fd, level, name, maxBytes);
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }

  /**
   * Sets a socket option: setsockopt(2). Some must be set before `bind` or `connect`.
   *
   * @param value an integer of 32 bits, or the bytes of the struct that the option takes
   * @param options pointers within that struct, which `SO_ATTACH_FILTER` has, say
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ENOPROTOOPT, EINVAL, EPERM ...
   */
  setsockopt(
    level: number,
    name: number,
    value: number | ArrayBufferView | ArrayBufferLike,
    options?: PointerOptions,
  ): void {
    const fd = this.fd;
    if (options === undefined) {
      native.setSockOpt(fd, level, name, typeof value === 'number' ? value : toBytes(value, 'value'));
      return;
    }
    const { links, blocks } = linkPointers(value, 'value', options);
    native.setSockOptPointers(fd, level, name, links, blocks);
  }

  /**
   * Receives the datagrams of a multicast group from now on: MCAST_JOIN_GROUP, MCAST_JOIN_SOURCE_GROUP, ip(7). The
   * socket is to be bound to the group's port; the end of the socket leaves the group.
   *
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_OPTION; ERR_OUT_OF_RANGE (no literal of the socket's family);
   *   ENODEV (no such interface, or no route), EADDRINUSE (a member already), EINVAL (no multicast address)
   */
  joinGroup(membership: MulticastGroup): void {
    this.#setGroup(membership, 'join');
  }

  /**
   * Leaves a multicast group, with the same arguments as it was joined.
   *
   * @throws as {@link joinGroup}; EADDRNOTAVAIL (no member)
   */
  leaveGroup(membership: MulticastGroup): void {
    this.#setGroup(membership, 'leave');
  }

  #setGroup(membership: MulticastGroup, action: 'join' | 'leave'): void {
    const fd = this.fd;
    const { level, name, value } = groupOption(membership, action, this.family === 'inet6');
    native.setSockOpt(fd, level, name, value);
  }

  /**
   * The process that made the other end of a unix socket's connection: SO_PEERCRED, unix(7). The kernel recorded it at
   * connect, listen or socketpair; the process may have ended since.
   *
   * @throws ERR_CLOSED; ENOPROTOOPT
   */
  get peerCredentials(): PeerCredentials {
    return peerCredentialsOf(this.fd);
  }

  /**
   * The local address: getsockname(2).
   *
   * @throws ERR_CLOSED
   */
  getsockname(): Address {
    return decodeAddress(native.getSockName(this.fd));
  }

  /**
   * The peer's address: getpeername(2).
   *
   * @throws ERR_CLOSED; ENOTCONN
   */
  getpeername(): Address {
    return decodeAddress(native.getPeerName(this.fd));
  }

  /**
   * Makes a Node.js stream of a connected stream socket, to be piped, read as lines and so on. The socket becomes
   * non-blocking and belongs to the stream: destroying the stream closes it, and closing it destroys the stream. A
   * multiplexer of its own waits for it.
   *
   * @param options of `stream.Duplex`; by default each side ends by itself (`allowHalfOpen`)
   * @throws ERR_CLOSED; ERR_OUT_OF_RANGE if it is no stream socket; ENOTCONN
   */
  toDuplex(options: DuplexOptions = {}): Duplex {
    if (this.type !== 'stream') throw outOfRange('socket.type', "'stream'", this.type);
    checkDuplexOptions(options);
    this.getpeername();
    this.setTimeout(0);
    const Stream = byteDuplex();
    return new Stream(new FdCarrier(byteCalls(this)), options);
  }

  protected override inspected(): Readonly<Record<string, unknown>> {
    return { ...super.inspected(), family: this.family, type: this.type, blocking: this.blocking };
  }
}

/** The calls of its stream. */
function byteCalls(socket: Socket): ByteCalls {
  return {
    readable: true,
    writable: true,
    get fd() {
      return socket.fd;
    },
    read: (maxBytes) => socket.recv(maxBytes),
    write: (bytes) => socket.send(bytes),
    end: () => socket.shutdown('write'),
    close: () => socket.close(),
    whenClosed: (listener) => whenClosed(socket, listener),
  };
}

/**
 * Calls until there is as much as wanted, or no more. An error or the end of the time after a part does not undo the
 * part, as it does not in the kernel.
 *
 * @param take gives how many it took behind the first `done`; `null` at the end of the time
 * @param isCut whether the latest part ends it
 */
function takeParts(wanted: number, take: (done: number) => number | null, isCut?: () => boolean): number | null {
  let done = 0;
  do {
    let count: number | null;
    try {
      count = take(done);
    } catch (error) {
      if (done > 0) return done;
      throw error;
    }
    if (count === null) return done > 0 ? done : null;
    if (count === 0) break;
    done += count;
  } while (done < wanted && isCut?.() !== true);
  return done;
}

/** Whether no more bytes will arrive. */
function hasHungUp(fd: number): boolean {
  const entry = Int32Array.of(fd, POLLRDHUP, 0);
  return native.poll(entry, 1, 0, true, null) > 0;
}

/** The rest of buffers of which the first `done` bytes are sent. */
function behind(vectors: readonly Uint8Array[], done: number): Uint8Array[] {
  let skip = done;
  return vectors.map((vector) => {
    const skipped = Math.min(skip, vector.byteLength);
    skip -= skipped;
    return vector.subarray(skipped);
  });
}

/** Makes a call behind the first `done` bytes or messages to move; `null` if it would block. */
type Part<Result> = (fd: number, flags: number, done?: number) => Result | null;

type NativeMessage = NonNullable<ReturnType<typeof native.recvMsg>>;

/** @param parts one, or those of which a stream has made one message */
function toMessage(data: Buffer, parts: readonly NativeMessage[]): ReceivedMessage {
  const control = parts.flatMap((part) => part.control.map(toControlMessage));
  const flags = parts.reduce((all, part) => all | part.flags, 0);
  return {
    data,
    address: decodeSender(parts.find(({ address }) => address !== null)?.address ?? null),
    truncated: (flags & MSG_TRUNC) !== 0,
    controlTruncated: (flags & MSG_CTRUNC) !== 0,
    flags,
    control,
    fds: control.flatMap(fdsOf),
  };
}

function fdsOf(message: ControlMessage): readonly number[] {
  if (message.kind === 'rights') return message.fds;
  return message.kind === 'pidfd' ? [message.fd] : [];
}

/** The control messages of many messages as the addon takes them. */
function flattenControl(controls: readonly (readonly RawControl[])[]): { kinds: Int32Array; contents: Uint8Array[] } {
  const flat = controls.flatMap((control, index) => control.map((message) => ({ index, message })));
  return {
    kinds: Int32Array.from(flat.flatMap(({ index, message: { level, type } }) => [index, level, type])),
    contents: flat.map(({ message }) => message.data),
  };
}

/** `null` is for ever; a timeout that was left out by mistake is not. */
function toWaitMs(timeoutMs: unknown): number {
  if (timeoutMs === undefined) throw invalidArgType('timeoutMs', 'a number of milliseconds or null', timeoutMs);
  return toTimeoutMs(timeoutMs);
}

function decodeSender(address: RawAddress | null): Address | null {
  return address && decodeAddress(address);
}

/** As Array.isArray, which does not narrow to read-only arrays. */
function isList(value: SocketBytes | readonly SocketBytes[]): value is readonly SocketBytes[] {
  return Array.isArray(value);
}

function countOrNull(count: number): number | null {
  return count === WOULD_BLOCK ? null : count;
}

/** Memory for one receive from a socket. @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
function socketBuffer(maxBytes: number, flags: number): Buffer {
  checkFlags(flags);
  // MSG_TRUNC counts bytes that are not stored: the bytes of an earlier receive in their place must not be shown.
  return (flags & MSG_TRUNC) === 0 ? receiveBuffer(maxBytes) : Buffer.alloc(maxBytes);
}

function readOptions(options: SocketOptions, defaultFamily: SocketFamily): SocketNumbers {
  checkOptions(options, 'options', SOCKET_OPTIONS);
  const { family = defaultFamily, type = 'stream', protocol = 0, blocking = false } = options;
  checkInteger(protocol, 'options.protocol', 0, MAX_INT32);
  checkBoolean(blocking, 'options.blocking');
  return {
    family: numberOf(FAMILIES, family, 'options.family', MAX_INT32),
    type: numberOf(TYPES, type, 'options.type', MAX_TYPE),
    protocol,
    blocking,
  };
}

/** The kernel's number for a name; a number stands for itself. */
function numberOf<Name extends string>(
  names: Readonly<Record<Name, number>>,
  value: Name | number,
  what: string,
  max: number,
): number {
  if (typeof value === 'number') {
    checkInteger(value, what, 0, max);
    return value;
  }
  checkOneOf(value, what, Object.keys(names));
  return names[value];
}

/** The name of the kernel's number, if it has one. */
function toName<Name extends string>(names: Readonly<Record<Name, number>>, value: Name | number): Name | number {
  let name: Name;
  for (name in names) if (names[name] === value) return name;
  return value;
}
