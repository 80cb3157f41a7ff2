/**
 * The kernel's reports in each situation, by every API: the table of docs/semantics.md, row by row. Measured on Linux
 * 6.18.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import { Multiplexer } from '../../src/multiplexer/multiplexer.js';
import { EPOLLIN, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP } from '../../src/readiness/constants.js';
import { Epoll } from '../../src/readiness/epoll.js';
import { Poll, poll, pollSync } from '../../src/readiness/poll.js';
import { select, selectSync } from '../../src/readiness/select.js';
import { constant, errorOf, fill, useFds } from '../native/fds.js';
import { nextEvent } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { start } from '../support/processes.js';
import { awaitReady, tcpListener, tcpPair } from './sockets.js';

const fds = useFds();

const folder = mkdtempSync(join(tmpdir(), 'fdmux-truth-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The mask that every row asks for. */
const ASKED = POLLIN | POLLPRI | POLLOUT | POLLRDHUP;

const NAMES = [
  ['IN', POLLIN],
  ['PRI', POLLPRI],
  ['OUT', POLLOUT],
  ['ERR', POLLERR],
  ['HUP', POLLHUP],
  ['RDHUP', POLLRDHUP],
] as const;

/** A mask in words: 'IN|HUP'. */
const words = (mask: number): string =>
  NAMES.filter(([, bit]) => (mask & bit) !== 0)
    .map(([name]) => name)
    .join('|');

interface Row {
  readonly situation: string;
  /** Makes the fd in question. */
  readonly make: () => number | Promise<number>;
  /** The report of poll and epoll; `epoll` if that differs: the error of epoll_ctl. */
  readonly revents: string;
  readonly epoll?: 'EPERM';
  /** The sets of select: r, w, x. */
  readonly select: string;
}

const unixPair = (type: 'SOCK_STREAM' | 'SOCK_SEQPACKET' | 'SOCK_DGRAM'): [number, number] => {
  const [a, b] = native.socketPair(constant('AF_UNIX'), constant(type), 0, true);
  return [fds.track(a), fds.track(b)];
};

const SHUT_RD = 0;
const SHUT_WR = 1;

