import { expect, test } from 'vitest';
import { clean, ended, testProcessLife } from './process-life.js';

testProcessLife('');

test("a wait of an Epoll or a Poll keeps the process unless it is unref'd", async () => {
  expect(await ended(`new Epoll().unref().wait(); new Epoll({ waiter: 'thread' }).unref().wait();`)).toEqual(clean);
  expect(await ended(`const poller = new Poll(); poller.register(reader); poller.unref().wait();`)).toEqual(clean);
  const body = `
    const ep = new Epoll();
    ep.add(reader, 1);
    const poller = new Poll();
    poller.register(reader, 1);
    Promise.all([ep.wait(), poller.wait(), select([reader], [], []), poll([{ fd: reader, events: 1 }])]).then(() => console.log('all'));
    setTimeout(() => writer.write('x'), 20).unref();
  `;
  expect(await ended(body)).toEqual({ ...clean, stdout: 'all\n' });
});

test('a handler that throws ends the process like any uncaught exception, with its own stack', async () => {
  const { code, stderr } = await ended(`
    const mux = new Multiplexer();
    mux.register(writer, { interest: 'write' });
    mux.run(() => { throw new Error('from the handler'); });
  `);
  expect(code).toBe(1);
  expect(stderr).toMatch(/error: from the handler/i); // Bun begins it with a small letter.
});
