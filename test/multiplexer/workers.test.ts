/** Multiplexers in worker threads: each has its own, waits end cleanly with the worker, and one can wake another's. */
import { expect, test } from 'vitest';
import { runScript } from '../support/processes.js';
import { clean, preamble, testWorkerEndings } from './worker-endings.js';

/** One more than the program keeps alive at once, so that a worker starts after another has ended. */
testWorkerEndings(4);

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
  'a token wakes runSync on %s in another thread, and shows when that is closed',
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
])(
  'a token of a worker that %s wakes nothing, and does not write to a file that has the number now',
  async (_, end) => {
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
      // Deno reports the end of a worker that is terminated somewhat earlier than it ends.
      while (wakeup(token)) await new Promise(setImmediate);
      // Enough files to take every number that the worker had.
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
  },
);

test('anything but a token is refused', async () => {
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
