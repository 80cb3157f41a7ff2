/**
 * What a thread costs: memory and time of a worker that loads fdmux and waits in `recv`, as in a server that has a
 * thread for each connection. Each round is a process of its own, since memory that one round has freed would make the
 * next one look cheap. The answers go to threads.md and threads.json.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Socket } from 'fdmux';
import { machineInWords } from './support/machine.js';
import { runSuite } from './support/suite.js';

const WORKERS = 8;
const CHILD = 'FDMUX_BENCH_THREADS_CHILD';

/** What one worker of a process costs, on average. */
interface Cost {
  /** Resident memory. */
  readonly kilobytes: number;
  /** User and kernel, of all threads. */
  readonly cpuMs: number;
  /** From `new Worker` to the moment at which it is about to wait. */
  readonly elapsedMs: number;
}

/** Resident memory of this process, in bytes. */
function residentBytes(): number {
  const [, pages] = readFileSync('/proc/self/statm', 'utf8').split(' ');
  return Number(pages) * 4096;
}

function wait(fd: number): void {
  const socket = Socket.fromFd(fd);
  socket.setBlocking(true);
  parentPort?.postMessage('waiting');
  socket.recv(1);
  socket.close();
}

/** Starts workers one after the other, so that none slows down another. */
async function measure(): Promise<Cost> {
  const pairs = Array.from({ length: WORKERS }, () => Socket.pair());
  const before = residentBytes();
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  for (const [, end] of pairs) {
    const worker = new Worker(__filename, { workerData: end.detach() });
    await once(worker, 'message');
  }
  const elapsedMs = (performance.now() - start) / WORKERS;
  const { user, system } = process.cpuUsage(cpuBefore);
  const cost = {
    kilobytes: Math.round((residentBytes() - before) / WORKERS / 1000),
    cpuMs: (user + system) / 1000 / WORKERS,
    elapsedMs,
  };
  for (const [end] of pairs) end.close();
  return cost;
}

/** A row of the table: the least, the median and the most of a figure. */
function row(name: string, values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const spread = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  return `| ${[name, ...spread.map((value) => value?.toFixed(1))].join(' | ')} |`;
}

function table(costs: readonly Cost[]): readonly string[] {
  const megabytes = costs.map(({ kilobytes }) => kilobytes / 1000);
  const cpuMs = costs.map((cost) => cost.cpuMs);
  const elapsedMs = costs.map((cost) => cost.elapsedMs);
  return [
    '| a worker costs | least | median | most |',
    '|---|---:|---:|---:|',
    row('resident memory, MB', megabytes),
    row('CPU time to start, ms', cpuMs),
    row('elapsed time to start, ms', elapsedMs),
  ];
}

const SUITE = { script: 'bench:threads', questions: ['threads'], rounds: 7, seconds: 0.1 };

function measureRounds(): Promise<void> {
  return runSuite(SUITE, ({ rounds, out }) => {
    const costs = Array.from({ length: rounds }, (): Cost => {
      const answer = execFileSync(process.execPath, [__filename], { env: { ...process.env, [CHILD]: '1' } });
      const cost: Cost = JSON.parse(answer.toString());
      return cost;
    });
    const lines = table(costs);
    for (const line of lines) console.log(line);
    if (out === null) return;
    mkdirSync(out, { recursive: true });
    const facts = { machine: machineInWords, command: 'npm run bench:threads', workers: WORKERS, rounds: costs };
    writeFileSync(join(out, 'threads.json'), `${JSON.stringify(facts, null, 2)}\n`);
    const page = [
      '# What a thread costs',
      '',
      `Written by \`npm run bench:threads\`: one of ${WORKERS} workers, each of which loads fdmux and waits in \`recv\`, in ${rounds} rounds`,
      'of a process each. The rounds are in [threads.json](threads.json).',
      '',
      `Machine: ${machineInWords}.`,
      '',
      ...lines,
      '',
    ];
    writeFileSync(join(out, 'threads.md'), page.join('\n'));
  });
}

if (!isMainThread) wait(Number(workerData));
else if (process.env[CHILD] === undefined) void measureRounds();
else void measure().then((cost) => console.log(JSON.stringify(cost)));
