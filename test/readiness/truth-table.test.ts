/**
 * The kernel's reports in each situation, by every API: the table of docs/semantics.md, row by row. Measured on Linux
 * 6.18.
 */
import { spawn, spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { Multiplexer } from '../../src/multiplexer/multiplexer.js';
import { EPOLLIN, POLLIN, POLLOUT } from '../../src/readiness/constants.js';
import { Epoll } from '../../src/readiness/epoll.js';
import { Poll, poll, pollSync } from '../../src/readiness/poll.js';
import { select, selectSync } from '../../src/readiness/select.js';
import { constant, errorOf, useFds } from '../native/fds.js';
import { nextEvent } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { start } from '../support/processes.js';
import { ASKED, resetTcp, SHUT_WR, situations, unixPair, words } from './situations.js';
import { awaitReady } from './sockets.js';

const fds = useFds();

describe.each(situations(fds))('$fd, $situation', ({ make, revents, epoll, select: sets }) => {
  const reports = revents === '' ? [] : [revents];

  test(`poll, in its four forms: ${revents || 'nothing'}`, async () => {
    const fd = await make();
    const entry = { fd, events: ASKED };
    expect(pollSync([entry], 0).map((event) => words(event.revents))).toEqual(reports);
    expect((await poll([entry], 0)).map((event) => words(event.revents))).toEqual(reports);
    using poller = new Poll();
    poller.register(fd, ASKED);
    expect(poller.waitSync(0).map((event) => words(event.revents))).toEqual(reports);
    expect((await poller.wait(0)).map((event) => words(event.revents))).toEqual(reports);
  });

  test(`select: ${sets || 'nothing'}`, async () => {
    const fd = await make();
    const inWords = ({ readable, writable, exceptional }: ReturnType<typeof selectSync<number, number, number>>) =>
      'r'.repeat(readable.length) + 'w'.repeat(writable.length) + 'x'.repeat(exceptional.length);
    expect(inWords(selectSync([fd], [fd], [fd], 0))).toBe(sets);
    expect(inWords(await select([fd], [fd], [fd], 0))).toBe(sets);
  });

  test(`epoll: ${epoll ?? (revents || 'nothing')}`, async () => {
    const fd = await make();
    using ep = new Epoll();
    if (epoll === undefined) {
      ep.add(fd, ASKED);
      expect(ep.waitSync(0).map(({ events }) => words(events))).toEqual(reports);
      expect((await ep.wait(0)).map(({ events }) => words(events))).toEqual(reports);
    } else {
      expect(errorOf(() => ep.add(fd, ASKED))).toMatchObject({ code: epoll, syscall: 'epoll_ctl' });
    }
  });

  test.each(['epoll', 'poll', 'select'] as const)('Multiplexer on %s', async (backend) => {
    const fd = await make();
    using mux = new Multiplexer<undefined>({ backend, unpollable: 'ready' });
    const registration = mux.register(fd, { interest: { read: true, write: true, priority: true } });
    expect([...mux.waitSync(0)]).toEqual(reports.map(() => registration));
    const fromSelect = [sets.includes('r') && 'IN', sets.includes('x') && 'PRI', sets.includes('w') && 'OUT'];
    expect(words(registration.events)).toBe(backend === 'select' ? fromSelect.filter(Boolean).join('|') : revents);
  });
});

describe('the table beside its rows', () => {
  test('reading SO_ERROR clears ERR alone', () => {
    const fd = resetTcp(fds);
    native.getSockOpt(fd, constant('SOL_SOCKET'), constant('SO_ERROR'));
    expect(pollSync([{ fd, events: ASKED }], 0).map((event) => words(event.revents))).toEqual(['IN|OUT|HUP|RDHUP']);
  });

  test('RDHUP is reported only on request', () => {
    const [a, b] = unixPair(fds, 'SOCK_STREAM');
    native.shutdown(b, SHUT_WR);
    expect(pollSync([{ fd: a, events: POLLIN }], 0).map((event) => words(event.revents))).toEqual(['IN']);
  });

  test('a closed peer is reported as OUT|HUP if only OUT is asked for', () => {
    const [a, b] = unixPair(fds, 'SOCK_STREAM');
    fds.close(b);
    expect(pollSync([{ fd: a, events: POLLOUT }], 0).map((event) => words(event.revents))).toEqual(['OUT|HUP']);
  });

  test('a pidfd of a process that has exited and is not reaped: IN', async () => {
    const child = spawn('/bin/true', { stdio: 'ignore' });
    const exited = nextEvent(child, 'exit');
    const fd = fds.track(native.pidFd(child.pid ?? 0));
    // Node.js reaps it when it has the thread back.
    awaitReady(fd, POLLIN);
    expect(pollSync([{ fd, events: ASKED }], 0).map((event) => words(event.revents))).toEqual(['IN']);
    await exited;
  });

  // Node.js has no function that makes one.
  const hasPython = spawnSync('python3', ['--version']).status === 0;
  test.skipIf(!hasPython)('memfd: IN|OUT, epoll EPERM, select rw', { tags: ['needs-python'] }, async () => {
    const source = 'import os, sys; print(os.memfd_create("fdmux"), flush=True); sys.stdin.read()';
    const maker = start('python3', ['-c', source]);
    const [number = ''] = await maker.line(/^\d+$/);
    const fd = fds.track(native.open(`/proc/${maker.pid}/fd/${number}`, constant('O_RDWR'), 0));
    maker.end();
    await maker.ended();
    expect(pollSync([{ fd, events: ASKED }], 0).map((event) => words(event.revents))).toEqual(['IN|OUT']);
    expect(errorOf(() => disposedAtEnd(new Epoll()).add(fd, EPOLLIN))).toMatchObject({ code: 'EPERM' });
    expect(selectSync([fd], [fd], [fd], 0)).toEqual({ readable: [fd], writable: [fd], exceptional: [] });
  });

  const OWN_HOSTNAME = ['--uts', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
  const canWriteHostname = spawnSync('unshare', [...OWN_HOSTNAME, 'true']).status === 0;
  test.skipIf(!canWriteHostname)(
    'sysctl file after a write: IN|PRI|ERR once, select rwx, synchronous or not',
    { tags: ['needs-uts-namespace'] },
    async () => {
      const script = `
      const { openSync, writeFileSync } = require('node:fs');
      const { Epoll, poll, pollSync, select, selectSync } = require('./dist/index.js');
      const FILE = '/proc/sys/kernel/hostname';
      const ASKED = ${ASKED};
      const ep = new Epoll();
      let writes = 0;
      const fds = [0, 1, 2, 3, 4].map(() => openSync(FILE, 'r'));
      ep.add(fds[4], ASKED);
      const waits = [
        () => pollSync([{ fd: fds[0], events: ASKED }], 0).map(({ revents }) => revents),
        async () => (await poll([{ fd: fds[1], events: ASKED }])).map(({ revents }) => revents),
        () => Object.values(selectSync([fds[2]], [fds[2]], [fds[2]], 0)).flat().length,
        async () => Object.values(await select([fds[3]], [fds[3]], [fds[3]])).flat().length,
        () => ep.waitSync(0).map(({ events }) => events),
        async () => (await ep.wait()).map(({ events }) => events),
      ];
      (async () => {
        const answers = [];
        for (const wait of waits) {
          writeFileSync(FILE, 'host-' + String(writes++));
          answers.push([await wait(), await wait()]);
        }
        console.log(JSON.stringify(answers));
      })();`;
      const { stdout, stderr } = await start('unshare', [...OWN_HOSTNAME, process.execPath, '-e', script]).ended();
      expect(stderr).toBe('');
      const inWords = (value: unknown): unknown =>
        Array.isArray(value) ? value.map((mask) => words(Number(mask))) : value;
      const answers: unknown = JSON.parse(stdout);
      const first = ['IN|PRI|ERR'];
      const then = ['IN|OUT'];
      expect(Array.isArray(answers) && answers.map((pair: unknown[]) => pair.map(inWords))).toEqual([
        [first, then],
        [first, then],
        [3, 2],
        [3, 2],
        [first, then],
        [first, then],
      ]);
    },
  );
});
