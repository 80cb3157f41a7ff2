import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';
import { DEADLINE_MS, nextEvent, within } from './deadline.js';

/** Bytes in the order of their arrival. The cost of an append depends on its own bytes, however many wait. */
class ByteQueue {
  #buffer = Buffer.alloc(4096);
  #start = 0;
  #end = 0;

  /** A view of the waiting bytes, valid until the next append. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#buffer.length) {
      const waiting = this.bytes;
      const grown = Buffer.alloc(Math.max(this.#buffer.length, 2 * (waiting.length + bytes.length)));
      waiting.copy(grown);
      this.#buffer = grown;
      this.#end = waiting.length;
      this.#start = 0;
    }
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** The first `count` bytes, which leave the queue. */
  take(count: number): Buffer {
    const taken = Buffer.from(this.bytes.subarray(0, count));
    this.#start += count;
    return taken;
  }
}

/** The other end of a connection under test, on node:net, so that no check has fdmux on both sides. */
export class Peer {
  readonly socket: Socket;
  readonly #waiting = new Set<() => void>();
  readonly #received = new ByteQueue();
  #hasEnded = false;
  #error: Error | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.#received.append(bytes);
      this.#notify();
    });
    socket.on('error', (error) => {
      this.#error = error;
    });
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.#hasEnded = true;
        this.#notify();
      });
    }
  }

  /** The bytes that have arrived and were not taken yet. */
  get received(): Buffer {
    return this.#received.bytes;
  }

  /** The port on this side, as the other side sees it. */
  get port(): number {
    return this.socket.localPort ?? 0;
  }

  /** The error that ended the connection, when one did. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Sends bytes; resolves when the kernel has them. */
  write(bytes: string | Uint8Array): Promise<void> {
    return within(
      new Promise((resolve, reject) => {
        this.socket.write(bytes, (error) => (error instanceof Error ? reject(error) : resolve()));
      }),
      'a write by the peer',
    );
  }

  /** Takes the next `count` bytes. */
  take(count: number, deadlineMs?: number): Promise<Buffer> {
    return this.#takeWhen(
      () => (this.#received.bytes.length >= count ? count : undefined),
      `${count} bytes`,
      deadlineMs,
    );
  }

  /** Takes the next line, without its LF or CRLF. */
  async line(deadlineMs?: number): Promise<string> {
    const bytes = await this.#takeWhen(
      () => {
        const end = this.#received.bytes.indexOf(0x0a);
        return end < 0 ? undefined : end + 1;
      },
      'a line',
      deadlineMs,
    );
    return bytes.toString('utf8').replace(/\r?\n$/, '');
  }

  /** Takes lines until one matches, and returns that one. */
  async lineLike(pattern: RegExp, deadlineMs?: number): Promise<string> {
    for (;;) {
      const line = await this.line(deadlineMs);
      if (pattern.test(line)) return line;
    }
  }

  /** Resolves at the other side's end of file (or reset), with the bytes that had arrived and were not taken. */
  async ended(deadlineMs = DEADLINE_MS): Promise<Buffer> {
    await within(
      new Promise<void>((resolve) => this.#whenever(() => this.#hasEnded, resolve)),
      'the end of the stream',
      deadlineMs,
    );
    return this.#received.bytes;
  }

  /** Sends FIN: this side sends nothing more. */
  end(): void {
    this.socket.end();
  }

  /** Sends RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  #takeWhen(length: () => number | undefined, what: string, deadlineMs = DEADLINE_MS): Promise<Buffer> {
    const taken = new Promise<Buffer>((resolve, reject) => {
      this.#whenever(
        () => length() !== undefined || this.#hasEnded,
        () => {
          const count = length();
          if (count === undefined) {
            reject(
              new Error(`the stream ended before ${what}; left: ${this.#received.bytes.toString('latin1')}`, {
                cause: this.#error,
              }),
            );
            return;
          }
          resolve(this.#received.take(count));
        },
      );
    });
    return within(taken, what, deadlineMs);
  }

  #whenever(condition: () => boolean, then: () => void): void {
    const look = (): void => {
      if (!condition()) return;
      this.#waiting.delete(look);
      then();
    };
    this.#waiting.add(look);
    look();
  }

  #notify(): void {
    for (const look of this.#waiting) look();
  }
}

/** Connects to a server under test; the connection is gone when the current test ends. */
export async function connectPeer(port: number, host = '127.0.0.1', localAddress?: string): Promise<Peer> {
  const from = localAddress === undefined ? {} : { localAddress };
  const socket = connect({ port, host, noDelay: true, ...from });
  onTestFinished(() => {
    socket.destroy();
  });
  await nextEvent(socket, 'connect');
  return new Peer(socket);
}

/** Connects to a unix socket under test; the connection is gone when the current test ends. */
export async function connectUnixPeer(path: string): Promise<Peer> {
  const socket = connect({ path });
  onTestFinished(() => {
    socket.destroy();
  });
  await nextEvent(socket, 'connect');
  return new Peer(socket);
}

/**
 * A node:net server on a free port of 127.0.0.1 for a client under test; `accepted()` gives its connections in order.
 */
export async function listenPeer(): Promise<{ port: number; accepted(): Promise<Peer> }> {
  const server = createServer({ allowHalfOpen: true });
  const peers: Peer[] = [];
  const takers: ((peer: Peer) => void)[] = [];
  server.on('connection', (socket) => {
    const peer = new Peer(socket);
    const taker = takers.shift();
    if (taker === undefined) peers.push(peer);
    else taker(peer);
    onEnd.push(() => peer.destroy());
  });
  const onEnd: (() => void)[] = [];
  onTestFinished(() => {
    for (const destroy of onEnd) destroy();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await nextEvent(server, 'listening');
  return {
    port: portOf(server.address()),
    accepted: () =>
      within(
        new Promise((resolve) => {
          const peer = peers.shift();
          if (peer === undefined) takers.push(resolve);
          else resolve(peer);
        }),
        'a connection',
      ),
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('not a TCP address');
  return address.port;
}

/** A port on which no process listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await nextEvent(server, 'listening');
  const port = portOf(server.address());
  server.close();
  await nextEvent(server, 'close');
  return port;
}
