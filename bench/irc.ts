/**
 * fdmux beside other IRC servers: fan-out, a storm of joins, memory; in turns, several rounds, into docs/benchmarks/.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findIrcPeers, type IrcPeer, startIrcServer } from './irc/servers.js';
import { PATIENCE_MS, putUnderLoad } from './support/generator.js';
import { circumstances, machineInWords, WITHOUT_COUNTERS } from './support/machine.js';
import { readOptions } from './support/options.js';
import { weighed } from './support/server.js';
import { compile, countsInstructions, LOAD_CORE } from './support/tools.js';

const TEXT_BYTES = 80;
const IDLE_MEMBERS = 2000;
/** The question that is not one of rates. */
const MEMORY = 'memory';

interface Question {
  readonly id: string;
  readonly title: string;
  readonly clients: number;
  readonly senders: number;
}

const QUESTIONS: readonly Question[] = [
  { id: 'irc-50-10', title: '50 clients, 10 senders, 80 B', clients: 50, senders: 10 },
  { id: 'irc-500-20', title: '500 clients, 20 senders, 80 B', clients: 500, senders: 20 },
  { id: 'irc-500-500', title: '500 clients, 500 senders, 80 B', clients: 500, senders: 500 },
  { id: 'irc-join', title: '2,000 clients connect and join one channel', clients: 2000, senders: 2 },
];

/** What one run gave. */
interface Run {
  readonly joinSeconds: number;
  readonly deliveriesPerSecond: number;
  readonly cpuNsPerDelivery: number;
  /** Null where the machine does not count. */
  readonly instructionsPerDelivery: number | null;
}

async function measure(
  program: string,
  peer: IrcPeer,
  question: Question,
  seconds: number,
  counts: boolean,
): Promise<Run> {
  const server = await startIrcServer(peer);
  try {
    const numbers = [server.port, question.clients, question.senders, TEXT_BYTES, seconds].map(String);
    const outcome = await putUnderLoad(server, [program, ...numbers], seconds, counts);
    if (outcome === null) throw new Error(`${peer.name} did not survive ${question.title}`);
    const { preface, number, cpuNs, instructions } = outcome;
    const deliveries = Math.max(1, number('deliveries'));
    return {
      joinSeconds: Number(/^joined (.*)$/.exec(preface[0] ?? '')?.[1]),
      deliveriesPerSecond: deliveries / number('seconds'),
      cpuNsPerDelivery: cpuNs / deliveries,
      instructionsPerDelivery: instructions === null ? null : instructions / deliveries,
    };
  } finally {
    await server.stop();
  }
}

/**
 * Server memory for each idle registered member. A first wave is there before, so that what is made once does not
 * count.
 */
async function measureMemory(program: string, peer: IrcPeer): Promise<number> {
  const server = await startIrcServer({ ...peer, command: (port, folder) => weighed(peer.command(port, folder)) });
  const waves: ReturnType<typeof openIdle>[] = [];
  try {
    waves.push(openIdle(program, server.port, IDLE_MEMBERS, 0));
    await waves[0]?.ready;
    const before = await server.residentBytes();
    waves.push(openIdle(program, server.port, IDLE_MEMBERS, IDLE_MEMBERS));
    await waves[1]?.ready;
    return ((await server.residentBytes()) - before) / IDLE_MEMBERS;
  } finally {
    for (const wave of waves) wave.end();
    await server.stop();
  }
}

function openIdle(
  program: string,
  port: number,
  count: number,
  first: number,
): { ready: Promise<void>; end: () => void } {
  const numbers = [port, count, 0, TEXT_BYTES, 0, first].map(String);
  const load = spawn('taskset', ['-c', LOAD_CORE, program, ...numbers], { stdio: ['pipe', 'pipe', 'inherit'] });
  const line = once(createInterface({ input: load.stdout }), 'line', { signal: AbortSignal.timeout(PATIENCE_MS) });
  const end = once(load, 'exit').then(() => {
    throw new Error('the server closed its clients');
  });
  // Whichever comes second is nobody's business any more.
  line.catch(() => undefined);
  end.catch(() => undefined);
  return { ready: Promise.race([line.then(() => undefined), end]), end: () => load.kill('SIGKILL') };
}

const best = (values: readonly number[], pick: (...numbers: number[]) => number): number => pick(...values);

