/** Multiplexers in worker threads: each has its own, waits end cleanly with the worker, and one can wake another's. */
import { expect, test } from 'vitest';
import { type Ended, runScript } from '../support/processes.js';
import { terminatesBusyWorkers } from '../support/runtime.js';

/** FDMUX_STRESS=200 is the figure to trust; the default keeps the suite quick. Each worker has every kind of wait under way. */
const TIMES = Number(process.env['FDMUX_STRESS'] ?? '40');

/** Several workers live at a time: one starts while others end. */
const AT_ONCE = 8;

/** A worker costs less than a tenth of a second of CPU time; a busy machine may give a twentieth of that. */
const DEADLINE_MS = 20_000 + TIMES * 2_000;

const clean: Partial<Ended> = { code: 0, signal: null, stderr: '' };

const preamble = `
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

/** How a worker ends: what it does before it says that it waits, and afterwards. */
interface Ending {
  readonly name: string;
  readonly before: string;
  readonly after?: string;
  readonly isTerminated: boolean;
  /** Whether it goes on behind the back of the runtime, until the process ends. */
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
    // The waits of functions keep it until their time is up; those of objects do not, once they are told so.
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

/** Starts workers, several at a time, and ends each. */
const endWorkers = ({ before, after = '', isTerminated, goesOn = false }: Ending) => `${preamble}
  const { once } = require('node:events');
  const { readdirSync, readlinkSync } = require('node:fs');
  const { setTimeout: delay } = require('node:timers/promises');
  const countFds = () => {
    const fds = readdirSync('/proc/self/fd');
    if (!process.versions.deno) return fds.length;
    // Deno opens files and sockets of its own, and keeps an epoll with an eventfd of some workers that load an addon.
    const targets = fds.map((fd) => { try { return readlinkSync('/proc/self/fd/' + fd); } catch { return ''; } });
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
    // The first one may open what the process keeps.
    await endOne(0);
    const before = countFds();
    let started = 1;
    const endMany = async () => {
      while (started < ${TIMES}) await endOne(started++);
    };
    await Promise.all(Array.from({ length: ${AT_ONCE} }, endMany));
    if (${goesOn}) return console.log('done');
    // Deno tells of an end before it is over.
    for (let ms = 0; countFds() > before && ms < 5000; ms += 5) await delay(5);
    if (countFds() > before) throw new Error('fds left: ' + (countFds() - before));
    console.log('done');
  })();
`;

test.each(ENDINGS.map((ending) => [ending.name, ending] as const))(
  `promise 18, lifetime: waits under way survive %s, ${TIMES} times, and leave no fd behind`,
  { timeout: DEADLINE_MS + 5_000 },
  async (_, ending) => {
    expect(await runScript(endWorkers(ending), { deadlineMs: DEADLINE_MS })).toMatchObject({
      ...clean,
      stdout: 'done\n',
    });
  },
);

test('an fd number can be watched in another worker', async () => {
  const script = `${preamble}
    const [reader, writer] = pipe();
    const worker = new Worker(${JSON.stringify(`${preamble}
      const mux = new Multiplexer();
      mux.register(workerData, { interest: 'read', data: 'from afar' });
      mux.wait().then((batch) => { console.log(batch[0].data); mux.close(); });
      parentPort.postMessage('waiting');
    `)}, { eval: true, workerData: reader.fd });
    worker.once('message', () => writer.write('x'));
    worker.once('exit', () => { reader.close(); writer.close(); });
  `;
  expect(await runScript(script)).toMatchObject({ ...clean, stdout: 'from afar\n' });
});

test.each(['epoll', 'poll', 'select'])(
  'a token wakes runSync on %s in another thread, and says when it is closed',
  async (backend) => {
    const script = `${preamble}
    const worker = new Worker(${JSON.stringify(`${preamble}
      const mux = new Multiplexer({ backend: workerData });
      parentPort.postMessage(mux.wakeupToken());
      let wakeups = 0;
      const end = mux.runSync((batch) => {
        if (batch.length !== 0) throw new Error('a wake-up is no event');
        wakeups += 1;
        parentPort.postMessage(wakeups);
        if (wakeups === 3) mux.close();
      });
      parentPort.postMessage(end);
    `)}, { eval: true, workerData: ${JSON.stringify(backend)} });
    let token;
    worker.on('message', (message) => {
      if (typeof message === 'object') token = message;
      if (message === 'closed') console.log('closed, and a wake-up gives', wakeup(token));
      else if (message !== 3) for (let time = 0; time < 100; time += 1) if (time === 0 || message > 0) wakeup(token) || console.log('too early');
    });
  `;
    const { stdout, ...ended } = await runScript(script);
    expect(ended).toMatchObject(clean);
    expect(stdout).toContain('closed, and a wake-up gives false\n');
  },
);

test.each([
  ['was terminated', 'worker.terminate()'],
  ['has ended by itself', "worker.postMessage('end')"],
])('a token of a worker that %s wakes nobody, and writes to no file that has the number now', async (_, end) => {
  const script = `${preamble}
    const { once } = require('node:events');
    const { fstatSync, mkdtempSync, openSync, rmSync } = require('node:fs');
    const { join } = require('node:path');
    const folder = mkdtempSync(join(require('node:os').tmpdir(), 'fdmux-'));
    const worker = new Worker(${JSON.stringify(`${preamble}
      const mux = new Multiplexer();
      mux.run(() => {});
      mux.register(pipe()[0], { interest: 'read' });
      parentPort.postMessage(mux.wakeupToken());
      parentPort.once('message', () => mux.unref());
    `)}, { eval: true });
    worker.once('message', async (token) => {
      if (!wakeup(token)) console.log('a living one is not woken');
      const exited = once(worker, 'exit');
      ${end};
      await exited;
      // As many files as it takes to have every number that the worker had.
      const files = Array.from({ length: 64 }, (_, nth) => openSync(join(folder, String(nth)), 'w'));
      console.log('a wake-up gives', wakeup(token));
      console.log('bytes written:', files.reduce((bytes, fd) => bytes + fstatSync(fd).size, 0));
      rmSync(folder, { recursive: true });
    });
  `;
  expect(await runScript(script)).toMatchObject({
    ...clean,
    stdout: 'a wake-up gives false\nbytes written: 0\n',
  });
});

test('what is no token is refused', async () => {
  const { wakeup } = await import('../../src/multiplexer/wakeup.js');
  const { callUntyped } = await import('../support/untyped.js');
  for (const bad of [
    undefined,
    null,
    1,
    {},
    { fdmuxWakeup: new ArrayBuffer(12) },
    { fdmuxWakeup: new SharedArrayBuffer(12) },
    { fdmuxWakeup: new SharedArrayBuffer(8) },
  ]) {
    expect(() => callUntyped({ wakeup }, 'wakeup', bad)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
  }
});
