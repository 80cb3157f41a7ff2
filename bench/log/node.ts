/** A process that appends to the logs of a broker, and follows them: the part of a node that is not the chat. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Pack, RoomLog } from '../../src/log/entry.js';
import type { AppendAnswer, LogSink, SharedLog } from '../../src/log/shared-log.js';
import { PostgresLog } from '../../src/store/postgres/postgres-log.js';
import { RedisLog } from '../../src/store/redis/redis-log.js';
import type { Done, Work } from './messages.js';

/** This many times are kept, spread over all. */
const MAX_SAMPLES = 20_000;
const TEXT = 'x'.repeat(80);

/** A clock that all processes of the machine have, in ms. */
const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Appends and follows on request. */
class Worker {
  readonly #log: SharedLog;
  readonly #work: Work;
  readonly #seenMs: number[] = [];
  #seen = 0;
  #n = 0;
  #acknowledged = 0;
  #underWay = 0;
  #isCounting = false;
  #isOver = false;

  constructor(log: SharedLog, work: Work) {
    this.#log = log;
    this.#work = work;
  }

  async run(): Promise<Done> {
    const { rooms, warmMs, countedMs, packsPerSecond } = this.#work;
    const names = Array.from({ length: rooms }, (_, index): RoomLog => `r:#room${index}`);
    await Promise.all(names.map((name) => this.#follow(name)));
    const talking = packsPerSecond === null ? this.#talkInAll(names) : this.#talkAtRate(names, packsPerSecond);
    await delay(warmMs);
    const cpu = process.cpuUsage();
    this.#isCounting = true;
    await delay(countedMs);
    this.#isCounting = false;
    const { user, system } = process.cpuUsage(cpu);
    this.#isOver = true;
    await talking;
    while (this.#underWay > 0) await delay(1);
    return { messages: this.#acknowledged, seenMs: this.#seenMs, cpuNs: (user + system) * 1000 };
  }

  #follow(name: RoomLog): Promise<void> {
    return new Promise((resolve) => {
      const sink: LogSink = {
        pack: (_seq, entries) => {
          this.#see(entries);
        },
        unreadable: () => undefined,
        missing: () => undefined,
        regressed: () => undefined,
        caughtUp: resolve,
        away: () => undefined,
        back: () => undefined,
      };
      this.#log.follow(name, 0, sink);
    });
  }

  #see([first]: Pack): void {
    if (!this.#isCounting || first?.kind !== 'say') return;
    this.#seen += 1;
    const tookMs = nowMs() - Number(first.text.slice(0, first.text.indexOf(' ')));
    if (this.#seenMs.length < MAX_SAMPLES) this.#seenMs.push(tookMs);
    else if (Math.random() < MAX_SAMPLES / this.#seen) {
      this.#seenMs[Math.floor(Math.random() * MAX_SAMPLES)] = tookMs;
    }
  }

  #append(room: RoomLog, then: () => void): void {
    const { packEntries, name } = this.#work;
    const text = `${nowMs()} ${TEXT}`;
    const pack = Array.from({ length: packEntries }, (): Pack[number] => {
      this.#n += 1;
      const stamp = { session: `${name}.1.1`, n: this.#n, atMs: Date.now(), seen: 1, base: 1 };
      return { ...stamp, kind: 'say', type: 'message', text, tags: [], isDivisible: true, who: null, ranks: 0 };
    });
    this.#underWay += 1;
    const answer: AppendAnswer = {
      appended: () => {
        this.#underWay -= 1;
        if (this.#isCounting) this.#acknowledged += packEntries;
        then();
      },
      failed: (why) => {
        throw new Error(`an append has failed: ${why}`);
      },
    };
    this.#log.append(room, pack, answer);
  }

  /** In each room one pack is under way, as a node has it. */
  async #talkInAll(names: readonly RoomLog[]): Promise<void> {
    for (const name of names) {
      const next = (): void => {
        if (!this.#isOver) this.#append(name, next);
      };
      next();
    }
    while (!this.#isOver) await delay(10);
  }

  async #talkAtRate(names: readonly RoomLog[], packsPerSecond: number): Promise<void> {
    const from = nowMs();
    // Processes that went through the rooms in step would all wait for each other's commits.
    const first = Math.floor(Math.random() * names.length);
    let said = 0;
    while (!this.#isOver) {
      // As many as are due by now: a late timer does not send less.
      for (; said < ((nowMs() - from) * packsPerSecond) / 1000; said += 1) {
        this.#append(names[(first + said) % names.length] ?? 'r:#room0', () => undefined);
      }
      await delay(1);
    }
  }
}

async function main(work: Work): Promise<void> {
  const log = await (work.kind === 'postgres' ? PostgresLog : RedisLog).open({ url: work.url });
  const done = await new Worker(log, work).run();
  // Its connections stay until it is killed: the broker is asked for their cost.
  process.send?.(done);
}

process.once('message', (work: Work) => {
  void main(work);
});
