/** Many clients in rooms, who talk while something is done to their server. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { present } from '../../src/errors.js';
import { configuration } from '../server/keeping.js';
import type { Peer } from '../support/peers.js';
import { enter } from './upgrades.js';

const ROOM_SIZE = 20;
/** So many connect at once. */
const BATCH = 100;
/** Each room hears a line in this time. */
const ROUND_MS = 500;
const ANSWER_MS = 60_000;

/** Returns the flags of a server that takes a crowd, and asks nobody who only listens whether they are still there. */
export function crowdFlags(): readonly string[] {
  const crowd = { name: 'crowd', linesPerSecond: 0, maxPerAddress: 0, connectionsPerMinute: 0, pingIntervalMs: 0 };
  return ['--max-clients', '0', '--config', configuration({ classes: [crowd] })];
}

/** Says a numbered line in each room again and again. */
class Talk {
  readonly #speakers: readonly Peer[];
  #isOver = false;
  lines = 0;

  constructor(speakers: readonly Peer[]) {
    this.#speakers = speakers;
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      // Something may happen to the server between the halves of a line.
      for (const [room, speaker] of this.#speakers.entries()) speaker.socket.write(`PRIVMSG #r${room} :li`);
      await delay(ROUND_MS / 2);
      for (const speaker of this.#speakers) speaker.socket.write(`ne ${this.lines}\r\n`);
      this.lines += 1;
      await delay(ROUND_MS / 2);
    }
  }

  end(): void {
    this.#isOver = true;
  }
}

/** Measures for how long a server answers nothing: one client asks, and asks again when it is answered. */
class Watch {
  readonly #peer: Peer;
  #isOver = false;
  /** The longest time between a question and its answer, since the last call of {@link take}. */
  #longestMs = 0;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  async run(): Promise<void> {
    for (let asked = 0; !this.#isOver; asked += 1) {
      const sinceMs = performance.now();
      await this.#peer.write(`PING ${asked}\r\n`);
      await this.#peer.lineLike(new RegExp(` PONG \\S+ :?${asked}$`), ANSWER_MS);
      this.#longestMs = Math.max(this.#longestMs, performance.now() - sinceMs);
      await delay(2);
    }
  }

  take(): number {
    const longestMs = this.#longestMs;
    this.#longestMs = 0;
    return longestMs;
  }

  end(): void {
    this.#isOver = true;
  }
}

interface Room {
  readonly speaker: Peer;
  readonly hearers: readonly Peer[];
}

export class Crowd {
  readonly #rooms: readonly Room[];
  readonly #talk: Talk;
  readonly #watch: Watch;
  readonly #running: Promise<unknown>;

  private constructor(rooms: readonly Room[], watcher: Peer) {
    this.#rooms = rooms;
    this.#talk = new Talk(rooms.map(({ speaker }) => speaker));
    this.#watch = new Watch(watcher);
    this.#running = Promise.all([this.#talk.run(), this.#watch.run()]);
    this.#running.catch(() => {}); // Reported by `end`.
  }

  /** Connects clients, who talk from now on. @param count - a multiple of 20 */
  static async connect(port: number, count: number): Promise<Crowd> {
    const peers: Peer[] = [];
    while (peers.length < count) {
      const batch = Array.from({ length: Math.min(BATCH, count - peers.length) }, (_, index) => peers.length + index);
      const come = (n: number): Promise<Peer> => enter(port, `n${n}`, `JOIN #r${Math.floor(n / ROOM_SIZE)}`);
      peers.push(...(await Promise.all(batch.map(come))));
    }
    const rooms = Array.from({ length: count / ROOM_SIZE }, (_, room) => {
      const members = peers.slice(room * ROOM_SIZE, (room + 1) * ROOM_SIZE);
      return { speaker: present(members[0], 'the first'), hearers: members.slice(1) };
    });
    return new Crowd(rooms, await enter(port, 'watch'));
  }

  /** Does something to the server. @returns the longest time in which one of them got no answer, in milliseconds */
  async during(act: () => Promise<unknown>): Promise<number> {
    this.#watch.take();
    await act();
    await delay(ROUND_MS / 10);
    return this.#watch.take();
  }

  /** Waits until each room has heard so many lines. */
  async hearing(lines: number): Promise<void> {
    while (this.#talk.lines < lines) await delay(ROUND_MS);
  }

  /**
   * Ends the talk. Everybody has to have heard every line, once and in order, and nothing else of others.
   *
   * @returns how many lines there were in each room
   */
  async end(): Promise<number> {
    this.#talk.end();
    this.#watch.end();
    await this.#running;
    const { lines } = this.#talk;
    for (const hearer of this.#rooms.flatMap(({ hearers }) => hearers)) {
      for (let line = 0; line < lines; line += 1) {
        const heard = await hearer.lineLike(/ PRIVMSG | QUIT | PART |^ERROR/);
        expect(heard.slice(heard.indexOf(' :') + 2)).toBe(`line ${line}`);
      }
    }
    // Nobody is told a line twice: what comes next is the answer to a question.
    const hearer = present(this.#rooms[0]?.hearers[0], 'a hearer');
    await hearer.write('PING last\r\n');
    expect(await hearer.lineLike(/ PRIVMSG | PONG /)).toContain('PONG');
    await hearer.write('LUSERS\r\n');
    expect(await hearer.lineLike(/ 251 /)).toContain(`There are ${this.#rooms.length * ROOM_SIZE + 1} users`);
    return lines;
  }
}

/** The longest standstill for each 500 clients. This machine may do other things; one that does not takes 100. */
export const STANDSTILL_MS = Number(process.env['FDMUX_STANDSTILL_MS'] ?? 3_000);

/** Describes standstills of so many clients, for each 500 of them. @returns the longest one as well */
export function describeStandstills(
  standstillsMs: readonly number[],
  clients: number,
): { readonly text: string; readonly longestMs: number } {
  const for500 = standstillsMs.map((ms) => (ms * 500) / clients).sort((a, b) => a - b);
  const [median = 0, longestMs = 0] = [for500[Math.floor(for500.length / 2)], for500.at(-1)];
  const text = `standstill for each 500 clients: median ${median.toFixed(0)} ms, longest ${longestMs.toFixed(0)} ms`;
  return { text, longestMs };
}
