/** The situations of the truth table: how each is made, and what the kernel reports in it. Measured on Linux 6.18. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { native } from '../../src/binding/load.js';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP } from '../../src/readiness/constants.js';
import { constant, fill, type useFds } from '../native/fds.js';
import { nextEvent } from '../support/deadline.js';
import { awaitReady, tcpListener, tcpPair } from './sockets.js';

type Fds = ReturnType<typeof useFds>;

/** The mask that every row asks for. */
export const ASKED = POLLIN | POLLPRI | POLLOUT | POLLRDHUP;

const NAMES = [
  ['IN', POLLIN],
  ['PRI', POLLPRI],
  ['OUT', POLLOUT],
  ['ERR', POLLERR],
  ['HUP', POLLHUP],
  ['RDHUP', POLLRDHUP],
] as const;

/** A mask in words: 'IN|HUP'. */
export const words = (mask: number): string =>
  NAMES.filter(([, bit]) => (mask & bit) !== 0)
    .map(([name]) => name)
    .join('|');

export interface Situation {
  /** The kind of fd. */
  readonly fd: string;
  readonly situation: string;
  /** Makes the fd in question. */
  readonly make: () => number | Promise<number>;
  /** The report of poll and epoll, empty if there is none; `epoll` if that differs: the error of epoll_ctl. */
  readonly revents: string;
  readonly epoll?: 'EPERM';
  /** The sets of select: r, w, x. */
  readonly select: string;
}

export const unixPair = (fds: Fds, type: 'SOCK_STREAM' | 'SOCK_SEQPACKET' | 'SOCK_DGRAM'): [number, number] => {
  const [a, b] = native.socketPair(constant('AF_UNIX'), constant(type), 0, true);
  return [fds.track(a), fds.track(b)];
};

const SHUT_RD = 0;
export const SHUT_WR = 1;

/** Writes until the kernel takes no more. */
function fillUp(fd: number): void {
  const bytes = new Uint8Array(65_536);
  while (native.write(fd, bytes, 0, bytes.length) > 0);
}

