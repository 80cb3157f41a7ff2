/**
 * The silence of an upgrade: many clients talk while a new process goes on for their server, again and again. The
 * answers go to upgrade.json and upgrade.md.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Crowd } from './chat/crowd.js';
import { type Checkout, here } from './support/checkout.js';
import { measuredNow } from './support/measured.js';
import { runSuite } from './support/suite.js';
import { type MeasuredUpgrade, publishUpgrades, upgradePage } from './upgrade/report.js';
import { UpgradedServer } from './upgrade/server.js';
import { Watching } from './upgrade/watching.js';

const CLIENTS = 2_000;
const ROOM_SIZE = 20;
const ROOMS = CLIENTS / ROOM_SIZE;
/** Each room hears a line in this time. */
const ROUND_MS = 500;
/** So many of the clients that measure come before the others, and as many after them. */
const WATCHERS = 4;

/** Upgrades a server that many talk on. */
async function measure(checkout: Checkout, upgrades: number): Promise<MeasuredUpgrade[]> {
  const server = await UpgradedServer.start(checkout.cli);
  const watching = new Watching(server.port);
  const crowd = new Crowd(server.port, 'irc');
  try {
    await watching.enter(WATCHERS);
    await crowd.grow(CLIENTS);
    crowd.sayEach(CLIENTS, (index) => `JOIN #r${index % ROOMS}\r\n`);
    await crowd.quiet();
    await watching.enter(WATCHERS);
    const talk = new Talk(crowd);
    const before = crowd.lines;
    const measured: MeasuredUpgrade[] = [];
    while (measured.length < upgrades) {
      await watching.take();
      const cost = await server.upgrade();
      measured.push({ ...(await watching.take()), ...cost });
      await delay(2 * ROUND_MS);
    }
    const expected = (await talk.end()) * ROOMS * (ROOM_SIZE - 1);
    await crowd.heard(before, expected);
    await crowd.quiet();
    if (crowd.lines - before !== expected) throw new Error(`${crowd.lines - before} lines instead of ${expected}`);
    return measured;
  } finally {
    await watching.end();
    crowd.end();
    server.end();
  }
}

/** Says a line in each room again and again, in two halves: something may happen to the server in between. */
class Talk {
  readonly #crowd: Crowd;
  readonly #running: Promise<number>;
  #isOver = false;

  constructor(crowd: Crowd) {
    this.#crowd = crowd;
    this.#running = this.#run();
  }

  async #run(): Promise<number> {
    let said = 0;
    for (; !this.#isOver; said += 1) {
      this.#crowd.sayEach(ROOMS, (index) => `PRIVMSG #r${index} :li`);
      await delay(ROUND_MS / 2);
      this.#crowd.say(ROOMS, `ne ${said}\r\n`);
      await delay(ROUND_MS / 2);
    }
    return said;
  }

  /** Returns how many lines were said in each room. */
  async end(): Promise<number> {
    this.#isOver = true;
    return this.#running;
  }
}

const SUITE = { script: 'bench:upgrade', questions: ['silence'], rounds: 20, seconds: 0.1 };

void runSuite(SUITE, async ({ rounds, against, out }) => {
  const measured = measuredNow({ rounds, seconds: undefined });
  const upgrades: Record<string, MeasuredUpgrade[]> = {};
  for (const checkout of against === null ? [here] : [against, here]) {
    upgrades[checkout.label('fdmux')] = await measure(checkout, rounds);
  }
  const answers = { clients: CLIENTS, upgrades };
  console.log(upgradePage(measured, answers));
  if (out !== null) publishUpgrades(out, { silence: { measured, answers } });
});
