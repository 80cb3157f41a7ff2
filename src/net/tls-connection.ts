/** A connection over TLS: its own handlers and states above, a served connection below, and `node:tls` between. */
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { inspect, type InspectOptions } from 'node:util';
import { checkString, toBytes } from '../arguments.js';
import { busyError, closedError, FdmuxError, toError } from '../errors.js';
import { summary } from '../inspect.js';
import type { Address } from '../socket/address.js';
import { checkDuplexOptions, type DuplexOptions } from '../socket/duplex.js';
import type { Connection, ConnectionEvents, ConnectionSecurity } from './connection.js';
import type { ConnectionGroup } from './connection-group.js';
import { ConnectionDuplex, type DuplexSource } from './duplex.js';
import { callClose, callData, callError, callHandler } from './handler-calls.js';
import type { Writable } from './output-arena.js';
import { PlainQueue } from './plain-queue.js';
import { SecurityFacts } from './security-facts.js';
import type { ServedConnection } from './served-connection.js';
import { SharedBytes } from './shared-bytes.js';
import { TlsAdapter } from './tls-adapter.js';
import { TlsDuplex } from './tls-duplex.js';
import { authorizationErrorOf, isAboutCertificate, NOT_TLS, TlsFacts, type Verdict } from './tls-facts.js';
import type { HandshakeEnd, Handshakes, Handshaking } from './tls-handshakes.js';
import type { TlsOutput } from './tls-output.js';
import type { Subscriber } from './topics.js';

/**
 * The bytes that are encrypted at a time: with the headers of their records, they are one piece for the Duplex below.
 */
const FLIGHT_BYTES = 64_000;
/** This much more than `maxPendingBytes` may wait while it is not known yet whether the kernel takes it. */
const UNOFFERED_BYTES = 1_048_576;
/** The type of a record in a handshake, with which every hello begins (RFC 8446 section 5.1). */
const HANDSHAKE_RECORD = 0x16;

/** How a connection begins. */
export interface TlsBeginning<T> {
  /** Makes the socket of `node:tls` above the Duplex. */
  readonly makeSocket: (duplex: Duplex) => TLSSocket;
  /** The event of the socket that ends the handshake. */
  readonly event: 'secure' | 'secureConnect';
  /** Judges the peer's certificate. @returns why it is refused, or null */
  readonly judge: (socket: TLSSocket) => Verdict;
  readonly handshakes: Handshakes;
  /** The handshake is done; `open` has been called. */
  readonly opened: (connection: TlsConnection<T>) => void;
  /** There will be no connection; its fd is closed. */
  readonly failed: (error: Error, remoteAddress: Address) => void;
}

/** A {@link Connection} over TLS. */
export class TlsConnection<T> extends SecurityFacts implements Connection<T>, Subscriber<T>, Handshaking {
  readonly #below: ServedConnection<T>;
  readonly #group: ConnectionGroup<T>;
  readonly #output: TlsOutput;
  readonly #socket: TLSSocket;
  readonly #duplex: TlsDuplex<T>;
  readonly #facts: TlsFacts;
  #handlers: ConnectionEvents<T>;
  /** Null once the handshake is done. */
  #beginning: TlsBeginning<T> | null;
  readonly #held = new PlainQueue();
  /** Whether `node:tls` has a piece and has not confirmed it yet. */
  #isInFlight = false;
  #writeEnd: 'open' | 'ending' | 'ended' = 'open';
  #readEnded = false;
  #needsDrain = false;
  #isRefusalTold = false;
  #isPaused = false;
  #isDestroyed = false;
  #reason: Error | undefined = undefined;
  #isBelowClosed = false;
  #isSocketClosed = false;

  declare data: T;
  topics: Set<string> | null = null;

