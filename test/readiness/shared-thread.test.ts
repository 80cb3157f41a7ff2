import { expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { POLLIN, POLLOUT } from '../../src/readiness/constants.js';
import { poll } from '../../src/readiness/poll.js';
import { select } from '../../src/readiness/select.js';
import { fill, useFds } from '../native/fds.js';
import { start } from '../support/processes.js';
import { runtime } from '../support/runtime.js';

const fds = useFds();

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
};

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test('a thousand waits take two threads, and each ends with its own events', async () => {
  const script = `
    const { readdirSync } = require('node:fs');
    const { pipe, poll, POLLIN, select } = require('./dist/index.js');
    const threads = () => readdirSync('/proc/self/task').length;
    (async () => {
      const before = threads();
      const pipes = Array.from({ length: 200 }, () => pipe());
      const waits = [];
      for (let nth = 0; nth < 1000; nth += 1) {
        const [{ fd }] = pipes[nth % pipes.length];
        waits.push(nth % 2 === 0
          ? poll([{ fd, events: POLLIN }]).then(([event]) => event.fd === fd)
          : select([fd], [], []).then(({ readable }) => readable[0] === fd));
      }
      for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
      const added = threads() - before;
      for (const [, writer] of pipes) writer.write('x');
      const right = (await Promise.all(waits)).filter((isRight) => isRight).length;
      console.log(JSON.stringify({ added, right }));
    })();`;
  const { stdout, stderr } = await start(process.execPath, ['-e', script]).ended();
  expect(stderr).toBe('');
  // Other runtimes start their own threads meanwhile.
  const added: unknown = runtime === 'node' ? 2 : expect.any(Number);
  expect(JSON.parse(stdout)).toEqual({ added, right: 1000 });
});

test('waits on one fd for different events each end with their own', async () => {
  const [a, b] = fds.socketPair();
  const reading = poll([{ fd: a, events: POLLIN }]);
  expect(await poll([{ fd: a, events: POLLOUT }])).toEqual([{ fd: a, revents: POLLOUT }]);
  const both = poll([
    { fd: a, events: POLLIN },
    { fd: a, events: POLLIN | POLLOUT },
  ]);
  expect(await both).toEqual([{ fd: a, revents: POLLOUT }]);
  fill(b, 'x');
  expect(await reading).toEqual([{ fd: a, revents: POLLIN }]);
});

test('a wait that is aborted, times out or is refused leaves the others waiting', async () => {
  const [reader, writer] = fds.pipe();
  const [idle] = fds.pipe();
  const stop = new AbortController();
  const waiting = [poll([{ fd: reader, events: POLLIN }]), select([reader], [], [])] as const;
  const aborted = [
    poll([{ fd: idle, events: POLLIN }], null, { signal: stop.signal }),
    select([idle], [], [], null, { signal: stop.signal }),
  ];
  await turns(3);
  stop.abort();
  for (const wait of aborted) await expect(wait).rejects.toMatchObject({ name: 'AbortError' });
  expect(await poll([{ fd: idle, events: POLLIN }], 2)).toEqual([]);
  expect(await select([idle], [], [], 2)).toEqual({ readable: [], writable: [], exceptional: [] });
  const closed = fds.closedFd();
  await expect(select([closed], [], [])).rejects.toMatchObject({ code: 'EBADF', fd: closed });
  fill(writer, 'x');
  expect(await waiting[0]).toEqual([{ fd: reader, revents: POLLIN }]);
  expect(await waiting[1]).toEqual({ readable: [reader], writable: [], exceptional: [] });
});

test('closing an fd during waits ends its own wait on select, and no other', async () => {
  const [reader, writer] = fds.pipe();
  const [foreign, foreignWriter] = native.pipe(true);
  fds.track(foreignWriter);
  const waiting = select([reader], [], []);
  const broken = rejection(select([foreign], [], []));
  await turns(3);
  native.close(foreign);
  // Beginning a wait makes the thread ask again.
  await select([reader], [], [], 1);
  expect(await broken).toMatchObject({ code: 'EBADF', fd: foreign });
  fill(writer, 'x');
  expect((await waiting).readable).toEqual([reader]);
});

test('a wait on a list as long as the limit of open fds does not spin', async () => {
  const script = `
    const { pipe, poll, POLLIN } = require('./dist/index.js');
    const [{ fd }, writer] = pipe();
    const entries = Array.from({ length: 128 }, () => ({ fd, events: POLLIN }));
    const waiting = poll(entries);
    const before = process.cpuUsage();
    setTimeout(() => {
      const { user, system } = process.cpuUsage(before);
      writer.write('x');
      void waiting.then(({ length }) => console.log(length, user + system < 250_000));
    }, 500);`;
  const { stdout, stderr } = await start('prlimit', ['--nofile=128', process.execPath, '-e', script]).ended();
  expect({ stdout, stderr }).toEqual({ stdout: '128 true\n', stderr: '' });
});
