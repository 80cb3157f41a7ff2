/** A served datagram socket: the states between open and closed, messages to the handlers, and its verbs. */
import { constants } from 'node:os';
import { inspect, type InspectOptions } from 'node:util';
import { checkArray, checkOptions, type OptionNames, toBytes } from '../arguments.js';
import type { DecodedControl, RawAddress } from '../binding/contract.js';
import { native } from '../binding/load.js';
import { closedError, toError } from '../errors.js';
import { summary } from '../inspect.js';
import type { Registration } from '../multiplexer/registration.js';
import { type Address, type AddressInput, decodeAddress } from '../socket/address.js';
import { AF_INET6, AF_UNIX, IPPROTO_UDP, MSG_CTRUNC, SO_DOMAIN, SO_PROTOCOL, SOL_SOCKET } from '../socket/constants.js';
import { type RawControl, toControlMessage, toRawControl } from '../socket/control-message.js';
import { errnoError } from '../socket/errno-error.js';
import { isMemoryShortage, MEMORY_RETRY_MS } from '../socket/memory-shortage.js';
import { groupOption, type MulticastGroup } from '../socket/multicast.js';
import type { DatagramDetails, DatagramError, DatagramSendOptions, DatagramSocket } from './datagram.js';
import { isFatalErrno, takeQueuedErrors } from './datagram-errors.js';
import type { DatagramSettings } from './datagram-options.js';
import { DatagramOutbox, type OutboxOwner } from './datagram-outbox.js';
import { type DatagramSlab, withDatagramSlab } from './datagram-slab.js';
import { callInContext } from './handler-calls.js';
import { watchFor } from './interest.js';
import type { OwnedSocket } from './listening-socket.js';
import { SenderCache } from './sender-cache.js';
import type { Timer } from './timers.js';
import type { Turn } from './turn.js';
import type { Readiness } from './turn-driver.js';
import { type Lease, leaseTurn } from './turn-lease.js';
import type { FdOwner } from './turn-member.js';

const SEND_OPTIONS: OptionNames<DatagramSendOptions> = { control: true };
const { EAGAIN } = constants.errno;

/** Nearly every message has these, so they are made once. */
const WHOLE: DatagramDetails = Object.freeze({
  control: Object.freeze([]),
  truncatedBytes: 0,
  isControlTruncated: false,
});

/** A message that was received before `pause`, and is handed out after `resume`. */
interface HeldMessage {
  readonly bytes: Buffer;
  readonly address: Address | null;
  readonly details: DatagramDetails;
}

/** The one class behind {@link DatagramSocket}. */
export class ServedDatagram<T> implements DatagramSocket<T>, FdOwner, OutboxOwner {
  readonly highWaterMarkBytes: number;
  readonly maxPendingBytes: number;
  readonly localAddress: Address;
  readonly remoteAddress: Address | null;
  readonly #settings: DatagramSettings<T>;
  readonly #lease: Lease;
  readonly #registration: Registration;
  /** Null if the socket is the user's. */
  readonly #owned: OwnedSocket | null;
  readonly #family: number;
  readonly #senders = new SenderCache();
  readonly #outbox: DatagramOutbox;
  #fd: number;
  #held: HeldMessage[] = [];
  /** Set while the kernel, which had no memory, is not asked for messages. */
  #rest: Timer | undefined;
  #isPaused = false;
  #isClosing = false;
  #closeReason: Error | undefined;

  declare data: T;

  /** @throws the errors of registering; the fd is then still the caller's */
  constructor(settings: DatagramSettings<T>, fd: number, owned: OwnedSocket | null) {
    this.#settings = settings;
    this.#fd = fd;
    this.#owned = owned;
    this.highWaterMarkBytes = settings.highWaterMarkBytes;
    this.maxPendingBytes = settings.maxPendingBytes;
    this.#family = native.getSockOpt(fd, SOL_SOCKET, SO_DOMAIN);
    this.localAddress = decodeAddress(native.getSockName(fd));
    this.remoteAddress = peerOf(fd);
    const isUnix = this.#family === AF_UNIX;
    const isUdp = !isUnix && native.getSockOpt(fd, SOL_SOCKET, SO_PROTOCOL) === IPPROTO_UDP;
    this.#outbox = new DatagramOutbox(this, isUnix, this.remoteAddress !== null, isUdp);
    if (settings.data !== undefined) this.data = settings.data;
    this.#lease = leaseTurn(settings.multiplexer, settings.backend);
    try {
      this.#registration = this.turn.watch(this, fd, { interest: 'read' });
    } catch (error) {
      this.#lease.release();
      throw error;
    }
  }

