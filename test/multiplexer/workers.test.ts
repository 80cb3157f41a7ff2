/** Multiplexers in worker threads: each has its own, waits end cleanly with the worker, and one can wake another's. */
import { describe, expect, test } from 'vitest';
import { type Ended, runScript } from '../support/processes.js';

/** FDMUX_STRESS=200 is the figure to trust; the default keeps the suite quick. */
const TIMES = Number(process.env['FDMUX_STRESS'] ?? '4');

/** A worker takes some 50 ms, and one that blocks up to 200 ms more. */
const DEADLINE_MS = 10_000 + TIMES * 1_000;

const clean: Partial<Ended> = { code: 0, signal: null, stderr: '' };

/** What a worker does in which a wait is under way. */
const WAITS = {
  'Epoll.wait with the uv waiter': `new Epoll({ waiter: 'uv' }).wait();`,
  'Epoll.wait with the thread waiter': `new Epoll({ waiter: 'thread' }).wait();`,
  'select()': `select([reader.fd], [], []);`,
  'Poll.wait': `const poller = new Poll(); poller.register(reader); poller.wait();`,
  'Multiplexer.run on epoll': `const mux = new Multiplexer(); mux.register(reader, { interest: 'read' }); mux.run(() => {});`,
  'Multiplexer.run on poll': `const mux = new Multiplexer({ backend: 'poll' }); mux.register(reader, { interest: 'read' }); mux.run(() => {});`,
  'Multiplexer.waitSync': `const mux = new Multiplexer(); mux.register(reader, { interest: 'read' }); setImmediate(() => mux.waitSync());`,
};

const preamble = `
  const { Epoll, Poll, Multiplexer, pipe, poll, select, wakeup } = require('fdmux');
  const { Worker, workerData, parentPort, receiveMessageOnPort } = require('node:worker_threads');
  const { once } = require('node:events');
  const { readdirSync, readlinkSync } = require('node:fs');
  const countEpollFds = () => readdirSync('/proc/self/fd').filter((fd) => {
    try { return readlinkSync('/proc/self/fd/' + fd) === 'anon_inode:[eventpoll]'; } catch { return false; }
  }).length;
`;

/** Starts workers one after another and ends each in its own way. */
const endWorkers = (wait: string, ending: string) => `${preamble}
  const source = ${JSON.stringify(`${preamble}
    const [reader] = pipe();
    ${wait}
    parentPort.postMessage('waiting');
  `)} + ${JSON.stringify(ending === 'process.exit()' ? 'setImmediate(() => process.exit(0));' : '')};
  (async () => {
    const before = countEpollFds();
    for (let time = 0; time < ${TIMES}; time += 1) {
      const worker = new Worker(source, { eval: true });
      const exited = once(worker, 'exit');
      await once(worker, 'message');
      if (${JSON.stringify(ending)} === 'terminate()') await worker.terminate();
      await exited;
    }
    // The loop of an ended worker has its own epoll fd, closed with it; ours must be gone as well.
    if (countEpollFds() > before) throw new Error('epoll fds left: ' + (countEpollFds() - before));
    console.log('done');
  })();
`;

describe.each(Object.entries(WAITS))('%s', (name, wait) => {
  const endings = name === 'Multiplexer.waitSync' ? ['terminate()'] : ['terminate()', 'process.exit()'];
  test.each(endings)(
    `under way in a worker that ends by %s, ${TIMES} times`,
    { timeout: DEADLINE_MS + 5_000 },
    async (ending) => {
      expect(await runScript(endWorkers(wait, ending), { deadlineMs: DEADLINE_MS })).toMatchObject({
        ...clean,
        stdout: 'done\n',
      });
    },
  );

  test.skipIf(name === 'Multiplexer.waitSync')(
    `unref'd in a worker that ends by itself, ${TIMES} times`,
    { timeout: DEADLINE_MS + 5_000 },
    async () => {
      const unrefd = wait
        .replace(/new Epoll\(([^)]*)\)/, 'new Epoll($1).unref()')
        .replace(/new (Poll|Multiplexer)\(([^)]*)\)/, 'new $1($2).unref()')
        .replace('select(', 'setImmediate(() => process.exit(0)); select(');
      expect(await runScript(endWorkers(unrefd, 'by itself'), { deadlineMs: DEADLINE_MS })).toMatchObject({
        ...clean,
        stdout: 'done\n',
      });
    },
  );
});

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