  /** @throws EMFILE, ENFILE, ENOMEM if there is no timer for the handshake; `below` is then as it was */
  constructor(below: ServedConnection<T>, group: ConnectionGroup<T>, output: TlsOutput, beginning: TlsBeginning<T>) {
    super();
    this.#below = below;
    this.#group = group;
    this.#output = output;
    this.#handlers = group.handlers;
    this.#beginning = beginning;
    beginning.handshakes.begin(this);
    const duplex = new TlsDuplex<T>(this.#source());
    this.#duplex = duplex;
    const { events } = duplex;
    below.handOver({
      ...events,
      data: (_connection, bytes) => this.#receive(duplex, bytes),
      end: (connection) => {
        events.end?.(connection);
        this.#belowEnded();
      },
      close: (connection, error) => {
        this.#reason ??= error;
        // Without the error: the socket of node:tls would only report it again, and a stream that is destroyed with one
        // formats its stack.
        events.close?.(connection, undefined);
        this.#belowClosed();
      },
      listenerCloses: () => this.end(),
      listenerCuts: () => this.#cut(),
    });
    this.#socket = beginning.handshakes.compute(() => this.#attach(beginning, duplex));
    this.#facts = new TlsFacts(this.#socket);
  }

  /**
   * The connection that the Duplex below writes to. A pause by the user is stronger than the streams' wish to read on.
   */
  #source(): DuplexSource {
    const below = this.#below;
    return {
      write: (bytes) => below.write(bytes),
      end: () => below.end(),
      destroy: () => below.destroy(),
      pause: () => below.pause(),
      resume: () => {
        if (!this.#isPaused) below.resume();
      },
      get isWritable() {
        return below.isWritable;
      },
      get remoteAddress() {
        return below.remoteAddress;
      },
    };
  }

  #attach({ makeSocket, event }: TlsBeginning<T>, duplex: TlsDuplex<T>): TLSSocket {
    const socket = makeSocket(duplex);
    // The streams' own errors reach the socket as well.
    duplex.on('error', () => undefined);
    duplex.once('data', this.#sawFirstByte);
    duplex.on('drain', this.#goOn);
    socket.once(event, this.#secured);
    socket.on('data', this.#received);
    socket.on('end', this.#ended);
    socket.on('finish', this.#finished);
    socket.on('close', this.#socketClosed);
    socket.on('error', this.#socketFailed);
    // Errors in the records of an open connection are emitted only by this name, unless a tls.Server owns it.
    socket.on('_tlsError', this.#socketFailed);
    return socket;
  }

  #receive(duplex: TlsDuplex<T>, bytes: Buffer): void {
    if (this.#beginning === null) duplex.receive(bytes);
    else this.#beginning.handshakes.compute(() => duplex.receive(bytes));
  }

  // The handshake

  readonly #sawFirstByte = (bytes: Buffer): void => {
    if (this.#beginning === null || bytes[0] === HANDSHAKE_RECORD || bytes.length === 0) return;
    // An alert, which is how a server refuses.
    if (bytes[0] === 0x15) return;
    const first = `0x${(bytes[0] ?? 0).toString(16).padStart(2, '0')}`;
    this.destroy(new FdmuxError('ERR_TLS_HANDSHAKE', `${NOT_TLS}: its first byte is ${first}`));
  };

  readonly #secured = (): void => {
    const beginning = this.#beginning;
    if (beginning === null || this.#isDestroyed) return;
    const verdict = beginning.judge(this.#socket);
    this.#facts.verdict = verdict;
    if (verdict.refusal !== null) {
      this.destroy(verdict.refusal);
      return;
    }
    this.#beginning = null;
    const adapter = TlsAdapter.below(this.#socket);
    adapter?.divert(this.#received);
    this.#duplex.shorten(adapter);
    beginning.handshakes.end(this);
    callHandler(this.#group, this.#handlers, 'open', this);
    beginning.opened(this);
    if (this.#writeEnd === 'ending') this.#output.add(this);
  };

  expire(why: HandshakeEnd): void {
    const message =
      why === 'too slow'
        ? `the handshake has taken ${this.#beginning?.handshakes.timeoutMs ?? 0} ms (handshakeTimeoutMs)`
        : 'the handshake was slow, and others needed its place (maxHandshakes)';
    this.destroy(new FdmuxError('ERR_TLS_HANDSHAKE_TIMEOUT', message));
  }

  // Its facts

  get fd(): number {
    return this.#below.fd;
  }

  get localAddress(): Address {
    return this.#below.localAddress;
  }

  get remoteAddress(): Address {
    return this.#below.remoteAddress;
  }

  get pendingBytes(): number {
    // A write that is under way below counts on both sides.
    return this.#held.byteLength + Math.max(this.#below.pendingBytes, this.#duplex.waitingBytes);
  }

  get isDestroyed(): boolean {
    return this.#isDestroyed || this.#below.isDestroyed;
  }

  get isWritable(): boolean {
    return this.#writeEnd === 'open' && !this.isDestroyed;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  protected override get security(): ConnectionSecurity {
    return this.#facts;
  }

  // Writing

  write(bytes: Writable): boolean {
    if (this.#writeEnd !== 'open' || this.isDestroyed) return this.#refuse();
    this.#held.push(unchanging(bytes));
    this.#output.add(this);
    const { pendingBytes } = this;
    if (pendingBytes <= this.#group.highWaterMarkBytes) return true;
    if (pendingBytes > this.#group.maxPendingBytes) {
      this.flush();
      this.#enforceLimit();
    }
    this.#needsDrain = true;
    return false;
  }

  #refuse(): false {
    if (!this.isDestroyed && !this.#isRefusalTold) {
      this.#isRefusalTold = true;
      const error = new FdmuxError('ERR_WRITE_AFTER_END', 'write after end: the bytes were not taken');
      this.#group.turn.defer(() => {
        if (this.fd >= 0) callError(this.#group, this.#handlers, this, error);
      });
    }
    return false;
  }

  /** The limit is about bytes that the kernel does not take, so it is asked first. */
  #enforceLimit(): void {
    const { turn, maxPendingBytes } = this.#group;
    if (this.pendingBytes <= maxPendingBytes) return;
    turn.flush();
    const { pendingBytes } = this;
    const isKernelFull = this.#below.pendingBytes > 0;
    if (pendingBytes <= maxPendingBytes + (isKernelFull ? 0 : UNOFFERED_BYTES)) return;
    this.destroy(
      new FdmuxError(
        'ERR_WRITE_QUEUE_FULL',
        `${pendingBytes} bytes wait for a peer that does not read; the limit (maxPendingBytes) is ${maxPendingBytes}`,
      ),
    );
  }

  /** Has the next piece encrypted, and does the remaining work once there is none. Only for the output. */
  flush(): void {
    if (this.#isInFlight || this.#isDestroyed || this.#beginning !== null) return;
    const { isFull } = this.#duplex;
    if (this.#held.byteLength > 0 && !isFull) this.#encrypt();
    if (this.#held.byteLength > 0) {
      this.#enforceLimit();
    } else if (this.#writeEnd === 'ending' && !isFull) {
      this.#writeEnd = 'ended';
      // A close_notify, then the end of the stream below.
      this.#socket.end();
    }
  }

  #encrypt(): void {
    this.#isInFlight = true;
    // Between the pieces of a long queue, others get their turn.
    const isLast = this.#held.byteLength <= FLIGHT_BYTES;
    if (isLast) this.#duplex.hold();
    this.#socket.write(this.#held.take(FLIGHT_BYTES), this.#landed);
    if (isLast) this.#duplex.confirm();
  }

  /** The connection below has taken the piece, and has room again. */
  readonly #landed = (): void => {
    this.#isInFlight = false;
    this.#goOn();
  };

  /** There is room below, unless a piece is under way. */
  readonly #goOn = (): void => {
    if (this.#isInFlight) return;
    this.flush();
    if (!this.#needsDrain || this.pendingBytes > this.#group.highWaterMarkBytes) return;
    this.#needsDrain = false;
    this.#group.turn.defer(this.#drained);
  };

  readonly #drained = (): void => {
    if (this.isWritable) callHandler(this.#group, this.#handlers, 'drain', this);
  };

  end(bytes?: Writable): void {
    if (bytes !== undefined) this.write(bytes);
    if (this.#writeEnd !== 'open' || this.isDestroyed) return;
    this.#writeEnd = 'ending';
    // At once: a listener that closes without time to drain destroys the connections at the end of this turn.
    this.flush();
  }

  readonly #finished = (): void => {
    callHandler(this.#group, this.#handlers, 'finish', this);
  };

  // Reading

  readonly #received = (bytes: Buffer): void => {
    if (this.#isDestroyed || this.#beginning !== null) return;
    callData(this.#group, this.#handlers, this, bytes);
  };

  readonly #ended = (): void => {
    if (this.#isDestroyed || this.#readEnded || this.#beginning !== null) return;
    this.#readEnded = true;
    this.#callEnd();
  };

  #callEnd(): void {
    if (this.#handlers.end === undefined) this.end();
    else callHandler(this.#group, this.#handlers, 'end', this);
  }

  pause(): void {
    if (this.#isPaused || this.#isDestroyed) return;
    this.#isPaused = true;
    this.#socket.pause();
    this.#below.pause();
  }

  resume(): void {
    if (!this.#isPaused || this.#isDestroyed) return;
    this.#isPaused = false;
    this.#below.resume();
    this.#socket.resume();
  }

  // The end

  destroy(error?: Error): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#reason ??= error;
    this.#held.clear();
    this.#below.destroy();
    this.#socket.destroy();
  }

  /** A piece that is under way is confirmed by the next turn of the loop, and then the rest can leave at once. */
  #cut(): void {
    if (this.#isInFlight || this.#held.byteLength > 0) setImmediate(() => this.destroy());
    else this.destroy();
  }

  readonly #socketFailed = (error: unknown): void => {
    if (this.#isDestroyed) return;
    if (this.#beginning === null) {
      const { message } = toError(error);
      const reason =
        this.#reason ?? new FdmuxError('ERR_TLS_RECORD', `the peer broke TLS: ${message}`, { cause: error });
      this.destroy(reason);
    } else {
      this.destroy(this.#handshakeError(toError(error)));
    }
  };

  #handshakeError(error: Error): Error {
    if (this.#reason !== undefined) return this.#reason;
    if (authorizationErrorOf(this.#socket) !== null || isAboutCertificate(error))
      return new FdmuxError('ERR_TLS_UNAUTHORIZED', `the peer's certificate is refused: ${error.message}`, {
        cause: error,
      });
    return new FdmuxError('ERR_TLS_HANDSHAKE', `the TLS handshake failed: ${error.message}`, { cause: error });
  }

  #belowEnded(): void {
    if (this.#beginning === null) return;
    this.destroy(new FdmuxError('ERR_TLS_HANDSHAKE', 'the TLS handshake failed: the peer ended the connection'));
  }

  #belowClosed(): void {
    this.#isBelowClosed = true;
    // A socket that has destroyed itself is about to say why.
    const isOver = this.#reason !== undefined || this.#beginning !== null;
    if (isOver && !this.#socket.destroyed) this.destroy();
    this.#settleClosed();
  }

  readonly #socketClosed = (): void => {
    this.#isSocketClosed = true;
    this.#isDestroyed = true;
    // It is still there if the socket was the first to fail.
    this.#below.destroy();
    this.#settleClosed();
  };

  #settleClosed(): void {
    if (!this.#isBelowClosed || !this.#isSocketClosed) return;
    this.#isDestroyed = true;
    this.#held.clear();
    this.#group.topics.leaveAll(this);
    const beginning = this.#beginning;
    const error = this.#reason;
    if (beginning === null) {
      if (error !== undefined) callError(this.#group, this.#handlers, this, error);
      callClose(this.#group, this.#handlers, this, error);
      return;
    }
    this.#beginning = null;
    beginning.handshakes.end(this);
    beginning.failed(this.#asHandshakeError(error), this.remoteAddress);
  }

  /** A failure of the connection below, in words of the handshake. */
  #asHandshakeError(error: Error | undefined): Error {
    if (error instanceof FdmuxError || error?.name === 'AbortError') return error;
    const message = error?.message ?? 'the connection was closed';
    return new FdmuxError('ERR_TLS_HANDSHAKE', `the TLS handshake failed: ${message}`, { cause: error });
  }

  release(): never {
    if (this.isDestroyed) throw closedError('the connection');
    throw busyError('the connection speaks TLS: its keys cannot leave this process');
  }

  subscribe(topic: string): void {
    checkString(topic, 'topic');
    if (!this.isDestroyed) this.#group.topics.subscribe(this, topic);
  }

  unsubscribe(topic: string): void {
    this.#group.topics.unsubscribe(this, topic);
  }

  toDuplex(options: DuplexOptions = {}): Duplex {
    checkDuplexOptions(options);
    if (this.#handlers !== this.#group.handlers) throw busyError('the connection is a Duplex already');
    const duplex = new ConnectionDuplex<T>(this, options);
    this.#handlers = duplex.events;
    if (this.isDestroyed) duplex.destroy();
    else if (this.#readEnded) this.#callEnd();
    return duplex;
  }

  /** For util.inspect and console.log: the class and the state. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    const { fd, remoteAddress, pendingBytes, tlsVersion, data } = this;
    const state = fd < 0 ? 'closed' : this.isDestroyed ? 'destroyed' : this.#writeEnd;
    return summary('TlsConnection', { fd, state, remoteAddress, pendingBytes, tlsVersion, data }, depth, options);
  }
}

/** The content as bytes that the caller cannot change any more. */
function unchanging(content: Writable): Buffer {
  if (typeof content === 'string') return Buffer.from(content);
  if (content instanceof SharedBytes) return content.bytes;
  return Buffer.from(toBytes(content));
}
