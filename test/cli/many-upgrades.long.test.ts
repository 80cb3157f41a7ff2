/** Twenty upgrades in a row of a server with 2,000 clients that talk. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { present } from '../../src/errors.js';
import type { Peer } from '../support/peers.js';
import { startServer } from './chat-server.js';
import { enter, upgraderOf } from './upgrades.js';

const CLIENTS = 2_000;
const ROOM_SIZE = 20;
const UPGRADES = 20;
/** Each room hears a line in this time. */
const ROUND_MS = 500;
/** The longest standstill for each 500 clients. This machine may do other things; one that does not takes 100. */
const STANDSTILL_MS = Number(process.env['FDMUX_STANDSTILL_MS'] ?? 3_000);

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
      // Half of each line may be in one process, and the other half in the next.
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
      await this.#peer.lineLike(new RegExp(` PONG \\S+ :?${asked}$`), 60_000);
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

const NAME = 'nobody is disconnected, every line is heard once and in order, and the server is soon back';

test(NAME, { timeout: 290_000 }, async () => {
  const server = await startServer(['--log-level', 'warning', '--max-clients', '0']);
  const upgrade = upgraderOf(server);
  const peers: Peer[] = [];
  while (peers.length < CLIENTS) {
    const batch = Array.from({ length: 100 }, (_, index) => peers.length + index);
    const come = (n: number) => enter(server.ircPort, `n${n}`, `JOIN #r${Math.floor(n / ROOM_SIZE)}`);
    peers.push(...(await Promise.all(batch.map(come))));
  }
  const rooms = Array.from({ length: CLIENTS / ROOM_SIZE }, (_, room) => {
    const members = peers.slice(room * ROOM_SIZE, (room + 1) * ROOM_SIZE);
    return { speaker: present(members[0], 'the first'), hearers: members.slice(1) };
  });
  const talk = new Talk(rooms.map(({ speaker }) => speaker));
  const watch = new Watch(await enter(server.ircPort, 'watch'));
  const running = Promise.all([talk.run(), watch.run()]);
  running.catch(() => {}); // Reported by the `await` below.
  const standstills: number[] = [];
  for (let round = 0; round < UPGRADES; round += 1) {
    watch.take();
    await upgrade();
    await delay(ROUND_MS);
    standstills.push(watch.take());
  }
  talk.end();
  watch.end();
  await running;
  expect(talk.lines).toBeGreaterThan(UPGRADES);
  for (const { hearers } of rooms) {
    for (const hearer of hearers) {
      for (let line = 0; line < talk.lines; line += 1) {
        const heard = await hearer.lineLike(/ PRIVMSG | QUIT | PART |^ERROR/);
        expect(heard.slice(heard.indexOf(' :') + 2)).toBe(`line ${line}`);
      }
    }
  }
  // Nobody is told a line twice: what comes next is the answer to a question.
  const [first] = rooms;
  const hearer = present(first?.hearers[0], 'a hearer');
  await hearer.write('PING last\r\n');
  expect(await hearer.lineLike(/ PRIVMSG | PONG /)).toContain('PONG');
  await hearer.write('LUSERS\r\n');
  expect(await hearer.lineLike(/ 251 /)).toContain(`There are ${CLIENTS + 1} users`);
  const for500 = standstills.map((ms) => (ms * 500) / CLIENTS).sort((a, b) => a - b);
  const [median = 0, longest = 0] = [for500[Math.floor(for500.length / 2)], for500.at(-1)];
  console.log(`standstill for each 500 clients: median ${median.toFixed(0)} ms, longest ${longest.toFixed(0)} ms`);
  expect(longest).toBeLessThan(STANDSTILL_MS);
});