  get turn(): Turn {
    return this.#lease.turn;
  }

  get fd(): number {
    return this.#fd;
  }

  get pendingBytes(): number {
    return this.#outbox.pendingBytes;
  }

  get droppedMessages(): number {
    return this.#outbox.droppedMessages;
  }

  get closed(): boolean {
    return this.#isClosing;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  send(
    bytes: string | ArrayBufferView | ArrayBufferLike,
    address?: AddressInput | null,
    options?: DatagramSendOptions,
  ): boolean {
    const content = typeof bytes === 'string' ? bytes : toBytes(bytes);
    const to = address === undefined || address === null ? null : this.#senders.encode(address);
    const control = options === undefined ? undefined : this.#toControl(options);
    return !this.#isClosing && this.#outbox.push(content, to, control);
  }

  #toControl(options: DatagramSendOptions): readonly RawControl[] {
    checkOptions(options, 'options', SEND_OPTIONS);
    const { control = [] } = options;
    checkArray(control, 'options.control');
    return control.map((message) => toRawControl(message, this.#family));
  }

  pause(): void {
    if (this.#isPaused || this.#isClosing) return;
    this.#isPaused = true;
    this.updateInterest();
  }

  resume(): void {
    if (!this.#isPaused || this.#isClosing) return;
    this.#isPaused = false;
    this.updateInterest();
    if (this.#held.length > 0) this.turn.defer(this.#handOutHeld);
  }

  joinGroup(membership: MulticastGroup): void {
    this.#setGroup(membership, 'join');
  }

  leaveGroup(membership: MulticastGroup): void {
    this.#setGroup(membership, 'leave');
  }

  #setGroup(membership: MulticastGroup, action: 'join' | 'leave'): void {
    const { level, name, value } = groupOption(membership, action, this.#family === AF_INET6);
    native.setSockOpt(this.#openFd, level, name, value);
  }

  getsockopt(level: number, name: number): number {
    return native.getSockOpt(this.#openFd, level, name);
  }

  setsockopt(level: number, name: number, value: number | ArrayBufferView | ArrayBufferLike): void {
    native.setSockOpt(this.#openFd, level, name, typeof value === 'number' ? value : toBytes(value, 'value'));
  }

  get #openFd(): number {
    if (this.#fd < 0) throw closedError('the datagram socket');
    return this.#fd;
  }

  ref(): this {
    if (!this.#isClosing) this.#registration.ref();
    return this;
  }

  unref(): this {
    if (!this.#isClosing) this.#registration.unref();
    return this;
  }

  close(): void {
    this.#close();
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  /** For util.inspect and console.log: the class and the state. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    const { fd, localAddress, remoteAddress, pendingBytes, closed, data } = this;
    return summary('DatagramSocket', { fd, localAddress, remoteAddress, pendingBytes, closed, data }, depth, options);
  }

  // From here on: methods that the multiplexer, the turn and the outbox call.

  ready(registration: Readiness): void {
    if (this.#isClosing) return;
    if (registration.isWritable) this.#outbox.writable();
    const reads = registration.isReadable && !this.#isPaused && this.#rest === undefined;
    if (reads && !this.closed) withDatagramSlab(this.#receive);
  }

  readonly #receive = (slab: DatagramSlab): void => {
    const { maxMessageBytes, maxControlBytes, context } = this.#settings;
    const count = slab.receive(native, this.#fd, maxMessageBytes, maxControlBytes);
    if (count > 0) context.runInAsyncScope(this.#handOutAll, undefined, slab, count);
    else if (count < 0) this.#receiveFailed(-count);
  };

  readonly #handOutAll = (slab: DatagramSlab, count: number): void => {
    for (let index = 0; index < count; index += 1) {
      const control = slab.takeControl(index);
      if (this.#isClosing) {
        if (control !== undefined) closeFds(control);
        continue;
      }
      const bytes = slab.bytes(index);
      const { addresses, addressWords } = slab;
      const address = this.#senders.at(addresses, addressWords, slab.addressStart(index), slab.addressLength(index));
      const details = detailsOf(slab, index, bytes.length, control);
      // A handler of an earlier message has paused it.
      if (this.#isPaused) this.#held.push({ bytes: Buffer.from(bytes), address, details });
      else this.#handOut(bytes, address, details);
    }
  };

  #handOut(bytes: Buffer, address: Address | null, details: DatagramDetails): void {
    try {
      this.#settings.handlers.message(this, bytes, address, details);
    } catch (error) {
      this.turn.fail(error);
    }
  }

  readonly #handOutHeld = (): void => {
    this.#settings.context.runInAsyncScope(() => {
      while (!this.#isPaused && !this.#isClosing) {
        const message = this.#held.shift();
        if (message === undefined) return;
        this.#handOut(message.bytes, message.address, message.details);
      }
    });
  };

  #receiveFailed(errno: number): void {
    if (isMemoryShortage(errno)) {
      this.#restFromReading();
      return;
    }
    // While it is not empty, the fd counts as ready.
    const queued = this.#takeErrors();
    if (errno === EAGAIN || queued > 0) return;
    const error = errnoError(errno, 'recvmmsg', this.#fd);
    if (isFatalErrno(errno)) this.#close(error);
    else this.report(error, null);
  }

  #restFromReading(): void {
    try {
      this.#rest = this.turn.after(MEMORY_RETRY_MS, () => {
        this.#rest = undefined;
        this.updateInterest();
      });
      this.updateInterest();
    } catch (error) {
      this.#close(toError(error));
    }
  }

  #takeErrors(): number {
    try {
      return takeQueuedErrors(this.#fd, (error) => this.#callError(error));
    } catch (error) {
      this.#close(toError(error));
      return 0;
    }
  }

  report(error: DatagramError, to: RawAddress | null): void {
    const address = to === null ? undefined : decodeAddress(to);
    // Not from here: the caller of `send` is in the middle of its own work.
    this.turn.defer(() => this.#callError(Object.assign(error, { address })));
  }

  broken(error: Error): void {
    this.#close(error);
  }

  drained(): void {
    this.turn.defer(() => {
      const { context, handlers } = this.#settings;
      if (!this.#isClosing) context.runInAsyncScope(() => handlers.drain?.(this));
    });
  }

  waitFailed(error: Error): void {
    if (!this.#isClosing) this.#callError(error);
  }

  abandoned(error: Error): void {
    this.#close(error);
  }

  #callError(error: DatagramError): void {
    const { context, handlers } = this.#settings;
    if (this.#fd < 0 || handlers.error === undefined) return;
    callInContext({ context, turn: this.turn }, () => handlers.error?.(this, error));
  }

  /** Asks the kernel for the events that are wanted now. */
  updateInterest(): void {
    if (this.#isClosing) return;
    const read = !this.#isPaused && this.#rest === undefined;
    const write = this.#outbox.waitsForRoom;
    try {
      watchFor(this.#registration, { read, write });
    } catch (error) {
      this.#close(toError(error));
    }
  }

  #close(reason?: Error): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#closeReason = reason;
    this.turn.defer(this.#finish);
  }

  readonly #finish = (): void => {
    const { context, handlers } = this.#settings;
    this.#outbox.clear();
    this.#rest?.cancel();
    for (const { details } of this.#held) closeFds(details.control);
    this.#held = [];
    const reason = this.#closeReason;
    if (reason !== undefined) this.#callError(reason);
    this.#closeFd();
    callInContext({ context, turn: this.turn }, () => handlers.close?.(this, reason));
    this.#lease.release();
  };

  #closeFd(): void {
    this.turn.unwatch(this, this.#registration);
    this.#fd = -1;
    if (this.#owned === null) return;
    const { fd, file } = this.#owned;
    const failure = file?.remove() ?? null;
    if (failure !== null) this.turn.fail(failure);
    try {
      native.close(fd);
    } catch (error) {
      // Other code has closed it: that must be reported.
      this.turn.fail(error);
    }
  }
}

/** Null if the socket is not connected. */
function peerOf(fd: number): Address | null {
  try {
    return decodeAddress(native.getPeerName(fd));
  } catch {
    return null;
  }
}

function detailsOf(
  slab: DatagramSlab,
  index: number,
  receivedBytes: number,
  control: readonly DecodedControl[] | undefined,
): DatagramDetails {
  const truncatedBytes = slab.wholeBytes(index) - receivedBytes;
  const isControlTruncated = (slab.flags(index) & MSG_CTRUNC) !== 0;
  if (control === undefined && truncatedBytes === 0 && !isControlTruncated) return WHOLE;
  return { control: control?.map(toControlMessage) ?? [], truncatedBytes, isControlTruncated };
}

/** Closes the fds of control messages that are not handed out. */
function closeFds(control: readonly { readonly kind: string; readonly fds?: unknown; readonly fd?: unknown }[]): void {
  for (const { fds, fd } of control) {
    for (const each of Array.isArray(fds) ? fds : [fd]) if (typeof each === 'number') native.close(each);
  }
}
