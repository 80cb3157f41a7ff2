/** Clients of one chat server, which count the lines that they are sent. */
import { on, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Servers limit the connections of one address, so every group of this size has an address of its own. */
const CLIENTS_PER_ADDRESS = 200;
/** How many connect at once. */
const WAVE = 250;
/** The numerics that end a registration: the end of the message of the day, or that there is none. */
const WELCOMED = / (?:376|422) /;
const LINE_FEED = 10;
/** How long nothing must arrive before nothing more is expected. */
const QUIET_MS = 60;
const PATIENCE_MS = 60_000;

export type Protocol = 'plain' | 'irc';

/** A number of clients. */
export class Crowd {
  readonly protocol: Protocol;
  readonly #port: number;
  readonly #sockets: Socket[] = [];
  /** How many lines they have been sent. */
  #lines = 0;
  #arrivals = 0;
  #isLost = false;

  constructor(port: number, protocol: Protocol) {
    this.#port = port;
    this.protocol = protocol;
  }

  get size(): number {
    return this.#sockets.length;
  }

  get lines(): number {
    return this.#lines;
  }

  /** Lets more clients in; those of IRC register, but join no room. */
  async grow(count: number): Promise<void> {
    for (let left = count; left > 0; left -= WAVE) {
      await Promise.all(Array.from({ length: Math.min(WAVE, left) }, () => this.#add()));
    }
    await this.quiet();
  }

  async #add(): Promise<void> {
    const index = this.#sockets.length;
    const localAddress = `127.0.0.${1 + Math.floor(index / CLIENTS_PER_ADDRESS)}`;
    const socket = connect({ port: this.#port, host: '127.0.0.1', localAddress, noDelay: true });
    this.#sockets.push(socket);
    await once(socket, 'connect');
    socket.on('data', (bytes) => this.#count(bytes));
    socket.on('close', () => {
      this.#isLost = true;
    });
    socket.on('error', () => undefined);
    if (this.protocol === 'plain') return;
    socket.write(`NICK n${index}\r\nUSER u${index} 0 * :load\r\n`);
    let text = '';
    // Some servers let clients in once a second.
    for await (const [bytes] of on(socket, 'data', { close: ['close'] })) {
      text += String(bytes);
      if (WELCOMED.test(text)) return;
    }
  }

  #count(bytes: Buffer): void {
    this.#arrivals += 1;
    for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) this.#lines += 1;
  }

  /** Has the first clients write something. */
  say(count: number, text: string): void {
    this.sayEach(count, () => text);
  }

  /** Has each of the first clients write something of its own. */
  sayEach(count: number, textOf: (index: number) => string): void {
    for (const [index, socket] of this.#sockets.slice(0, count).entries()) socket.write(textOf(index));
  }

  /** Waits until they have received this many lines since they had `before`. */
  async heard(before: number, expected: number): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (this.#lines - before < expected) {
      if (this.#isLost) throw new Error('the server has closed a client');
      if (performance.now() > deadline) throw new Error(`only ${this.#lines - before} of ${expected} lines arrived`);
      await delay(1);
    }
  }

  /** Waits until nothing more arrives. */
  async quiet(): Promise<void> {
    for (;;) {
      const before = this.#arrivals;
      await delay(QUIET_MS);
      if (before === this.#arrivals) return;
    }
  }

  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
