/**
 * Threads: the memory and time of a worker that loads fdmux and waits in `recv`, as in a server that has a thread for
 * each connection; then how much more two workers serve than one. Each round is a process of its own, since memory that
 * one round has freed would make the next one look cheap. The answers go to threads.json and threads.md.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Socket } from 'fdmux';
import { here } from './support/checkout.js';
import { measure, type Run } from './support/load.js';
import { measuredNow } from './support/measured.js';
import type { Options } from './support/options.js';
import { startServer } from './support/server.js';
import { runSuite } from './support/suite.js';
import { publishThreads, type ThreadCost, threadsPage, type ThreadsResults } from './support/threads-report.js';
import { ALL_CORES, compileLoad } from './support/tools.js';

const WORKERS = 8;
const CHILD = 'FDMUX_BENCH_THREADS_CHILD';

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
async function measureStart(): Promise<ThreadCost> {
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

/** The most rounds of servers, whose warm-up takes long. */
const MAX_GROWTH_ROUNDS = 3;
const SUITE = { script: 'bench:threads', questions: ['threads', 'growth'], rounds: 7, seconds: 1 };

async function main({ rounds, seconds, only, out }: Options): Promise<void> {
  const results: ThreadsResults = {
    ...(only.includes('threads') ? { threads: askStart(rounds) } : {}),
    ...(only.includes('growth') ? { growth: await askGrowth(Math.min(rounds, MAX_GROWTH_ROUNDS), seconds) } : {}),
  };
  console.log(threadsPage(results));
  if (out !== null) publishThreads(out, results);
}

function askStart(rounds: number): ThreadsResults['threads'] {
  const measured = measuredNow({ rounds, seconds: undefined });
  const answers = Array.from({ length: rounds }, (): ThreadCost => {
    const answer = execFileSync(process.execPath, [__filename], { env: { ...process.env, [CHILD]: '1' } });
    const cost: ThreadCost = JSON.parse(answer.toString());
    return cost;
  });
  return { measured, workers: WORKERS, answers };
}

/** One worker and two on all cores, in turns. The load takes little beside them. */
async function askGrowth(rounds: number, seconds: number): Promise<ThreadsResults['growth']> {
  const measured = measuredNow({ rounds, seconds });
  const program = compileLoad('support/load.c');
  const answers: Record<string, Run[]> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const workers of round % 2 === 0 ? ['1', '2'] : ['2', '1']) {
      const server = await startServer([process.execPath, here.program('servers/workers.js'), workers], ALL_CORES);
      try {
        const load = { mode: 'echo', connections: 64, bytes: 64, depth: 1 } as const;
        (answers[workers] ??= []).push(await measure(program, server, load, seconds, false, { core: ALL_CORES }));
      } finally {
        await server.stop();
      }
    }
  }
  return { measured, answers };
}

if (!isMainThread) wait(Number(workerData));
else if (process.env[CHILD] === undefined) void runSuite(SUITE, main);
else void measureStart().then((cost) => console.log(JSON.stringify(cost)));
