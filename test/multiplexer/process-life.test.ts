/** What keeps a process alive, seen from outside. */
import { describe, expect, test } from 'vitest';
import { runScript } from '../support/processes.js';

const WAITERS = [
  `{ backend: 'epoll', waiter: 'uv' }`,
  `{ backend: 'epoll', waiter: 'thread' }`,
  `{ backend: 'poll' }`,
  `{ backend: 'select' }`,
];

const preamble = `
  const { Multiplexer, Epoll, Poll, pipe, select, poll } = require('fdmux');
  const [reader, writer] = pipe();
`;

const ended = async (body: string) => {
  const { code, stdout, stderr } = await runScript(preamble + body);
  return { code, stdout, stderr };
};

const clean = { code: 0, stdout: '', stderr: '' };

describe.each(WAITERS)('promise 18, lifetime: Multiplexer(%s)', (options) => {
  const open = `const mux = new Multiplexer(${options});`;

  test('with nothing registered a wait keeps nobody', async () => {
    expect(await ended(`${open} mux.run(() => {}); `)).toEqual(clean);
    expect(await ended(`${open} mux.wait(); `)).toEqual(clean);
  });

  test('a registration without a wait keeps nobody', async () => {
    expect(await ended(`${open} mux.register(reader, { interest: 'read' });`)).toEqual(clean);
  });

  test('a wait with a registration keeps the process until it is served', async () => {
    const body = `${open}
      mux.register(reader, { interest: 'read' });
      mux.wait().then((batch) => console.log(batch.length));
      setTimeout(() => writer.write('x'), 20).unref();
      setTimeout(() => {}, 0);
    `;
    expect(await ended(body)).toEqual({ ...clean, stdout: '1\n' });
  });

  test("an unref'd registration, and an unref'd multiplexer, keep nobody; unregistering the last one ends it", async () => {
    expect(await ended(`${open} mux.register(reader, { interest: 'read' }).unref(); mux.run(() => {});`)).toEqual(
      clean,
    );
    expect(await ended(`${open} mux.register(reader, { interest: 'read' }); mux.run(() => {}); mux.unref();`)).toEqual(
      clean,
    );
    expect(
      await ended(`${open}
        const registration = mux.register(reader, { interest: 'read' });
        mux.run(() => {});
        setTimeout(() => registration.unregister(), 5);
      `),
    ).toEqual(clean);
  });

  test('a timeout is waited for, with nothing registered, too', async () => {
    expect(await ended(`${open} mux.wait(20).then((batch) => console.log(batch.length));`)).toEqual({
      ...clean,
      stdout: '0\n',
    });
  });
});

test("Epoll, Poll: a wait keeps the process, unref'd it does not", async () => {
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

test('a handler that throws ends the process as any uncaught exception does, with its own stack', async () => {
  const { code, stderr } = await ended(`
    const mux = new Multiplexer();
    mux.register(writer, { interest: 'write' });
    mux.run(() => { throw new Error('from the handler'); });
  `);
  expect(code).toBe(1);
  expect(stderr).toMatch(/error: from the handler/i); // Bun begins it with a small letter.
});
