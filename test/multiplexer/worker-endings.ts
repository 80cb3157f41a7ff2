/** The ways in which a worker can end while every kind of wait is under way in it. */
import { expect, test } from 'vitest';
import { type Ended, runScript } from '../support/processes.js';
import { terminatesBusyWorkers } from '../support/runtime.js';

/** How many workers live at a time: one starts while others end. */
const AT_ONCE = 8;

export const clean: Partial<Ended> = { code: 0, signal: null, stderr: '' };

/** The first lines of a program and of its workers. */
export const preamble = `
  const { Epoll, Poll, Multiplexer, pipe, poll, select, wakeup } = require('fdmux');
  const { Worker, workerData, parentPort, receiveMessageOnPort } = require('node:worker_threads');
`;

/** The asynchronous waits: with both waiters, on every backend, of functions and of objects. */
const ASYNC_WAITS = `
  const waits = [
    ...(process.versions.bun || process.versions.deno ? [] : [new Epoll({ waiter: 'uv' }), new Multiplexer({ backend: 'epoll', waiter: 'uv' })]),
    new Epoll({ waiter: 'thread' }),
    new Poll(),
    new Multiplexer({ backend: 'epoll', waiter: 'thread' }),
    new Multiplexer({ backend: 'poll' }),
    new Multiplexer({ backend: 'select' }),
  ];
  for (const wait of waits) {
    if (wait instanceof Epoll) wait.add(reader, 1);
    else wait.register(reader, wait instanceof Multiplexer ? { interest: 'read' } : undefined);
    if (wait instanceof Multiplexer) wait.run(() => {});
    else wait.wait();
  }
`;

/** How a worker ends: its code before it says that it waits, and afterwards. */
interface Ending {
  readonly name: string;
  readonly before: string;
  readonly after?: string;
  readonly isTerminated: boolean;
  /** Whether it goes on without the runtime's knowledge until the process ends. */
  readonly goesOn?: boolean;
}

const FUNCTION_WAITS = 'select([reader], [], []); poll([{ fd: reader, events: 1 }]);';

const ENDINGS: readonly Ending[] = [
  { name: 'worker.terminate()', before: ASYNC_WAITS + FUNCTION_WAITS, isTerminated: true },
  {
    name: 'process.exit() in the worker',
    before: ASYNC_WAITS + FUNCTION_WAITS,
    after: 'setImmediate(() => process.exit(0));',
    isTerminated: false,
  },
  {
    name: 'the natural end of the worker',
    // The waits of functions keep it until their time is up; those of objects do not once they are unref'd.
    before: `${ASYNC_WAITS} select([reader], [], [], 5); poll([{ fd: reader, events: 1 }], 5);`,
    after: 'for (const wait of waits) wait.unref();',
    isTerminated: false,
  },
  {
    name: 'worker.terminate() while the thread is blocked',
    before: `
      const mux = new Multiplexer({ backend: ['epoll', 'poll', 'select'][workerData % 3] });
      mux.register(reader, { interest: 'read' });
      setImmediate(() => mux.waitSync());
    `,
    isTerminated: true,
    goesOn: !terminatesBusyWorkers,
  },
];

/** A program that starts workers, several at a time, and ends each. */
const endWorkers = ({ before, after = '', isTerminated, goesOn = false }: Ending, times: number) => `${preamble}
  const { once } = require('node:events');
  const { readdirSync, readlinkSync } = require('node:fs');
  const { setTimeout: delay } = require('node:timers/promises');
  const countFds = () => {
    const fds = readdirSync('/proc/self/fd');
    const targets = fds.map((fd) => { try { return readlinkSync('/proc/self/fd/' + fd); } catch { return ''; } });
    // A sanitizer opens its report when it has something to say, and keeps it open.
    const reports = process.env.FDMUX_REPORTS;
    const isReport = (target) => reports !== undefined && target.startsWith(reports);
    if (!process.versions.deno) return targets.filter((target) => !isReport(target)).length;
    // Deno opens its own files and sockets, and keeps an epoll fd and an eventfd of some workers that load an addon.
    const count = (kind) => targets.filter((target) => target.includes(kind)).length;
    return count('pipe') + count('eventfd') - count('eventpoll');
  };
  const source = ${JSON.stringify(`${preamble}
    const [reader] = pipe();
    ${before}
    parentPort.postMessage('waiting');
    ${after}
  `)};
  const endOne = async (nth) => {
    const worker = new Worker(source, { eval: true, workerData: nth });
    const exited = once(worker, 'exit');
    await once(worker, 'message');
    if (${isTerminated}) await worker.terminate();
    await exited;
  };
  (async () => {
    // The first one may open fds that the process keeps.
    await endOne(0);
    const before = countFds();
    let started = 1;
    const endMany = async () => {
      while (started < ${times}) await endOne(started++);
    };
    await Promise.all(Array.from({ length: ${AT_ONCE} }, endMany));
    if (${goesOn}) return console.log('done');
    // Deno reports the end of a worker before it is complete.
    for (let ms = 0; countFds() > before && ms < 5000; ms += 5) await delay(5);
    if (countFds() > before) throw new Error('fds left: ' + (countFds() - before));
    console.log('done');
  })();
`;

/** Defines the tests that end `times` workers in each of the ways. */
export function testWorkerEndings(times: number): void {
  // A worker costs less than a tenth of a second of CPU time; a busy machine may give a twentieth of that.
  const deadlineMs = 20_000 + times * 2_000;
  test.each(ENDINGS.map((ending) => [ending.name, ending] as const))(
    `promise 18, lifetime: waits under way survive %s, ${times} times, and leave no fd behind`,
    { timeout: deadlineMs + 5_000 },
    async (_, ending) => {
      expect(await runScript(endWorkers(ending, times), { deadlineMs })).toMatchObject({ ...clean, stdout: 'done\n' });
    },
  );
}
