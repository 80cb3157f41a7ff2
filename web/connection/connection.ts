/** The connection to the server: one WebSocket at a time, opened again whenever it is lost. */
import { retryDelayMs } from './backoff.js';

/** The part of a WebSocket that the connection uses. */
export interface SocketLike {
  send(data: string): void;
  close(): void;
}

/** The events that a socket reports. */
export interface SocketEvents {
  readonly opened: () => void;
  readonly message: (data: unknown) => void;
  readonly closed: () => void;
}

export interface ConnectionHandlers {
  readonly connecting: () => void;
  readonly opened: () => void;
  /** One IRC line, without its ending. */
  readonly line: (text: string) => void;
  /** The connection is gone, or could not be opened; the next attempt is at `retryAtMs`. */
  readonly lost: (retryAtMs: number) => void;
}

/** The surroundings that the connection needs. */
export interface Surroundings {
  readonly open: (events: SocketEvents) => SocketLike;
  readonly now: () => number;
  readonly random: () => number;
  /** Runs `callback` after `delayMs`; the result cancels it. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

/** After this silence the page asks whether the server is still there: a dead network closes no socket. */
const QUIET_MS = 30_000;
/** The time that the server has to show a sign of life. */
const ANSWER_MS = 15_000;
/** A connection that lasted this long was a good one: the next wait is short again. */
const STABLE_MS = 10_000;

/** Keeps a connection open from {@link start} to {@link stop}. */
export class Connection {
  readonly #handlers: ConnectionHandlers;
  readonly #surroundings: Surroundings;
  #socket: SocketLike | null = null;
  #isOpen = false;
  #openedAtMs = 0;
  #attempt = 0;
  #cancelTimer: () => void = () => undefined;

  constructor(handlers: ConnectionHandlers, surroundings: Surroundings) {
    this.#handlers = handlers;
    this.#surroundings = surroundings;
  }

  /** Connects; a connection that there is already ends first. */
  start(): void {
    this.stop();
    this.#connect();
  }

  /** Connects at once if the connection is waiting for its next attempt. */
  retryNow(): void {
    if (this.#socket === null) this.start();
  }

  /** Gives the connection up, and opens another later. */
  retryLater(): void {
    this.#lose();
  }

  /** Ends the connection, and opens no other. */
  stop(): void {
    this.#cancelTimer();
    this.#attempt = 0;
    this.#drop();
  }

  /** Sends a line. @returns false if there is no connection to send it on */
  send(line: string): boolean {
    if (!this.#isOpen || this.#socket === null) return false;
    this.#socket.send(line);
    return true;
  }

  #connect(): void {
    this.#handlers.connecting();
    // A socket that was given up is not listened to: closing it takes as long as a dead network likes.
    const whileCurrent = (act: () => void): void => {
      if (this.#socket === socket) act();
    };
    const socket = this.#surroundings.open({
      opened: () => whileCurrent(() => this.#opened()),
      message: (data) => whileCurrent(() => this.#received(data)),
      closed: () => whileCurrent(() => this.#lose()),
    });
    this.#socket = socket;
    this.#setTimer(ANSWER_MS, () => this.#lose());
  }

  #opened(): void {
    this.#isOpen = true;
    this.#openedAtMs = this.#surroundings.now();
    this.#listen();
    this.#handlers.opened();
  }

  #received(data: unknown): void {
    this.#listen();
    if (typeof data === 'string') this.#handlers.line(data);
  }

  /** Waits for the next sign of life. */
  #listen(): void {
    this.#setTimer(QUIET_MS, () => {
      this.#setTimer(ANSWER_MS, () => this.#lose());
      this.send('PING :quiet');
    });
  }

  #lose(): void {
    const { now, random } = this.#surroundings;
    if (this.#isOpen && now() - this.#openedAtMs >= STABLE_MS) this.#attempt = 0;
    this.#drop();
    const delayMs = retryDelayMs(this.#attempt, random());
    this.#attempt += 1;
    this.#setTimer(delayMs, () => this.#connect());
    this.#handlers.lost(now() + delayMs);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#isOpen = false;
    socket?.close();
  }

  #setTimer(delayMs: number, callback: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#surroundings.after(delayMs, callback);
  }
}
