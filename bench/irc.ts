/**
 * fdmux beside other IRC servers: fan-out, a storm of joins, memory; in turns, several rounds, into docs/benchmarks/.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { costsOf, type IrcRun, ircRunSchema, writeIrcReport } from './irc/report.js';
import { describeIrcServer, ircCandidates, type IrcPeer, startIrcServer } from './irc/servers.js';
import { findPeers, type Peer, refuseUnknown } from './support/candidates.js';
import { here } from './support/checkout.js';
import { comparison } from './support/comparison.js';
import { PATIENCE_MS, putUnderLoad } from './support/generator.js';
import type { Options } from './support/options.js';
import { round } from './support/page.js';
import { Progress } from './support/progress.js';
import { Publication } from './support/publication.js';
import { weighed } from './support/server.js';
import { runSuite } from './support/suite.js';
import { compileLoad, countsInstructions, LOAD_CORE } from './support/tools.js';
import { takeTurns } from './support/turns.js';

const TEXT_BYTES = 80;
const IDLE_MEMBERS = 2000;
/** The question that is not one of rates. */
const MEMORY = 'memory';
/** V8 takes and keeps whole pages, so one weighing can be a third above another one. */
const MOST_WEIGHINGS = 3;

interface Question {
  readonly id: string;
  readonly title: string;
  readonly clients: number;
  readonly senders: number;
}

const QUESTIONS: readonly Question[] = [
  { id: 'irc-50-10', title: '50 clients, 10 senders, 80 B', clients: 50, senders: 10 },
  { id: 'irc-200-20', title: '200 clients, 20 senders, 80 B', clients: 200, senders: 20 },
  { id: 'irc-500-20', title: '500 clients, 20 senders, 80 B', clients: 500, senders: 20 },
  { id: 'irc-500-500', title: '500 clients, 500 senders, 80 B', clients: 500, senders: 500 },
  { id: 'irc-join', title: '2,000 clients connect and join one channel', clients: 2000, senders: 2 },
];

/** Returns the last parameter of the load generator. */
const toMode = (isWeb: boolean): readonly string[] => (isWeb ? ['web'] : []);

async function measure(
  program: string,
  { command, isWeb }: IrcPeer,
  question: Question,
  seconds: number,
  counts: boolean,
): Promise<IrcRun> {
  const server = await startIrcServer(command);
  try {
    const numbers = [server.port, question.clients, question.senders, TEXT_BYTES, seconds, 0].map(String);
    const load = [program, ...numbers, ...toMode(isWeb)];
    const { preface, number, cpuNs, instructions } = await putUnderLoad(server, load, { seconds, hasCounters: counts });
    const deliveries = Math.max(1, number('deliveries'));
    return {
      joinSeconds: Number(/^joined (.*)$/.exec(preface[0] ?? '')?.[1]),
      deliveriesPerSecond: deliveries / number('seconds'),
      cpuNsPerDelivery: cpuNs / deliveries,
      instructionsPerDelivery: instructions === null ? null : instructions / deliveries,
      p50Us: number('p50Ns') / 1000,
      p99Us: number('p99Ns') / 1000,
      p999Us: number('p999Ns') / 1000,
    };
  } finally {
    await server.stop();
  }
}

/**
 * Server memory for each idle registered member. A first wave is there before, so that parts that are made once do not
 * count.
 */
async function measureMemory(program: string, { command, isWeb }: IrcPeer): Promise<number> {
  const server = await startIrcServer((port, folder) => weighed(command(port, folder)));
  const waves: ReturnType<typeof openIdle>[] = [];
  const open = async (first: number) => {
    const wave = openIdle(program, server.port, { count: IDLE_MEMBERS, first, isWeb });
    waves.push(wave);
    await wave.ready;
  };
  try {
    await open(0);
    const before = await server.residentBytes();
    await open(IDLE_MEMBERS);
    return ((await server.residentBytes()) - before) / IDLE_MEMBERS;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`did not survive: ${reason}; server: ${await server.howItEnded()}`, { cause: error });
  } finally {
    for (const wave of waves) wave.end();
    await server.stop();
  }
}

function openIdle(
  program: string,
  port: number,
  { count, first, isWeb }: { readonly count: number; readonly first: number; readonly isWeb: boolean },
): { ready: Promise<void>; end: () => void } {
  const numbers = [port, count, 0, TEXT_BYTES, 0, first].map(String);
  const load = spawn('taskset', ['-c', LOAD_CORE, program, ...numbers, ...toMode(isWeb)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const line = once(createInterface({ input: load.stdout }), 'line', { signal: AbortSignal.timeout(PATIENCE_MS) });
  const end = once(load, 'exit').then(() => {
    throw new Error('the server closed its clients');
  });
  // The second of the two no longer matters.
  line.catch(() => undefined);
  end.catch(() => undefined);
  return { ready: Promise.race([line.then(() => undefined), end]), end: () => load.kill('SIGKILL') };
}

function describeRun({ deliveriesPerSecond, cpuNsPerDelivery, joinSeconds }: IrcRun): string {
  const rate = `${round(deliveriesPerSecond).padStart(10)} deliveries/s`;
  return `${rate} ${round(cpuNsPerDelivery).padStart(6)} ns each, all joined after ${joinSeconds.toFixed(2)} s`;
}

const IDS = [...QUESTIONS.map(({ id }) => id), MEMORY];

async function main(options: Options): Promise<void> {
  const { rounds, seconds, only, against, out } = options;
  const candidates = ircCandidates(against === null ? [here] : [here, against]);
  const names = candidates.map(({ name }) => name);
  refuseUnknown(names, options.peers);
  const peers = findPeers(candidates, options.peers);
  const publication = new Publication(
    out,
    {
      file: 'irc.json',
      run: ircRunSchema,
      known: { questions: IDS, peers: names },
      writePage: (folder, results) => writeIrcReport(folder, results, names),
    },
    options,
  );

  const program = compileLoad('irc/irc_load.c');
  const counts = countsInstructions();
  const questions = QUESTIONS.filter(({ id }) => only.includes(id));
  const weighings = only.includes(MEMORY) ? Math.min(rounds, MOST_WEIGHINGS) : 0;
  const progress = new Progress(peers.length * (rounds * questions.length + weighings));
  for (const question of questions) {
    console.log(`\n${question.title}`);
    const run = ({ command }: Peer<IrcPeer>) => measure(program, command, question, seconds, counts);
    const { id, title, clients, senders } = question;
    publication.publish(
      { id, title, load: { clients, senders, bytes: TEXT_BYTES } },
      await takeTurns(peers, rounds, progress, run, describeRun),
      Object.fromEntries(peers.map(({ name, command: peer }) => [name, describeIrcServer(peer.command)])),
    );
  }
  if (weighings > 0) {
    console.log(`\nmemory of ${IDLE_MEMBERS} idle members`);
    const weighOne = ({ command }: Peer<IrcPeer>) => measureMemory(program, command);
    const turns = await takeTurns(
      peers,
      weighings,
      progress,
      weighOne,
      (bytes) => `${round(bytes).padStart(8)} B each`,
    );
    publication.publishMemory({ id: MEMORY, title: 'memory per idle member', load: { members: IDLE_MEMBERS } }, turns);
  }
  if (against !== null) {
    const costs = publication.answers.map((answer) => ({ title: answer.title, costs: costsOf(answer) }));
    console.log(`\nWhat a delivery costs:\n\n${comparison(costs, against).join('\n')}`);
  }
}

void runSuite({ script: 'bench:irc', questions: IDS, rounds: 5, seconds: 2 }, main);