/** A TCP pair whose other side has sent a reset. */
export const resetTcp = (fds: Fds): number => {
  const [client, server] = tcpPair(fds);
  native.setSockOpt(server, constant('SOL_SOCKET'), constant('SO_LINGER'), Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
  fds.close(server);
  awaitReady(client, POLLRDHUP);
  return client;
};

/** An address of this machine at which nobody listens. */
const deadAddress = (fds: Fds, type: 'SOCK_STREAM' | 'SOCK_DGRAM'): Uint8Array => {
  const socket = fds.socket('AF_INET', type);
  native.bind(socket, native.encodeInet(4, '127.0.0.1', 0, 0, 0));
  const address = native.getSockName(socket);
  fds.close(socket);
  return address;
};

const SEQUENCED = [
  ['unix stream', 'SOCK_STREAM'],
  ['unix seqpacket', 'SOCK_SEQPACKET'],
] as const;

/** Registers the folder that some situations need, and returns all of them; what they open is closed by `fds`. */
export function situations(fds: Fds): readonly Situation[] {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-truth-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  return [
    { fd: 'pipe reader', situation: 'empty', make: () => fds.pipe()[0], revents: '', select: '' },
    {
      fd: 'pipe reader',
      situation: 'data has arrived',
      make: () => {
        const [reader, writer] = fds.pipe();
        fill(writer, 'x');
        return reader;
      },
      revents: 'IN',
      select: 'r',
    },
    { fd: 'pipe writer', situation: 'there is room', make: () => fds.pipe()[1], revents: 'OUT', select: 'w' },
    {
      fd: 'pipe writer',
      situation: 'full',
      make: () => {
        const [, writer] = fds.pipe();
        fillUp(writer);
        return writer;
      },
      revents: '',
      select: '',
    },
    {
      fd: 'tcp',
      situation: 'connected, nothing has arrived',
      make: () => tcpPair(fds)[0],
      revents: 'OUT',
      select: 'w',
    },
    {
      fd: 'tcp',
      situation: 'data has arrived',
      make: () => {
        const [client, server] = tcpPair(fds);
        fill(server, 'x');
        awaitReady(client, POLLIN);
        return client;
      },
      revents: 'IN|OUT',
      select: 'rw',
    },
    {
      fd: 'unix stream',
      situation: 'connected, nothing has arrived',
      make: () => unixPair(fds, 'SOCK_STREAM')[0],
      revents: 'OUT',
      select: 'w',
    },
    {
      fd: 'unix stream',
      situation: 'the send buffer is full',
      make: () => {
        const [a] = unixPair(fds, 'SOCK_STREAM');
        fillUp(a);
        return a;
      },
      revents: '',
      select: '',
    },
    {
      fd: 'tcp listener',
      situation: 'nobody is pending',
      make: () => tcpListener(fds).listener,
      revents: '',
      select: '',
    },
    {
      fd: 'timerfd',
      situation: 'not set',
      make: () => fds.track(native.timerFd(constant('CLOCK_MONOTONIC'))),
      revents: '',
      select: '',
    },
    {
      fd: 'inotify',
      situation: 'nothing has happened',
      make: () => fds.track(native.inotify()),
      revents: '',
      select: '',
    },
    {
      fd: 'pidfd',
      situation: 'the process runs',
      make: () => fds.track(native.pidFd(process.pid)),
      revents: '',
      select: '',
    },
    {
      fd: 'epoll',
      situation: 'nothing in it is ready',
      make: () => fds.epoll(),
      revents: '',
      select: '',
    },
    {
      fd: 'pty master',
      situation: 'the slave closed',
      make: () => {
        const master = fds.track(native.open('/dev/ptmx', constant('O_RDWR') | constant('O_NOCTTY'), 0));
        native.ioctl(master, 0x4004_5431, Uint8Array.of(0, 0, 0, 0)); // TIOCSPTLCK: unlock the slave
        const number = new Uint8Array(4);
        native.ioctl(master, 0x8004_5430, number); // TIOCGPTN: which one it is
        native.close(native.open(`/dev/pts/${String(number[0])}`, constant('O_RDWR') | constant('O_NOCTTY'), 0));
        return master;
      },
      revents: 'OUT|HUP',
      select: 'rw',
    },
    {
      fd: 'pipe reader',
      situation: 'data, the writer closed',
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
      fd: 'pipe reader',
      situation: 'drained, the writer closed',
      make: () => {
        const [reader, writer] = fds.pipe();
        fds.close(writer);
        return reader;
      },
      revents: 'HUP',
      select: 'r',
    },
    {
      fd: 'pipe writer',
      situation: 'the reader closed',
      make: () => {
        const [reader, writer] = fds.pipe();
        fds.close(reader);
        return writer;
      },
      revents: 'OUT|ERR',
      select: 'rw',
    },
    {
      fd: 'unix stream',
      situation: 'the peer has shut down writing',
      make: () => {
        const [a, b] = unixPair(fds, 'SOCK_STREAM');
        native.shutdown(b, SHUT_WR);
        return a;
      },
      revents: 'IN|OUT|RDHUP',
      select: 'rw',
    },
    {
      fd: 'tcp',
      situation: 'the peer has shut down writing',
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
      fd: 'unix stream',
      situation: 'reading shut down on this side',
      make: () => {
        const [a] = unixPair(fds, 'SOCK_STREAM');
        native.shutdown(a, SHUT_RD);
        return a;
      },
      revents: 'IN|OUT|RDHUP',
      select: 'rw',
    },
    ...SEQUENCED.flatMap(([fd, type]) => [
      {
        fd,
        situation: 'the peer closed',
        make: () => {
          const [a, b] = unixPair(fds, type);
          fds.close(b);
          return a;
        },
        revents: 'IN|OUT|HUP|RDHUP',
        select: 'rw',
      },
      {
        fd,
        situation: 'the peer closed with what we sent unread',
        make: () => {
          const [a, b] = unixPair(fds, type);
          fill(a, 'x');
          fds.close(b);
          return a;
        },
        revents: 'IN|OUT|ERR|HUP|RDHUP',
        select: 'rw',
      },
    ]),
    { fd: 'tcp', situation: 'after a reset', make: () => resetTcp(fds), revents: 'IN|OUT|ERR|HUP|RDHUP', select: 'rw' },
    {
      fd: 'tcp',
      situation: 'a connect that was refused',
      make: () => {
        const socket = fds.socket('AF_INET', 'SOCK_STREAM');
        native.connect(socket, deadAddress(fds, 'SOCK_STREAM'));
        awaitReady(socket, POLLOUT);
        return socket;
      },
      revents: 'IN|OUT|ERR|HUP|RDHUP',
      select: 'rw',
    },
    {
      fd: 'unix datagram',
      situation: 'connected, the peer closed',
      make: () => {
        const [a, b] = unixPair(fds, 'SOCK_DGRAM');
        fds.close(b);
        return a;
      },
      revents: 'OUT',
      select: 'w',
    },
    {
      fd: 'tcp',
      situation: 'fresh, unconnected',
      make: () => fds.socket('AF_INET', 'SOCK_STREAM'),
      revents: 'OUT|HUP',
      select: 'rw',
    },
    {
      fd: 'tcp',
      situation: 'an out-of-band byte has arrived',
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
      fd: 'udp',
      situation: 'connected, after an ICMP refusal',
      make: () => {
        const socket = fds.socket('AF_INET', 'SOCK_DGRAM');
        native.connect(socket, deadAddress(fds, 'SOCK_DGRAM'));
        fill(socket, 'x');
        awaitReady(socket, 0);
        return socket;
      },
      revents: 'OUT|ERR',
      select: 'rw',
    },
    {
      fd: 'regular file',
      situation: 'open',
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
      fd: 'directory',
      situation: 'open',
      make: () => fds.track(native.open(folder, 0, 0)),
      revents: 'IN|OUT',
      epoll: 'EPERM',
      select: 'rw',
    },
    {
      fd: '/dev/null',
      situation: 'open',
      make: () => fds.track(native.open('/dev/null', constant('O_RDWR'), 0)),
      revents: 'IN|OUT',
      epoll: 'EPERM',
      select: 'rw',
    },
    { fd: 'eventfd', situation: 'at 0', make: () => fds.track(native.eventFd(0)), revents: 'OUT', select: 'w' },
    { fd: 'eventfd', situation: 'above 0', make: () => fds.track(native.eventFd(1)), revents: 'IN|OUT', select: 'rw' },
    {
      fd: 'eventfd',
      situation: 'at its maximum',
      make: () => {
        const fd = fds.track(native.eventFd(0));
        native.write(fd, new Uint8Array(BigUint64Array.of(0xffff_ffff_ffff_fffen).buffer), 0, 8);
        return fd;
      },
      revents: 'IN',
      select: 'r',
    },
    {
      fd: 'timerfd',
      situation: 'has expired',
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
      fd: 'inotify',
      situation: 'an event has happened',
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
      fd: 'tcp listener',
      situation: 'a connection is pending',
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
      fd: 'epoll',
      situation: 'something in it is ready',
      make: () => {
        const inner = fds.epoll();
        native.epollCtl(inner, constant('EPOLL_CTL_ADD'), fds.pipe()[1], POLLOUT, 0, 0);
        return inner;
      },
      revents: 'IN',
      select: 'r',
    },
    {
      fd: 'pidfd',
      situation: 'the process was reaped',
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
      fd: 'sysctl file',
      situation: 'nothing written',
      make: () => fds.track(native.open('/proc/sys/kernel/hostname', constant('O_RDONLY'), 0)),
      revents: 'IN|OUT',
      select: 'rw',
    },
    {
      fd: 'list of mounts',
      situation: 'nothing mounted',
      make: () => fds.track(native.open('/proc/self/mounts', constant('O_RDONLY'), 0)),
      revents: 'IN',
      select: 'r',
    },
  ];
}
