/**
 * The cost of a thread: memory and time of a worker that loads fdmux and waits in `recv`, as in a server that has a
 * thread for each connection. Each round is a process of its own, since memory that one round has freed would make the
 * next one look cheap. The answers go to threads.json and threads.md.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Socket } from 'fdmux';
import { measuredNow } from './support/measured.js';
import { runSuite } from './support/suite.js';
import { publishThreads, type ThreadCost, threadsPage } from './support/threads-report.js';

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
async function measure(): Promise<ThreadCost> {
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

const SUITE = { script: 'bench:threads', questions: ['threads'], rounds: 7, seconds: 0.1 };

function measureRounds(): Promise<void> {
  return runSuite(SUITE, ({ rounds, out }) => {
    const measured = measuredNow({ rounds, seconds: undefined });
    const answers = Array.from({ length: rounds }, (): ThreadCost => {
      const answer = execFileSync(process.execPath, [__filename], { env: { ...process.env, [CHILD]: '1' } });
      const cost: ThreadCost = JSON.parse(answer.toString());
      return cost;
    });
    const threads = { measured, workers: WORKERS, answers };
    console.log(threadsPage(threads));
    if (out !== null) publishThreads(out, { threads });
  });
}

if (!isMainThread) wait(Number(workerData));
else if (process.env[CHILD] === undefined) void measureRounds();
else void measure().then((cost) => console.log(JSON.stringify(cost)));
