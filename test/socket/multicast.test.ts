/** Interfaces, groups, old forms of addresses, and what the kernel says of a peer and of an error. */
import { networkInterfaces } from 'node:os';
import {
  type ControlMessage,
  ifIndexToName,
  ifNameToIndex,
  inetAton,
  IP_RECVERR,
  IPPROTO_IP,
  MSG_ERRQUEUE,
  PidFd,
  pollSync,
  SO_PASSPIDFD,
  SO_TIMESTAMPING,
  Socket,
  SOL_SOCKET,
} from 'fdmux';
import { describe, expect, test } from 'vitest';
import { errorOf } from '../native/fds.js';
import { until } from '../support/deadline.js';
import { closedAtEnd, disposedAtEnd } from '../support/fds.js';
import { localPort, LOOPBACK, udpSocket, unixPair } from '../support/sockets.js';
import { callUntyped } from '../support/untyped.js';

const WAIT_MS = 5000;

describe('interfaces', () => {
  test('are found by name and by number', () => {
    for (const name of Object.keys(networkInterfaces())) expect(ifIndexToName(ifNameToIndex(name))).toBe(name);
    expect(ifNameToIndex('lo')).toBeGreaterThan(0);
    expect(errorOf(() => ifNameToIndex('nonexistent'))).toMatchObject({ code: 'ENODEV', syscall: 'if_nametoindex' });
    expect(errorOf(() => ifIndexToName(2 ** 31 - 1))).toMatchObject({ code: 'ENXIO', syscall: 'if_indextoname' });
    expect(errorOf(() => ifNameToIndex('a-name-beyond-all-limits'))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });
});

describe('inetAton', () => {
  test.each([
    ['127.0.0.1', [127, 0, 0, 1]],
    ['127.1', [127, 0, 0, 1]],
    ['0x7f.1', [127, 0, 0, 1]],
    ['0177.0.0.010', [127, 0, 0, 8]],
    ['10.1.513', [10, 1, 2, 1]],
    ['4294967295', [255, 255, 255, 255]],
    ['0', [0, 0, 0, 0]],
  ])('reads %s', (text, bytes) => {
    expect([...inetAton(text)]).toEqual(bytes);
  });

  test.each(['', '1.2.3.4.5', '256.1', '1.2.3.256', '1.2.65536', '4294967296', '1..2', '08', '0x', '1.2.3.4 ', '-1'])(
    'refuses "%s"',
    (text) => {
      expect(errorOf(() => inetAton(text))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    },
  );
});

describe('joinGroup', () => {
  test('receives the datagrams of the group until it is left', () => {
    const receiver = disposedAtEnd(Socket.create({ type: 'dgram' }));
    receiver.bind(LOOPBACK);
    receiver.joinGroup({ group: '224.0.0.251', interface: 'lo' });
    expect(errorOf(() => receiver.joinGroup({ group: '224.0.0.251', interface: 'lo' }))).toMatchObject({
      code: 'EADDRINUSE',
    });
    receiver.leaveGroup({ group: '224.0.0.251', interface: ifNameToIndex('lo') });
    expect(errorOf(() => receiver.leaveGroup({ group: '224.0.0.251', interface: 'lo' }))).toMatchObject({
      code: 'EADDRNOTAVAIL',
    });
    receiver.joinGroup({ group: '232.1.2.3', interface: 'lo', source: '127.0.0.1' });
    receiver.leaveGroup({ group: '232.1.2.3', interface: 'lo', source: '127.0.0.1' });
  });

  test('refuses what is no group of the family', () => {
    const socket = udpSocket();
    expect(errorOf(() => socket.joinGroup({ group: '127.0.0.1' }))).toMatchObject({ code: 'EINVAL' });
    expect(errorOf(() => socket.joinGroup({ group: 'ff02::fb' }))).toMatchObject({
      code: expect.stringMatching(/^ERR_/),
    });
    expect(errorOf(() => socket.joinGroup({ group: '224.0.0.1', interface: 'nonexistent' }))).toMatchObject({
      code: 'ENODEV',
    });
    expect(errorOf(() => callUntyped(socket, 'joinGroup', { address: '224.0.0.1' }))).toMatchObject({
      code: 'ERR_UNKNOWN_OPTION',
    });
  });
});

describe('what the kernel says', () => {
  test('names the process that made the other end', () => {
    const [left] = unixPair();
    const { pid, getuid, getgid } = process;
    expect(left.peerCredentials).toEqual({ pid, uid: getuid?.call(process), gid: getgid?.call(process) });
  });

  test('reports why a datagram failed, and who said so', () => {
    const socket = udpSocket();
    socket.setsockopt(IPPROTO_IP, IP_RECVERR, 1);
    const closed = Socket.create({ type: 'dgram' });
    closed.bind(LOOPBACK);
    const address = { ...LOOPBACK, port: localPort(closed) };
    closed.close();
    socket.sendTo('nobody is there', address);
    pollSync([{ fd: socket, events: 0 }], WAIT_MS);
    const message = socket.recvMsg(100, { flags: MSG_ERRQUEUE });
    expect(message?.control.find(({ kind }) => kind === 'extended-error')).toMatchObject({
      errno: 111,
      origin: 'icmp',
      icmpType: 3,
      icmpCode: 3,
      offender: { family: 'inet', host: '127.0.0.1' },
    });
  });

  test('takes the time of a datagram', async () => {
    const [sender, receiver] = [udpSocket(), udpSocket()];
    // SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE
    receiver.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, 0x18);
    let stamp: ControlMessage | undefined;
    // The kernel begins to take times a moment after it was asked to.
    await until(() => {
      sender.sendTo('x', { ...LOOPBACK, port: localPort(receiver) });
      pollSync([{ fd: receiver, events: 1 }], WAIT_MS);
      [stamp] = receiver.recvMsg(100)?.control ?? [];
      return stamp !== undefined;
    }, 'a time');
    expect(stamp).toMatchObject({ kind: 'timestamping', hardwareNs: null, softwareNs: expect.any(BigInt) });
  });

  test('hands over a pidfd, if the kernel can', ({ skip }) => {
    const [left, right] = unixPair();
    try {
      right.setsockopt(SOL_SOCKET, SO_PASSPIDFD, 1);
    } catch {
      skip('SO_PASSPIDFD is younger than this kernel');
    }
    left.send('who is it?');
    const message = right.recvMsg(100);
    const [fd = -1] = message?.fds ?? [];
    const sender = disposedAtEnd(PidFd.fromFd(fd));
    expect(sender.pid).toBe(process.pid);
  });
});

describe('PidFd.fromFd', () => {
  test('takes a pidfd, and nothing else', () => {
    const [fd] = closedAtEnd(new PidFd(process.pid).detach());
    const adopted = PidFd.fromFd(fd);
    expect(adopted.pid).toBe(process.pid);
    adopted.sendSignal(0);
    adopted.detach();
    const [left] = unixPair();
    expect(errorOf(() => PidFd.fromFd(left.fd))).toMatchObject({ code: 'EINVAL' });
    expect(errorOf(() => PidFd.fromFd(2 ** 31 - 1))).toMatchObject({ code: 'EBADF' });
  });
});
