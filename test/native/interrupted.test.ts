/**
 * Calls that a signal interrupts: it ends each call with a timeout of the socket's own, whatever its handler asks for
 * (signal(7)).
 */
import { spawn } from 'node:child_process';
import { MSG_WAITALL, SO_RCVTIMEO, Socket, SOL_SOCKET } from 'fdmux';
import { expect, test } from 'vitest';
import { nextEvent } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { localPort, LOOPBACK } from '../support/sockets.js';
import { sendSignals } from './signals.js';

const CLIENT = `
import socket, sys, time
for kind, port in zip((socket.SOCK_DGRAM, socket.SOCK_STREAM), sys.argv[1:]):
    time.sleep(0.1)
    peer = socket.socket(socket.AF_INET, kind)
    peer.connect(('127.0.0.1', int(port)))
    for part in (b'ab', b'cd', b'ef'):
        time.sleep(0.1)
        peer.send(part)
`;

test('a call that a signal interrupts goes on', { tags: ['needs-signals'] }, async () => {
  const timeout = new BigInt64Array([10n, 0n]);
  const [udp, tcp] = (['dgram', 'stream'] as const).map((type) => {
    const socket = disposedAtEnd(Socket.create({ type, blocking: true }));
    socket.setsockopt(SOL_SOCKET, SO_RCVTIMEO, timeout);
    return socket;
  });
  if (udp === undefined || tcp === undefined) throw new Error('no sockets');
  udp.bind(LOOPBACK);
  tcp.bind(LOOPBACK);
  tcp.listen();
  sendSignals();
  const client = spawn('python3', ['-c', CLIENT, ...[udp, tcp].map((socket) => String(localPort(socket)))], {
    stdio: 'inherit',
  });
  const exited = nextEvent(client, 'exit');
  expect(udp.recv(10)?.toString()).toBe('ab');
  expect(udp.recvFrom(10)?.data.toString()).toBe('cd');
  expect(udp.recvMmsg(1, 10)?.[0]?.data.toString()).toBe('ef');
  const connection = disposedAtEnd(tcp.accept()?.socket ?? tcp);
  connection.setsockopt(SOL_SOCKET, SO_RCVTIMEO, timeout);
  expect(connection.recvMsg(2)?.data.toString()).toBe('ab');
  expect(connection.recv(2, MSG_WAITALL)?.toString()).toBe('cd');
  expect(connection.recv(2)?.toString()).toBe('ef');
  await exited;
});