function table(runs: ReadonlyMap<string, readonly Run[]>, counts: boolean): string[] {
  const unit = counts ? 'instructions per delivery' : 'ns of CPU per delivery';
  const lines = [`| server | ${unit} (least) | deliveries/s (best) | all joined after (best) |`, '|---|---|---|---|'];
  for (const [name, all] of runs) {
    if (all.length === 0) {
      lines.push(`| ${name} | did not survive | | |`);
      continue;
    }
    const costs = all.map((run) => run.instructionsPerDelivery ?? run.cpuNsPerDelivery);
    const rate = best(
      all.map((run) => run.deliveriesPerSecond),
      Math.max,
    );
    const join = best(
      all.map((run) => run.joinSeconds),
      Math.min,
    );
    lines.push(
      `| ${name} | ${Math.round(best(costs, Math.min))} | ${Math.round(rate).toLocaleString('en')} | ${join.toFixed(2)} s |`,
    );
  }
  return lines;
}

/** What goes wrong with one server is told, and the others are measured all the same. */
function toldOf(error: unknown): null {
  console.log(error instanceof Error ? error.message : String(error));
  return null;
}

function describe(run: Run | null): string {
  if (run === null) return 'did not survive';
  const { deliveriesPerSecond, cpuNsPerDelivery, joinSeconds } = run;
  const rate = Math.round(deliveriesPerSecond).toLocaleString('en');
  return `${rate} deliveries/s, ${Math.round(cpuNsPerDelivery)} ns each, all joined after ${joinSeconds.toFixed(2)} s`;
}

async function main(): Promise<void> {
  const { rounds, seconds, only, out } = readOptions({
    script: 'bench:irc',
    questions: [...QUESTIONS.map(({ id }) => id), MEMORY],
    rounds: 2,
    seconds: 2,
  });
  const program = compile('irc/irc_load.c');
  const counts = countsInstructions();
  const { peers, missing } = findIrcPeers();
  const questions = QUESTIONS.filter(({ id }) => only.includes(id));
  const names = peers.map(({ name }) => name);
  const answers = questions.map((question) => ({
    question,
    runs: new Map(names.map((name): [string, Run[]] => [name, []])),
  }));
  for (let round = 1; round <= rounds; round += 1) {
    for (const { question, runs } of answers) {
      for (const peer of peers) {
        const earlier = runs.get(peer.name) ?? [];
        // A server that did not survive a question is not asked again.
        if (earlier.length < round - 1) continue;
        const run = await measure(program, peer, question, seconds, counts).catch(toldOf);
        console.log(`round ${round} of ${rounds}, ${question.title}, ${peer.name}: ${describe(run)}`);
        if (run !== null) runs.set(peer.name, [...earlier, run]);
      }
    }
  }
  const memory: [string, number | null][] = [];
  if (only.includes(MEMORY)) {
    for (const peer of peers) {
      const bytes = await measureMemory(program, peer).catch(toldOf);
      console.log(`memory, ${peer.name}: ${bytes === null ? 'did not survive' : `${Math.round(bytes)} bytes`}`);
      memory.push([peer.name, bytes]);
    }
  }
  write(out, answers, memory, missing, { rounds, seconds, counts });
}

function write(
  folder: string,
  answers: readonly { readonly question: Question; readonly runs: ReadonlyMap<string, readonly Run[]> }[],
  memory: readonly (readonly [string, number | null])[],
  missing: readonly string[],
  { rounds, seconds, counts }: { readonly rounds: number; readonly seconds: number; readonly counts: boolean },
): void {
  mkdirSync(folder, { recursive: true });
  const lines = [
    '# IRC servers beside one another',
    '',
    'Written by `npm run bench:irc`. Every server is unthrottled, on loopback, on a core of its own, and started anew for every run;',
    'the servers take turns. Each sender says its next line when it has heard those of all other senders.',
    '[bench/README.md](../../bench/README.md#irc-servers) says how they are set up, and what to beware of.',
    '',
    ...circumstances(`${rounds} rounds of ${seconds} s`, missing),
  ];
  if (!counts) lines.push('', WITHOUT_COUNTERS);
  for (const { question, runs } of answers) lines.push('', `## ${question.title}`, '', ...table(runs, counts));
  if (memory.length > 0) {
    lines.push('', '## Memory for each idle registered member', '', '| server | bytes |', '|---|---|');
    for (const [name, bytes] of memory) {
      lines.push(`| ${name} | ${bytes === null ? 'did not survive' : Math.round(bytes)} |`);
    }
  }
  writeFileSync(join(folder, 'irc.md'), `${lines.join('\n')}\n`);
  const results = answers.map(({ question, runs }) => ({ ...question, runs: Object.fromEntries(runs) }));
  writeFileSync(
    join(folder, 'irc.json'),
    `${JSON.stringify({ machine: machineInWords, rounds, seconds, counts, results, memory }, null, 1)}\n`,
  );
}

void main();
