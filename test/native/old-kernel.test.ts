/**
 * A kernel before Linux 5.11, which has no epoll_pwait2, and a sandbox that forbids it; a filter of seccomp(2) plays
 * both.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../support/processes.js';

/** The same on every processor. */
const EPOLL_PWAIT2 = 441;

let folder = '';
let withoutCall = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fdmux-kernel-'));
  withoutCall = join(folder, 'without-call');
  execFileSync(process.env['CC'] ?? 'cc', ['-o', withoutCall, join(__dirname, 'children/without-call.c')]);
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Prints the names of what does not hold. */
const source = `
  const { Epoll, EPOLLIN, Multiplexer, pipe } = require('fdmux');
  const timed = (wait) => {
    const start = performance.now();
    const events = wait();
    return { ms: performance.now() - start, count: events.length };
  };
  const check = (holds, what) => { if (!holds) console.log(what); };
  (async () => {
    const epoll = new Epoll();
    const [reader, writer] = pipe();
    epoll.add(reader, EPOLLIN);
    check(timed(() => epoll.waitSync(0.1)).ms >= 0.999, 'a tenth of a millisecond is rounded up to a whole one');
    check(timed(() => epoll.waitSync(2.5)).ms >= 2.999, 'so is what is over two');
    check(timed(() => epoll.waitSync(0)).count === 0, 'looking finds nothing');
    check((await epoll.wait(1.5)).length === 0, 'an asynchronous wait ends');
    writer.write('x');
    check(timed(() => epoll.waitSync(0.1)).count === 1, 'an event arrives');
    check(timed(() => epoll.waitSync(null)).count === 1, 'an event arrives without a limit');
    check((await epoll.wait()).length === 1, 'an event arrives in an asynchronous wait');
    const mux = new Multiplexer({ backend: 'epoll' });
    mux.register(reader, { interest: 'read', data: null });
    check(mux.waitSync(0.5).length === 1, 'an event arrives in a multiplexer');
    for (const each of [mux, epoll, reader, writer]) each.close();
  })();
`;

describe.each(['ENOSYS', 'EPERM'] as const)('if epoll_pwait2 answers %s', (code) => {
  test('waits end in whole milliseconds, never early, and all else is as ever', async () => {
    const filter = [`${EPOLL_PWAIT2}`, `${constants.errno[code]}`];
    expect(await run(withoutCall, [...filter, process.execPath, '-e', source])).toEqual({
      code: 0,
      signal: null,
      stdout: '',
      stderr: '',
    });
  });
});