/** A TCP pair whose other side has sent a reset. */
const resetTcp = (): number => {
  const [client, server] = tcpPair(fds);
  native.setSockOpt(server, constant('SOL_SOCKET'), constant('SO_LINGER'), Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
  fds.close(server);
  awaitReady(client, POLLRDHUP);
  return client;
};

/** An address of this machine at which nobody listens. */
const deadAddress = (type: 'SOCK_STREAM' | 'SOCK_DGRAM'): Uint8Array => {
  const socket = fds.socket('AF_INET', type);
  native.bind(socket, native.encodeInet(4, '127.0.0.1', 0, 0, 0));
  const address = native.getSockName(socket);
  fds.close(socket);
  return address;
};

const ROWS: readonly Row[] = [
  {
    situation: 'pipe reader: data, the writer closed',
    make: () => {
      const [reader, writer] = fds.pipe();
      fill(writer, 'x');
      fds.close(writer);
      return reader;
    },
    revents: 'IN|HUP',
    select: 'r',
  },
  {
    situation: 'pipe reader: drained, the writer closed',
    make: () => {
      const [reader, writer] = fds.pipe();
      fds.close(writer);
      return reader;
    },
    revents: 'HUP',
    select: 'r',
  },
  {
    situation: 'pipe writer, the reader closed',
    make: () => {
      const [reader, writer] = fds.pipe();
      fds.close(reader);
      return writer;
    },
    revents: 'OUT|ERR',
    select: 'rw',
  },
  {
    situation: 'unix stream, the peer has shut down writing',
    make: () => {
      const [a, b] = unixPair('SOCK_STREAM');
      native.shutdown(b, SHUT_WR);
      return a;
    },
    revents: 'IN|OUT|RDHUP',
    select: 'rw',
  },
  {
    situation: 'tcp, the peer has shut down writing',
    make: () => {
      const [client, server] = tcpPair(fds);
      native.shutdown(server, SHUT_WR);
      awaitReady(client, POLLRDHUP);
      return client;
    },
    revents: 'IN|OUT|RDHUP',
    select: 'rw',
  },
  {
    situation: 'unix stream, reading shut down on this side',
    make: () => {
      const [a] = unixPair('SOCK_STREAM');
      native.shutdown(a, SHUT_RD);
      return a;
    },
    revents: 'IN|OUT|RDHUP',
    select: 'rw',
  },
  ...(['SOCK_STREAM', 'SOCK_SEQPACKET'] as const).flatMap((type) => [
    {
      situation: `unix ${type}, the peer closed`,
      make: () => {
        const [a, b] = unixPair(type);
        fds.close(b);
        return a;
      },
      revents: 'IN|OUT|HUP|RDHUP',
      select: 'rw',
    },
    {
      situation: `unix ${type}, the peer closed with what we sent unread`,
      make: () => {
        const [a, b] = unixPair(type);
        fill(a, 'x');
        fds.close(b);
        return a;
      },
      revents: 'IN|OUT|ERR|HUP|RDHUP',
      select: 'rw',
    },
  ]),
  { situation: 'tcp after a reset', make: resetTcp, revents: 'IN|OUT|ERR|HUP|RDHUP', select: 'rw' },
  {
    situation: 'tcp, a connect that was refused',
    make: () => {
      const socket = fds.socket('AF_INET', 'SOCK_STREAM');
      native.connect(socket, deadAddress('SOCK_STREAM'));
      awaitReady(socket, POLLOUT);
      return socket;
    },
    revents: 'IN|OUT|ERR|HUP|RDHUP',
    select: 'rw',
  },
  {
    situation: 'connected unix datagram, the peer closed',
    make: () => {
      const [a, b] = unixPair('SOCK_DGRAM');
      fds.close(b);
      return a;
    },
    revents: 'OUT',
    select: 'w',
  },
  {
    situation: 'fresh unconnected tcp socket',
    make: () => fds.socket('AF_INET', 'SOCK_STREAM'),
    revents: 'OUT|HUP',
    select: 'rw',
  },
  {
    situation: 'tcp with an out-of-band byte',
    make: () => {
      const [client, server] = tcpPair(fds);
      native.send(server, Buffer.from('!'), 0, 1, constant('MSG_OOB'));
      awaitReady(client, POLLPRI);
      return client;
    },
    revents: 'PRI|OUT',
    select: 'wx',
  },
  {
    situation: 'connected udp after an ICMP refusal',
    make: () => {
      const socket = fds.socket('AF_INET', 'SOCK_DGRAM');
      native.connect(socket, deadAddress('SOCK_DGRAM'));
      fill(socket, 'x');
      awaitReady(socket, 0);
      return socket;
    },
    revents: 'OUT|ERR',
    select: 'rw',
  },
  {
    situation: 'regular file',
    make: () => {
      const path = join(folder, 'file');
      writeFileSync(path, 'x');
      return fds.track(native.open(path, constant('O_RDWR'), 0));
    },
    revents: 'IN|OUT',
    epoll: 'EPERM',
    select: 'rw',
  },
  {
    situation: 'directory',
    make: () => fds.track(native.open(folder, 0, 0)),
    revents: 'IN|OUT',
    epoll: 'EPERM',
    select: 'rw',
  },
  {
    situation: '/dev/null',
    make: () => fds.track(native.open('/dev/null', constant('O_RDWR'), 0)),
    revents: 'IN|OUT',
    epoll: 'EPERM',
    select: 'rw',
  },
  { situation: 'eventfd at 0', make: () => fds.track(native.eventFd(0)), revents: 'OUT', select: 'w' },
  { situation: 'eventfd above 0', make: () => fds.track(native.eventFd(1)), revents: 'IN|OUT', select: 'rw' },
  {
    situation: 'eventfd at its maximum',
    make: () => {
      const fd = fds.track(native.eventFd(0));
      native.write(fd, new Uint8Array(BigUint64Array.of(0xffff_ffff_ffff_fffen).buffer), 0, 8);
      return fd;
    },
    revents: 'IN',
    select: 'r',
  },
  {
    situation: 'timerfd that has expired',
    make: () => {
      const fd = fds.track(native.timerFd(constant('CLOCK_MONOTONIC')));
      native.timerFdSet(fd, 0.001, 0, 0);
      awaitReady(fd, POLLIN);
      return fd;
    },
    revents: 'IN',
    select: 'r',
  },
  {
    situation: 'inotify with an event',
    make: () => {
      const fd = fds.track(native.inotify());
      native.inotifyAdd(fd, folder, constant('IN_CREATE'));
      rmSync(mkdtempSync(join(folder, 'new-')), { recursive: true });
      awaitReady(fd, POLLIN);
      return fd;
    },
    revents: 'IN',
    select: 'r',
  },
  {
    situation: 'listener with a connection pending',
    make: () => {
      const { listener, address } = tcpListener(fds);
      native.connect(fds.socket('AF_INET', 'SOCK_STREAM'), address);
      awaitReady(listener, POLLIN);
      return listener;
    },
    revents: 'IN',
    select: 'r',
  },
  {
    situation: 'epoll fd with something ready',
    make: () => {
      const inner = fds.epoll();
      native.epollCtl(inner, constant('EPOLL_CTL_ADD'), fds.pipe()[1], POLLOUT, 0, 0);
      return inner;
    },
    revents: 'IN',
    select: 'r',
  },
  {
    situation: 'pidfd after the process was reaped',
    make: async () => {
      const child = spawn('/bin/cat', { stdio: ['pipe', 'ignore', 'ignore'] });
      const fd = fds.track(native.pidFd(child.pid ?? 0));
      const exited = nextEvent(child, 'exit');
      child.stdin.end();
      await exited;
      return fd;
    },
    revents: 'IN|HUP',
    select: 'r',
  },
  {
    situation: 'sysctl file, nothing written',
    make: () => fds.track(native.open('/proc/sys/kernel/hostname', constant('O_RDONLY'), 0)),
    revents: 'IN|OUT',
    select: 'rw',
  },
  {
    situation: 'list of mounts, nothing mounted',
    make: () => fds.track(native.open('/proc/self/mounts', constant('O_RDONLY'), 0)),
    revents: 'IN',
    select: 'r',
  },
];

describe.each(ROWS)('$situation', ({ make, revents, epoll, select: sets }) => {
  test(`poll, in its four forms: ${revents}`, async () => {
    const fd = await make();
    const entry = { fd, events: ASKED };
    expect(pollSync([entry], 0).map((event) => words(event.revents))).toEqual([revents]);
    expect((await poll([entry], 0)).map((event) => words(event.revents))).toEqual([revents]);
    using poller = new Poll();
    poller.register(fd, ASKED);
    expect(poller.waitSync(0).map((event) => words(event.revents))).toEqual([revents]);
    expect((await poller.wait(0)).map((event) => words(event.revents))).toEqual([revents]);
  });

  test(`select: ${sets}`, async () => {
    const fd = await make();
    const inWords = ({ readable, writable, exceptional }: ReturnType<typeof selectSync<number, number, number>>) =>
      'r'.repeat(readable.length) + 'w'.repeat(writable.length) + 'x'.repeat(exceptional.length);
    expect(inWords(selectSync([fd], [fd], [fd], 0))).toBe(sets);
    expect(inWords(await select([fd], [fd], [fd], 0))).toBe(sets);
  });

  test(`epoll: ${epoll ?? revents}`, async () => {
    const fd = await make();
    using ep = new Epoll();
    if (epoll === undefined) {
      ep.add(fd, ASKED);
      expect(ep.waitSync(0).map(({ events }) => words(events))).toEqual([revents]);
      expect((await ep.wait(0)).map(({ events }) => words(events))).toEqual([revents]);
    } else {
      expect(errorOf(() => ep.add(fd, ASKED))).toMatchObject({ code: epoll, syscall: 'epoll_ctl' });
    }
  });

  test.each(['epoll', 'poll', 'select'] as const)('Multiplexer on %s', async (backend) => {
    const fd = await make();
    using mux = new Multiplexer<undefined>({ backend, unpollable: 'ready' });
    const registration = mux.register(fd, { interest: { read: true, write: true, priority: true } });
    expect([...mux.waitSync(0)]).toEqual([registration]);
    const fromSelect = [sets.includes('r') && 'IN', sets.includes('x') && 'PRI', sets.includes('w') && 'OUT'];
    expect(words(registration.events)).toBe(backend === 'select' ? fromSelect.filter(Boolean).join('|') : revents);
  });
});

describe('the table beside its rows', () => {
  test('reading SO_ERROR clears ERR alone', () => {
    const fd = resetTcp();
    native.getSockOpt(fd, constant('SOL_SOCKET'), constant('SO_ERROR'));
    expect(pollSync([{ fd, events: ASKED }], 0).map((event) => words(event.revents))).toEqual(['IN|OUT|HUP|RDHUP']);
  });

  test('RDHUP is reported only on request', () => {
    const [a, b] = unixPair('SOCK_STREAM');
    native.shutdown(b, SHUT_WR);
    expect(pollSync([{ fd: a, events: POLLIN }], 0).map((event) => words(event.revents))).toEqual(['IN']);
  });

  test('a closed peer is reported as OUT|HUP if only OUT is asked for', () => {
    const [a, b] = unixPair('SOCK_STREAM');
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

  test('pty master, the slave closed: OUT|HUP, select rw', () => {
    const master = fds.track(native.open('/dev/ptmx', constant('O_RDWR') | constant('O_NOCTTY'), 0));
    native.ioctl(master, 0x4004_5431, Uint8Array.of(0, 0, 0, 0)); // TIOCSPTLCK: unlock the slave
    const number = new Uint8Array(4);
    native.ioctl(master, 0x8004_5430, number); // TIOCGPTN: which one it is
    const slave = native.open(`/dev/pts/${String(number[0])}`, constant('O_RDWR') | constant('O_NOCTTY'), 0);
    native.close(slave);
    expect(pollSync([{ fd: master, events: ASKED }], 0).map((event) => words(event.revents))).toEqual(['OUT|HUP']);
    expect(selectSync([master], [master], [master], 0)).toEqual({
      readable: [master],
      writable: [master],
      exceptional: [],
    });
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
