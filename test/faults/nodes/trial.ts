/** One run: servers, a broker and people, while a schedule of faults is carried out, and the checks of what all saw. */
import { writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/deadline.js';
import { seeded } from '../../support/random.js';
import type { Broker } from './broker.js';
import { Client } from './client.js';
import { Cluster } from './cluster.js';
import { describeSchedule, type Event, scheduleOf } from './nemesis.js';
import { CUT, GOOD, Network } from './network.js';
import { People } from './people.js';
import { checkSights } from './promises.js';
import type { Loss, RoomLog, Span, Violation } from './record.js';
import { happeningsOf } from './room-log.js';
import {
  checkConnections,
  checkLosses,
  checkNotices,
  checkPauses,
  checkPings,
  checkWaits,
  type Times,
  waitsOf,
} from './times.js';

/** What a run is made of. */
export interface TrialOptions {
  readonly seed: number;
  readonly seconds: number;
  /** How many servers; one is a single server, not a node. */
  readonly nodes: number;
  /** Whether the broker loses what it has acknowledged. */
  readonly isLossy: boolean;
  /** Starts the broker on a machine. */
  readonly broker: (network: Network, machine: string) => Promise<Broker>;
}

/** What came out of a run. */
export interface Verdict {
  readonly schedule: string;
  readonly violations: readonly Violation[];
  readonly figures: string;
  /** What all servers have logged. */
  readonly logs: string;
}

const ROOMS = ['#r0', '#r1', '#r2'];
const BROKER = 'b';
const LEASE_MS = 5_000;
/** A node needs so long to be well again after a fault: TCP sends again what was lost later and later. */
const RECOVERY_MS = 12_000;
/** Members of a node that is back are in their rooms again after this time. */
const REJOINING_MS = 10_000;
/** How long everybody has to hear what was said last. */
const SETTLING_MS = 60_000;

/** How late things may be: a machine that does other things is late by itself. */
const TIMES: Times = {
  leaseMs: LEASE_MS,
  slackMs: Number(process.env['FDMUX_FAULTS_SLACK_MS'] ?? 2_000),
  pauseMs: 1_000,
  waitMs: 30_000,
};

/** Carries out a run. */
export async function runTrial({ seed, seconds, nodes, isLossy, broker: startBroker }: TrialOptions): Promise<Verdict> {
  const names = Array.from({ length: nodes }, (_, index) => `n${index + 1}`);
  const events = scheduleOf({ seed, nodes, seconds, leaseMs: LEASE_MS, isLossy });
  const network = await Network.open([BROKER, ...names], seed);
  try {
    const broker = await startBroker(network, BROKER);
    try {
      const cluster = new Cluster({ network, machines: names, store: broker.store, areNodes: nodes > 1 });
      try {
        const trial = new Trial(network, broker, cluster, new People(cluster, ROOMS, seeded(seed)));
        const violations = await trial.run(events).catch((error: unknown) => [{ promise: 'run', text: String(error) }]);
        return { schedule: describeSchedule(events), violations, figures: trial.figures, logs: cluster.logs() };
      } finally {
        await cluster.close();
      }
    } finally {
      await broker.close();
    }
  } finally {
    network.close();
  }
}

/** A run under way. */
class Trial {
  readonly #network: Network;
  readonly #broker: Broker;
  readonly #cluster: Cluster;
  readonly #people: People;
  readonly #losses: Loss[] = [];
  /** When a node had trouble of its own, and when it stood still. */
  readonly #trouble: (Span & { readonly node: string })[] = [];
  readonly #still: (Span & { readonly node: string })[] = [];
  /** When the broker was back without the end of its logs. */
  readonly #lossesOfEnd: number[] = [];
  /** When the broker had trouble. */
  readonly #outages: Span[] = [];

  figures = '';

  constructor(network: Network, broker: Broker, cluster: Cluster, people: People) {
    this.#network = network;
    this.#broker = broker;
    this.#cluster = cluster;
    this.#people = people;
    cluster.onEnd = (name) => {
      // Its clients were told before it ended.
      const span = { fromMs: performance.now() - LEASE_MS, toMs: performance.now() };
      this.#losses.push({ ...span, node: name, isDead: true });
      this.#note(this.#trouble, span, name);
    };
  }

  async run(events: readonly Event[]): Promise<Violation[]> {
    await Promise.all(this.#cluster.names.map((name) => this.#cluster.start(name)));
    await this.#people.come();
    const settings = await this.#furnish();
    const beginMs = performance.now();
    for (const event of events) {
      await delay(Math.max(0, beginMs + event.fromMs - performance.now()));
      await this.#commit(event);
    }
    await this.#settle().finally(() => this.#dump());
    const logs = await Promise.all(ROOMS.map((room) => this.#readLog(room)));
    const seen = this.#judge(logs);
    const before = await this.#remember();
    // A room that everybody has left is over, so they are inside until the end.
    this.#people.stayAway();
    await this.#restart();
    await this.#people.leave();
    const after = await this.#remember();
    const codes = await Promise.all(this.#cluster.names.map((name) => this.#cluster.stop(name)));
    return [
      ...seen,
      ...compareMemories(before, after, settings),
      ...codes.flatMap((code, index) =>
        code === 0 ? [] : [{ promise: 'end', text: `${this.#cluster.names[index] ?? ''} ended with ${String(code)}` }],
      ),
    ];
  }

  /** Writes down what all have seen, for a look at what the checks do not say. */
  #dump(): void {
    const { FDMUX_FAULTS_DUMP: file } = process.env;
    if (file !== undefined) writeFileSync(file, JSON.stringify(this.#people.transcripts));
  }

  /** Gives each room what must be there after a restart. @returns the topics */
  async #furnish(): Promise<ReadonlyMap<string, string>> {
    const topics = new Map<string, string>();
    for (const room of ROOMS) {
      for (const one of this.#people.present) {
        one.send(`MODE ${room} +l 500`);
        one.send(`TOPIC ${room} :about ${room}`);
      }
      topics.set(room, `about ${room}`);
    }
    await delay(500);
    return topics;
  }

  /** Breaks something, and mends it when its time is over. */
  async #commit(event: Event): Promise<void> {
    const lastsMs = event.toMs - event.fromMs;
    const fromMs = performance.now();
    switch (event.kind) {
      case 'kill': {
        const name = this.#nameOf(event.node);
        await this.#cluster.kill(name);
        await delay(lastsMs);
        // Its clients are put out at once, and those that it takes before it is well are not.
        this.#losses.push({ node: name, fromMs, toMs: performance.now(), isDead: true });
        await this.#cluster.start(name);
        this.#note(this.#trouble, { fromMs, toMs: performance.now() }, name);
        return;
      }
      case 'freeze': {
        const name = this.#nameOf(event.node);
        this.#cluster.freeze(name);
        await delay(lastsMs);
        this.#cluster.thaw(name);
        this.#lose(name, fromMs);
        this.#note(this.#still, { fromMs, toMs: performance.now() }, name);
        return;
      }
      case 'cut': {
        const name = this.#nameOf(event.node);
        if (event.way !== 'in') await this.#network.change(name, BROKER, CUT);
        if (event.way !== 'out') await this.#network.change(BROKER, name, CUT);
        await delay(lastsMs);
        await this.#network.change(name, BROKER, GOOD);
        await this.#network.change(BROKER, name, GOOD);
        // What it sends may still arrive, so its lease may be renewed once more.
        this.#lose(name, fromMs + (event.way === 'in' ? LEASE_MS / 3 : 0));
        return;
      }
      case 'weather': {
        const name = this.#nameOf(event.node);
        await this.#network.change(name, BROKER, event.link);
        await this.#network.change(BROKER, name, event.link);
        await delay(lastsMs);
        await this.#network.change(name, BROKER, GOOD);
        await this.#network.change(BROKER, name, GOOD);
        this.#note(this.#trouble, { fromMs, toMs: performance.now() }, name);
        return;
      }
      case 'clock': {
        const name = this.#nameOf(event.node);
        this.#cluster.setClock(name, event.aheadSeconds);
        await delay(lastsMs);
        this.#cluster.setClock(name, 0);
        return;
      }
      case 'broker-crash':
        await this.#broker.crash();
        await delay(lastsMs);
        await this.#broker.start();
        break;
      case 'broker-loss': {
        await this.#broker.crash();
        this.#broker.loseEnd(event.bytes);
        await delay(lastsMs);
        await this.#broker.start();
        this.#lossesOfEnd.push(performance.now());
        break;
      }
      case 'broker-freeze':
        this.#broker.freeze();
        await delay(lastsMs);
        this.#broker.thaw();
        break;
      case 'disk-full':
        this.#broker.fill();
        await delay(lastsMs);
        this.#broker.free();
        // It may have ended for want of room.
        await this.#broker.start();
        break;
    }
    this.#outages.push({ fromMs, toMs: performance.now() });
  }

  #nameOf(node: number): string {
    return this.#cluster.names[node] ?? '';
  }

  /** A node that is alive could not be heard until now. */
  #lose(node: string, fromMs: number): void {
    const toMs = performance.now();
    this.#losses.push({ node, fromMs, toMs, isDead: false });
    this.#note(this.#trouble, { fromMs, toMs }, node);
  }

  #note(list: (Span & { readonly node: string })[], { fromMs, toMs }: Span, node: string): void {
    list.push({ node, fromMs, toMs: toMs + RECOVERY_MS });
  }

  /** Waits until all is well: what is said then is heard by everybody. */
  async #settle(): Promise<void> {
    this.#people.quiet();
    const count = 5 * this.#cluster.names.length;
    const deadline = performance.now() + SETTLING_MS;
    for (;;) {
      await until(
        () => this.#people.present.length === count && this.#people.isCalm,
        () => `settling: ${this.#people.present.length} of ${count} are there; ${this.#stories()}`,
        SETTLING_MS,
      );
      const { present } = this.#people;
      // A change of a nick may be under way: a PING is answered after it.
      await Promise.all(present.map((one) => one.ask('PING calm', ['PONG'], SETTLING_MS).catch(() => null)));
      if (!this.#people.isCalm) continue;
      const said = present.flatMap((one) => ROOMS.map((room) => ({ one, text: one.say(room) })));
      const isDone = (): boolean =>
        said.every(({ one, text }) => one.isOver || one.hasHeard(text) || one.hasFailed(text));
      await until(isDone, () => `the last words: ${this.#stories()}`, SETTLING_MS);
      const heard = said.filter(({ one, text }) => one.hasHeard(text)).map(({ text }) => text);
      const allHeard = (): boolean => present.every((one) => one.isOver || heard.every((text) => one.hasHeard(text)));
      // A message may fail, a node may end, and one that comes back has its members join again later.
      const isHeard = await until(allHeard, 'the last words', REJOINING_MS).then(
        () => true,
        () => false,
      );
      if (isHeard && heard.length === said.length) break;
      if (performance.now() > deadline) throw new Error(`not settled: ${this.#stories()}`);
      await delay(500);
    }
    for (const one of this.#people.present) {
      for (const room of ROOMS) {
        const lists = one.transcript.sights.filter(({ kind }) => kind === 'listed').length;
        one.send(`NAMES ${room}`);
        await until(
          () => one.transcript.sights.filter(({ kind }) => kind === 'listed').length > lists,
          () => `the members of ${room} for ${one.id}`,
        );
      }
    }
  }

  /** What those who wait for something have seen last. */
  #stories(): string {
    return this.#people.present
      .map(({ id, node, waiting, lately }) => `${id} on ${node}: ${waiting} wait; last ${lately.at(-1) ?? ''}`)
      .join('\n');
  }

  async #readLog(room: string): Promise<RoomLog> {
    const happenings = happeningsOf(await this.#broker.packs(room), this.#cluster.names.length === 1);
    const said = happenings.filter(({ kind }) => kind === 'said').length;
    // Lines are put into the history behind the log.
    let history = await this.#broker.history(room);
    for (let looks = 0; history.length < said && looks < 100; looks += 1) {
      await delay(100);
      history = await this.#broker.history(room);
    }
    return { room, happenings, history };
  }

  #judge(logs: readonly RoomLog[]): Violation[] {
    const { transcripts } = this.#people;
    const spansOf = (list: readonly (Span & { readonly node: string })[]) => (node: string) => [
      ...list.filter((span) => span.node === node),
    ];
    const outages = this.#outages.map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs + RECOVERY_MS }));
    // A node that is lost just after the broker was away is given up a lease after that at the earliest.
    const losses = this.#losses.map((loss) => {
      const late = this.#outages.filter(({ toMs }) => toMs <= loss.fromMs && toMs + LEASE_MS > loss.fromMs);
      return late.length === 0 ? loss : { ...loss, fromMs: loss.fromMs + LEASE_MS };
    });
    const waits = waitsOf(transcripts).flatMap(({ fromMs, endMs }) => (endMs === null ? [] : [endMs - fromMs]));
    waits.sort((a, b) => a - b);
    const at = (share: number): string => `${Math.round(waits[Math.floor(share * waits.length)] ?? 0)} ms`;
    const failed = transcripts.flatMap(({ sights }) => sights.filter(({ kind }) => kind === 'failed')).length;
    const deliveries = transcripts.flatMap(({ sights }) => sights.filter(({ kind }) => kind === 'heard')).length;
    this.figures =
      `${transcripts.length} connections; ${waits.length} messages, ${failed} of them failed; ${deliveries} deliveries; ` +
      `answers: median ${at(0.5)}, 99 % ${at(0.99)}, slowest ${at(0.9999)}`;
    return [
      ...checkSights(transcripts, logs),
      ...checkLosses(transcripts, losses, TIMES),
      ...checkPauses(transcripts, (node) => [...outages, ...spansOf(this.#trouble)(node)], TIMES),
      ...checkWaits(transcripts, spansOf(this.#still), TIMES),
      ...checkConnections(transcripts, this.#losses),
      ...checkPings(transcripts, spansOf(this.#still), TIMES),
      ...checkNotices(transcripts, this.#lossesOfEnd, spansOf(this.#trouble), TIMES),
    ];
  }

  /** Ends everything at once, and starts it again. */
  async #restart(): Promise<void> {
    await Promise.all(this.#cluster.names.map((name) => this.#cluster.kill(name)));
    await this.#broker.crash();
    await this.#broker.start();
    await Promise.all(this.#cluster.names.map((name) => this.#cluster.start(name)));
  }

  /** Asks each server about each room, as somebody who has just come. */
  async #remember(): Promise<Memory[]> {
    const memories: Memory[] = [];
    const clients: Client[] = [];
    for (const [index, node] of this.#cluster.names.entries()) {
      const nick = `asks${index}`;
      const path = this.#cluster.pathOf(node, 'lines');
      const client = new Client({ id: nick, nick, keepsNick: false, node, way: 'lines', path });
      if (!(await client.welcomed(SETTLING_MS))) throw new Error(`${node} does not take clients`);
      client.send('CAP REQ :draft/chathistory');
      for (const room of ROOMS) {
        const [topic] = await client.during('332', () => client.ask(`JOIN ${room}`, ['366'], SETTLING_MS));
        const modes = await client.ask(`MODE ${room}`, ['324'], SETTLING_MS);
        const lines = await client.during('PRIVMSG', () =>
          client.ask(`CHATHISTORY LATEST ${room} * 50\r\nPING done`, ['PONG', 'FAIL'], SETTLING_MS),
        );
        memories.push({
          where: `${room} on ${node}`,
          room,
          topic: topic?.parameters[2] ?? '',
          modes: modes.parameters.slice(2).join(' '),
          texts: lines.map(({ parameters }) => parameters[1] ?? ''),
        });
      }
      clients.push(client);
    }
    // A room that all have left is over, so nobody leaves before the last has asked.
    for (const client of clients) client.close();
    return memories;
  }
}

/** What a server knows about a room. */
interface Memory {
  readonly where: string;
  readonly room: string;
  readonly topic: string;
  readonly modes: string;
  /** What was said last. */
  readonly texts: readonly string[];
}

/** P9: rooms, topics, modes and history are the same after everything has been restarted. */
function compareMemories(
  before: readonly Memory[],
  after: readonly Memory[],
  topics: ReadonlyMap<string, string>,
): Violation[] {
  return after.flatMap(({ where, room, topic, modes, texts }, index) => {
    const then = before[index];
    const found: Violation[] = [];
    const report = (text: string): void => {
      found.push({ promise: 'P9', text: `${where}: ${text}` });
    };
    if (topic !== topics.get(room)) report(`the topic is "${topic}"`);
    if (modes !== then?.modes) report(`the modes are "${modes}", and were "${then?.modes ?? ''}"`);
    if (texts.length === 0 || texts.join('\n') !== then?.texts.join('\n')) report('the history is another one');
    return found;
  });
}
