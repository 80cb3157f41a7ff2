/**
 * Chat servers beside each other: fdmux, the limit in C, InspIRCd, another checkout's fdmux. All run at the same time
 * and take turns of milliseconds, so that a disturbance of the machine disturbs all alike.
 */
import type { Protocol } from './chat/crowd.js';
import { chatCandidates, type ChatCommand, LIMIT_PEER } from './chat/peers.js';
import { alternate, type Side, startSide, turn, withSides } from './chat/sides.js';
import { findPeers, type Peer, refuseUnknown } from './support/candidates.js';
import { here } from './support/checkout.js';
import { comparison, type Costs } from './support/comparison.js';
import { COST_UNIT } from './support/machine.js';
import { median } from './support/median.js';
import type { Options } from './support/options.js';
import { round } from './support/page.js';
import { weighed } from './support/server.js';
import { runSuite } from './support/suite.js';

const TEXT = 'x'.repeat(80);
const ROOM = '#bench';
/** Messages until V8 has compiled the code of a message, and those that are counted after that. */
const WARM_MESSAGES = 40_000;
const COUNTED_MESSAGES = 4000;
/** Turns in which all enter: V8 compiles what that takes during the first ones. */
const JOINS = { warm: 4, counted: 5 };
/** Turns in which one client enters alone: those before the count, and the counted ones. */
const LONE_JOINS = { warm: 20, counted: 30 };

type ChatPeer = Peer<ChatCommand>;

/** A question about messages. */
interface FanOut {
  readonly id: string;
  readonly protocol: Protocol;
  readonly clients: number;
  readonly senders: number;
  /** How many lines each sender sends in a turn. */
  readonly lines: number;
}

const FAN_OUTS: readonly FanOut[] = (['plain', 'irc'] as const).flatMap((protocol) => [
  { id: `${protocol}-50-10`, protocol, clients: 50, senders: 10, lines: 4 },
  { id: `${protocol}-500-20`, protocol, clients: 500, senders: 20, lines: 2 },
  { id: `${protocol}-500-500`, protocol, clients: 500, senders: 500, lines: 1 },
  // One line a turn: nothing is shared but the event.
  { id: `${protocol}-50-1`, protocol, clients: 50, senders: 1, lines: 1 },
]);
const JOINING = 2000;
const WEIGHED = 2000;

/** Starts a peer that speaks a protocol; those that do not are left out before. */
function startChat({ command }: ChatPeer, protocol: Protocol, isWeighed = false): Promise<Side> {
  const start = command(protocol);
  if (start === null) throw new Error(`it does not speak ${protocol}`);
  return startSide((port, folder) => (isWeighed ? weighed(start(port, folder)) : start(port, folder)), protocol);
}

/** Measures the cost of a delivery. */
function measureFanOut({ protocol, clients, senders, lines }: FanOut, peers: readonly ChatPeer[]): Promise<number[]> {
  const sides = peers.map((peer) => startChat(peer, protocol));
  return withSides(sides, async (ready) => {
    for (const { crowd } of ready) {
      await crowd.grow(clients);
      if (protocol === 'irc') crowd.say(clients, `JOIN ${ROOM}\r\n`);
      await crowd.quiet();
    }
    const line = protocol === 'irc' ? `PRIVMSG ${ROOM} :${TEXT}\r\n` : `${TEXT}\n`;
    const deliveries = senders * lines * (clients - 1);
    const turns = {
      warm: Math.min(2000, WARM_MESSAGES / (senders * lines)),
      counted: Math.min(1000, Math.max(10, COUNTED_MESSAGES / (senders * lines))),
    };
    return alternate(ready, turns, async (side) => {
      const cost = await turn(side, () => side.crowd.say(senders, line.repeat(lines)), deliveries);
      return cost / deliveries;
    });
  });
}

/** Measures the cost of showing one member that another one has entered, while everybody enters. */
function measureJoin(peers: readonly ChatPeer[]): Promise<number[]> {
  const sides = peers.map((peer) => startChat(peer, 'irc'));
  return withSides(sides, async (ready) => {
    for (const { crowd } of ready) await crowd.grow(JOINING);
    // The client that enters as number k is seen by k members; everybody gets a list of names after that, and its end.
    const seen = (JOINING * (JOINING + 1)) / 2;
    return alternate(ready, JOINS, async (side) => {
      const { crowd } = side;
      const cost = await turn(side, () => crowd.say(JOINING, `JOIN ${ROOM}\r\n`), seen + 2 * JOINING, true);
      await turn(side, () => crowd.say(JOINING, `PART ${ROOM}\r\n`), seen, true);
      return cost / seen;
    });
  });
}

