/** The page's connection: when it is opened, given up, and opened again. */
import { describe, expect, test } from 'vitest';
import { retryDelayMs } from '../../web/connection/backoff.js';
import { Connection, type SocketEvents } from '../../web/connection/connection.js';

/** A browser without a network, whose time passes when a test says so. */
class Bench {
  nowMs = 0;
  random = 0;
  readonly log: string[] = [];
  readonly sockets: { events: SocketEvents; sent: string[]; isClosed: boolean }[] = [];
  readonly connection: Connection;
  #timers: { atMs: number; callback: () => void }[] = [];

  constructor() {
    this.connection = new Connection(
      {
        connecting: () => this.log.push('connecting'),
        opened: () => this.log.push('opened'),
        line: (text) => this.log.push(`line ${text}`),
        lost: (retryAtMs) => this.log.push(`lost until ${retryAtMs}`),
      },
      {
        open: (events) => {
          const socket = { events, sent: new Array<string>(), isClosed: false };
          this.sockets.push(socket);
          return { send: (data) => socket.sent.push(data), close: () => (socket.isClosed = true) };
        },
        now: () => this.nowMs,
        random: () => this.random,
        after: (delayMs, callback) => {
          const timer = { atMs: this.nowMs + delayMs, callback };
          this.#timers.push(timer);
          return () => (this.#timers = this.#timers.filter((each) => each !== timer));
        },
      },
    );
  }

  get socket() {
    return this.sockets.at(-1) ?? expect.fail('no socket');
  }

  get timers(): number {
    return this.#timers.length;
  }

  /** Lets time pass, timer by timer. */
  wait(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.nowMs = next.atMs;
      next.callback();
    }
    this.nowMs = endMs;
  }

  open(): void {
    this.connection.start();
    this.socket.events.opened();
  }
}

describe('the wait before the next attempt', () => {
  test('doubles up to half a minute', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 1000].map((attempt) => retryDelayMs(attempt, 0.999999))).toEqual([
      1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000,
    ]);
  });

  test('differs from page to page, and is never less than half', () => {
    expect(retryDelayMs(3, 0)).toBe(4000);
    expect(retryDelayMs(3, 0.5)).toBe(6000);
  });
});

describe('a connection', () => {
  test('sends and receives while it is open', () => {
    const bench = new Bench();
    expect(bench.connection.send('early')).toBe(false);
    bench.open();
    expect(bench.connection.send('PING')).toBe(true);
    bench.socket.events.message('PONG');
    bench.socket.events.message(new ArrayBuffer(3));
    expect(bench.socket.sent).toEqual(['PING']);
    expect(bench.log).toEqual(['connecting', 'opened', 'line PONG']);
  });

  test('that ends is opened again, later each time it fails', () => {
    const bench = new Bench();
    bench.open();
    bench.socket.events.closed();
    expect(bench.log.at(-1)).toBe('lost until 500');
    bench.wait(500);
    bench.socket.events.closed();
    expect(bench.log.at(-1)).toBe('lost until 1500');
    bench.wait(999);
    expect(bench.sockets).toHaveLength(2);
    bench.wait(1);
    expect(bench.sockets).toHaveLength(3);
  });

  test('that lasted is opened again soon; one that ends at once is not', () => {
    const bench = new Bench();
    for (let times = 0; times < 4; times += 1) {
      bench.open();
      bench.connection.retryNow();
    }
    const fail = (lastedMs: number): number => {
      bench.socket.events.opened();
      bench.wait(lastedMs);
      bench.socket.events.closed();
      const waitMs = Number(/\d+/.exec(bench.log.at(-1) ?? '')?.[0]) - bench.nowMs;
      bench.wait(waitMs);
      return waitMs;
    };
    expect([fail(100), fail(100), fail(100), fail(20_000), fail(100)]).toEqual([500, 1000, 2000, 500, 1000]);
  });

  test('that goes quiet is asked for a sign of life, and given up without one', () => {
    const bench = new Bench();
    bench.open();
    bench.wait(30_000);
    expect(bench.socket.sent).toEqual(['PING :quiet']);
    bench.socket.events.message('PONG');
    bench.wait(30_000);
    expect(bench.socket.sent).toHaveLength(2);
    bench.wait(14_999);
    expect(bench.socket.isClosed).toBe(false);
    bench.wait(1);
    expect(bench.socket.isClosed).toBe(true);
    expect(bench.log.at(-1)).toMatch(/^lost until/);
  });

  test('that cannot be opened in time is given up, and what it does later is not heard', () => {
    const bench = new Bench();
    bench.connection.start();
    const first = bench.socket;
    bench.wait(15_000);
    bench.wait(1000);
    expect(bench.sockets).toHaveLength(2);
    first.events.opened();
    first.events.message('late');
    first.events.closed();
    expect(bench.log).toEqual(['connecting', 'lost until 15500', 'connecting']);
  });

  test('is opened at once when the user asks, but not twice', () => {
    const bench = new Bench();
    bench.open();
    bench.socket.events.closed();
    bench.connection.retryNow();
    bench.connection.retryNow();
    bench.wait(5000);
    expect(bench.sockets).toHaveLength(2);
  });

  test('that was stopped stays closed and leaves no timer', () => {
    const bench = new Bench();
    bench.open();
    bench.connection.stop();
    bench.socket.events.closed();
    bench.wait(100_000);
    expect(bench.sockets).toHaveLength(1);
    expect(bench.timers).toBe(0);
  });
});
