/**
 * The chat server of this tree beside another checkout's: both run at the same time and take turns of milliseconds, so
 * that what disturbs the machine disturbs both alike.
 */
import type { Protocol } from './chat/crowd.js';
import { alternate, type Side, startSide, turn, withSides } from './chat/sides.js';
import { type Checkout, here } from './support/checkout.js';
import { comparison, type Costs } from './support/comparison.js';
import { COST_UNIT } from './support/machine.js';
import type { Options } from './support/options.js';
import { round } from './support/page.js';
import { Refusal } from './support/refusal.js';
import { node, weighed } from './support/server.js';
import { runSuite } from './support/suite.js';

const TEXT = 'x'.repeat(80);
const ROOM = '#bench';
const PEER = 'fdmux';
/** Messages until V8 has compiled what a message runs through, and those that are counted after that. */
const WARM_MESSAGES = 8000;
const COUNTED_MESSAGES = 4000;
const JOIN_TURNS = 3;

/** A question about messages. */
interface FanOut {
  readonly id: string;
  readonly protocol: Protocol;
  readonly clients: number;
  readonly senders: number;
  /** How many lines each sender says in a turn. */
  readonly lines: number;
}

const FAN_OUTS: readonly FanOut[] = (['plain', 'irc'] as const).flatMap((protocol) => [
  { id: `${protocol}-50-10`, protocol, clients: 50, senders: 10, lines: 4 },
  { id: `${protocol}-500-20`, protocol, clients: 500, senders: 20, lines: 2 },
  { id: `${protocol}-500-500`, protocol, clients: 500, senders: 500, lines: 1 },
]);
const JOINING = 2000;
const WEIGHED = 2000;

function startChat(checkout: Checkout, protocol: Protocol, isWeighed = false): Promise<Side> {
  const other = protocol === 'plain' ? '--no-irc' : '--no-plain';
  return startSide((port) => {
    const command = [...node, checkout.cli, 'serve', other, `--${protocol}-port`, String(port)];
    return isWeighed ? weighed(command) : command;
  }, protocol);
}

/** Measures the CPU time of a delivery, in ns. */
function measureFanOut(
  { protocol, clients, senders, lines }: FanOut,
  checkouts: readonly Checkout[],
): Promise<number[]> {
  const sides = checkouts.map((checkout) => startChat(checkout, protocol));
  return withSides(sides, async (ready) => {
    for (const { crowd } of ready) {
      await crowd.grow(clients);
      if (protocol === 'irc') crowd.say(clients, `JOIN ${ROOM}\r\n`);
      await crowd.quiet();
    }
    const line = protocol === 'irc' ? `PRIVMSG ${ROOM} :${TEXT}\r\n` : `${TEXT}\n`;
    const deliveries = senders * lines * (clients - 1);
    const turns = {
      warm: WARM_MESSAGES / (senders * lines),
      counted: Math.max(10, COUNTED_MESSAGES / (senders * lines)),
    };
    return alternate(ready, turns, async (side) => {
      const cost = await turn(side, () => side.crowd.say(senders, line.repeat(lines)), deliveries);
      return cost / deliveries;
    });
  });
}

/** Measures the CPU time of showing one member that another one has entered, in ns, while everybody enters. */
function measureJoin(checkouts: readonly Checkout[]): Promise<number[]> {
  const sides = checkouts.map((checkout) => startChat(checkout, 'irc'));
  return withSides(sides, async (ready) => {
    for (const { crowd } of ready) await crowd.grow(JOINING);
    // The one who enters as number k is seen by k members; everybody gets a list of names after that, and its end.
    const seen = (JOINING * (JOINING + 1)) / 2;
    return alternate(ready, { warm: 1, counted: JOIN_TURNS }, async (side) => {
      const { crowd } = side;
      const cost = await turn(side, () => crowd.say(JOINING, `JOIN ${ROOM}\r\n`), seen + 2 * JOINING);
      await crowd.quiet();
      await turn(side, () => crowd.say(JOINING, `PART ${ROOM}\r\n`), seen);
      await crowd.quiet();
      return cost / seen;
    });
  });
}

/** Measures the resident memory of a member that has entered a room and says nothing, in bytes. */
async function measureMemory(checkouts: readonly Checkout[]): Promise<number[]> {
  const costs: number[] = [];
  for (const checkout of checkouts) {
    const cost = await withSides([startChat(checkout, 'irc', true)], async ([side]) => {
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
  /** Returns what it costs each of the checkouts. */
  readonly measure: (checkouts: readonly Checkout[]) => Promise<number[]>;
}

const QUESTIONS: readonly Question[] = [
  ...FAN_OUTS.map((fanOut) => ({
    id: fanOut.id,
    title: `${fanOut.protocol}, ${fanOut.clients} clients, ${fanOut.senders} senders: ${COST_UNIT} a delivery`,
    measure: (checkouts: readonly Checkout[]) => measureFanOut(fanOut, checkouts),
  })),
  { id: 'join', title: `${JOINING} members enter a room: ${COST_UNIT} a delivery`, measure: measureJoin },
  { id: 'memory', title: 'a member in a room that is silent: B', measure: measureMemory },
];

async function main({ rounds, only, against }: Options): Promise<void> {
  if (against === null) throw new Refusal('name a built checkout to measure beside this one: --against <folder>');
  const answers: Costs[] = [];
  for (const { title, measure } of QUESTIONS.filter(({ id }) => only.includes(id))) {
    const sides = [here, against].map((checkout) => ({ checkout, costs: new Array<number>() }));
    for (let count = 0; count < rounds; count += 1) {
      const order = count % 2 === 0 ? sides : sides.toReversed();
      const costs = await measure(order.map(({ checkout }) => checkout));
      for (const [index, cost] of costs.entries()) order[index]?.costs.push(cost);
      console.log(
        `${title}: ${sides.map((side) => `${side.checkout.label(PEER)} ${round(side.costs.at(-1) ?? NaN)}`).join(', ')}`,
      );
    }
    answers.push({
      title,
      costs: Object.fromEntries(sides.map(({ checkout, costs }) => [checkout.label(PEER), costs])),
    });
  }
  console.log(`\n${comparison(answers, against).join('\n')}`);
}

void runSuite({ script: 'bench:chat', questions: QUESTIONS.map(({ id }) => id), rounds: 7, seconds: 1 }, main);
