/** A peer's WebSocket as a wire. */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { SharedBytes } from '../net/shared-bytes.js';
import { frameHeader, Framer, OPCODES } from './web-framing.js';
import type { Wire } from './wire.js';

/** The subprotocols of IRCv3: one line in each message, as text or as bytes. */
const FRAMERS = {
  'text.ircv3.net': new Framer(OPCODES.text),
  'binary.ircv3.net': new Framer(OPCODES.binary),
} as const;

/** Whether a peer that offers this subprotocol will be understood. */
export function isSubprotocol(name: string): name is keyof typeof FRAMERS {
  return Object.hasOwn(FRAMERS, name);
}

/** Status codes of RFC 6455 section 7.4.1, and of its registry. */
export const CLOSE_CODES = { normal: 1000, restart: 1012 } as const;

/** Of a WebSocket, in `ws` as in browsers. */
const READY_STATES = { open: 1, closed: 3 } as const;

const LINE_END = Buffer.from('\n');
const NOTHING = Buffer.alloc(0);

/** Takes what a WebSocket receives. */
export interface WebPeer {
  /** @param bytes - whole lines; valid until this returns */
  receive(bytes: Uint8Array): void;
  /** There is room again, after a write had returned false. */
  drained(): void;
}

/** The layers of one WebSocket. */
export interface WebSocketLayers {
  /** Reads frames, and closes. */
  readonly socket: WebSocket;
  /** Under `socket`. */
  readonly stream: Duplex;
  /** Under `stream`. */
  readonly connection: Pick<Wire, 'pendingBytes' | 'isDestroyed' | 'write'>;
}

/**
 * A WebSocket, open from the start. `ws` reads, and writes the close frame. Lines go past it to the connection, in
 * frames that many peers share: a frame is whole, so it may stand between any two others.
 */
export class WebSocketWire implements Wire {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  readonly #connection: WebSocketLayers['connection'];
  readonly #framer: Framer;
  readonly #closeCode: () => number;
  /** Null until {@link serve}. */
  #peer: WebPeer | null = null;
  /** Messages of the piece of the stream that is being read, each with its line ending. */
  #received: Uint8Array[] = [];
  /** The payload of the latest ping, if it has not been answered. */
  #ping: Buffer | null = null;
  #isPeerWaiting = false;
  #isDrainAwaited = false;

  /** @param closeCode - called for the status code when our side ends */
  constructor({ socket, stream, connection }: WebSocketLayers, closeCode: () => number) {
    this.#socket = socket;
    this.#stream = stream;
    this.#connection = connection;
    this.#closeCode = closeCode;
    this.#framer = FRAMERS[isSubprotocol(socket.protocol) ? socket.protocol : 'text.ircv3.net'];
  }

  /**
   * Begins to read.
   *
   * @param closed - called once; with the reason unless both sides have closed in order
   */
  serve(peer: WebPeer, closed: (error: Error | undefined) => void): void {
    const socket = this.#socket;
    const stream = this.#stream;
    let failure: Error | undefined;
    const noteFailure = (error: Error): void => {
      failure ??= error;
    };
    this.#peer = peer;
    socket.on('message', (bytes: Buffer) => this.#received.push(bytes, LINE_END));
    socket.on('ping', (payload) => {
      // A view would keep the whole piece of the stream.
      this.#ping = Buffer.from(payload);
    });
    // ws listens already, so the messages of a piece have been read when this is called.
    stream.on('data', this.#endOfPiece);
    stream.on('error', noteFailure);
    socket.on('error', noteFailure);
    socket.on('close', () => {
      this.#endOfPiece();
      closed(failure);
    });
  }

  /** Hands over all lines of a piece at once, as other connections do: a session shares time by pieces. */
  readonly #endOfPiece = (): void => {
    if (this.#received.length > 0) {
      const lines = Buffer.concat(this.#received);
      this.#received = [];
      this.#peer?.receive(lines);
    }
    this.#answerPing();
  };

  /** One pong answers all pings before it (RFC 6455, section 5.5.3), so a peer that reads none fills no memory. */
  #answerPing(): void {
    if (this.#ping === null || this.#isDrainAwaited || !this.#isOpen) return;
    const frame = Buffer.concat([frameHeader(OPCODES.pong, this.#ping.length), this.#ping]);
    this.#ping = null;
    if (!this.#connection.write(frame)) this.#awaitDrain();
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === READY_STATES.open;
  }

  get pendingBytes(): number {
    return this.#connection.pendingBytes;
  }

  get isDestroyed(): boolean {
    return this.#connection.isDestroyed || this.#socket.readyState === READY_STATES.closed;
  }

  write(bytes: Uint8Array | SharedBytes): boolean {
    // Nothing may follow a close frame (RFC 6455, section 5.5.1).
    if (!this.#isOpen) return false;
    if (this.#connection.write(this.#framer.frame(bytes))) return true;
    this.#isPeerWaiting = true;
    this.#awaitDrain();
    return false;
  }

  /** The stream has the connection's handlers. An empty write of its own completes when there is room again. */
  #awaitDrain(): void {
    if (this.#isDrainAwaited) return;
    this.#isDrainAwaited = true;
    this.#stream.write(NOTHING, (error) => {
      this.#isDrainAwaited = false;
      if (error instanceof Error) return;
      this.#answerPing();
      if (!this.#isPeerWaiting) return;
      this.#isPeerWaiting = false;
      this.#peer?.drained();
    });
  }

  end(): void {
    this.#socket.close(this.#closeCode());
  }

  destroy(): void {
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}