/** Measures the cost of showing one member that another one has entered alone, the list of names included. */
function measureLoneJoin(peers: readonly ChatPeer[]): Promise<number[]> {
  const sides = peers.map((peer) => startChat(peer, 'irc'));
  return withSides(sides, async (ready) => {
    for (const { crowd } of ready) {
      await crowd.grow(JOINING);
      const before = crowd.lines;
      crowd.say(JOINING, `JOIN ${ROOM}\r\n`);
      await crowd.heard(before, (JOINING * (JOINING + 1)) / 2 + 2 * JOINING);
      await crowd.quiet();
      crowd.say(1, `PART ${ROOM}\r\n`);
      await crowd.quiet();
    }
    return alternate(ready, LONE_JOINS, async (side) => {
      const { crowd } = side;
      const cost = await turn(side, () => crowd.say(1, `JOIN ${ROOM}\r\n`), JOINING + 2, true);
      await turn(side, () => crowd.say(1, `PART ${ROOM}\r\n`), JOINING, true);
      return cost / JOINING;
    });
  });
}

/** Measures the resident memory of a silent member of a room, in bytes. */
async function measureMemory(peers: readonly ChatPeer[]): Promise<number[]> {
  const costs: number[] = [];
  for (const peer of peers) {
    const cost = await withSides([startChat(peer, 'irc', true)], async ([side]) => {
      if (side === undefined) throw new Error('there is no server');
      const before = await growRoom(side);
      return ((await growRoom(side)) - before) / WEIGHED;
    });
    costs.push(cost);
  }
  return costs;
}

/** Has more members enter the room. @returns the resident memory of the server, in bytes */
async function growRoom({ crowd, server }: Side): Promise<number> {
  await crowd.grow(WEIGHED);
  crowd.say(crowd.size, `JOIN ${ROOM}\r\n`);
  await crowd.quiet();
  return server.residentBytes();
}

interface Question {
  readonly id: string;
  readonly title: string;
  readonly protocol: Protocol;
  /** Returns the cost for each of the peers. */
  readonly measure: (peers: readonly ChatPeer[]) => Promise<number[]>;
}

const QUESTIONS: readonly Question[] = [
  ...FAN_OUTS.map((fanOut) => ({
    id: fanOut.id,
    title: `${fanOut.protocol}, ${fanOut.clients} clients, ${fanOut.senders} senders: ${COST_UNIT} a delivery`,
    protocol: fanOut.protocol,
    measure: (peers: readonly ChatPeer[]) => measureFanOut(fanOut, peers),
  })),
  {
    id: 'join',
    title: `${JOINING} members enter a room: ${COST_UNIT} a delivery`,
    protocol: 'irc',
    measure: measureJoin,
  },
  {
    id: 'lone-join',
    title: `one enters a room of ${JOINING}: ${COST_UNIT} a delivery`,
    protocol: 'irc',
    measure: measureLoneJoin,
  },
  { id: 'memory', title: 'a member in a room that is silent: B', protocol: 'irc', measure: measureMemory },
];

async function main({ rounds, only, against, peers: parts }: Options): Promise<void> {
  const candidates = chatCandidates(against === null ? [here] : [here, against]);
  refuseUnknown(
    candidates.map(({ name }) => name),
    parts,
  );
  const peers = findPeers(candidates, parts);
  const answers: Costs[] = [];
  for (const question of QUESTIONS.filter(({ id }) => only.includes(id)))
    answers.push(await ask(question, peers, rounds));
  console.log(`\n${overview(answers).join('\n')}`);
  if (against !== null) console.log(`\n${comparison(answers, against).join('\n')}`);
}

async function ask({ title, protocol, measure }: Question, peers: readonly ChatPeer[], rounds: number): Promise<Costs> {
  const sides = peers
    .filter(({ command }) => command(protocol) !== null)
    .map((peer) => ({ peer, costs: new Array<number>() }));
  for (let count = 0; count < rounds; count += 1) {
    const order = count % 2 === 0 ? sides : sides.toReversed();
    const costs = await measure(order.map(({ peer }) => peer));
    for (const [index, cost] of costs.entries()) order[index]?.costs.push(cost);
    console.log(
      `${title}: ${sides.map(({ peer, costs: own }) => `${peer.name} ${round(own.at(-1) ?? NaN)}`).join(', ')}`,
    );
  }
  return { title, costs: Object.fromEntries(sides.map(({ peer, costs }) => [peer.name, costs])) };
}

/** Returns a table with a line for each peer and question. */
function overview(answers: readonly Costs[]): readonly string[] {
  const lines = [
    `| question | peer | least | median | x ${LIMIT_PEER}, least | x ${LIMIT_PEER}, median |`,
    '|---|---|---:|---:|---:|---:|',
  ];
  for (const { title, costs } of answers) {
    const limit = costs[LIMIT_PEER] ?? [];
    for (const [peer, own] of Object.entries(costs)) {
      const figures = [Math.min(...own), median(own)] as const;
      const ratios =
        limit.length === 0
          ? ['', '']
          : [figures[0] / Math.min(...limit), figures[1] / median(limit)].map((x) => x.toFixed(2));
      lines.push(`| ${title} | ${peer} | ${figures.map(round).join(' | ')} | ${ratios.join(' | ')} |`);
    }
  }
  return lines;
}

void runSuite({ script: 'bench:chat', questions: QUESTIONS.map(({ id }) => id), rounds: 7, seconds: 1 }, main);
