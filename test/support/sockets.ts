import { Socket, type SocketOptions } from 'fdmux';
import type { InetAddress } from '../../src/socket/address.js';
import { disposedAtEnd } from './fds.js';

/** How long a socket of the tests waits for its peer before the test fails. */
const TIMEOUT_MS = 10_000;

export const LOOPBACK: InetAddress = { family: 'inet', host: '127.0.0.1', port: 0 };

/** A socket that is closed when the test ends and whose calls wait, but not for ever. */
export function testSocket(options: SocketOptions = {}): Socket {
  return patient(disposedAtEnd(Socket.create(options)));
}

export function patient(socket: Socket): Socket {
  socket.setTimeout(TIMEOUT_MS);
  return socket;
}

/** The port that the kernel chose. */
export function localPort(socket: Socket): number {
  const address = socket.getsockname();
  if (address.family !== 'inet' && address.family !== 'inet6') throw new Error('not an internet socket');
  return address.port;
}

/** A TCP listener on a free port of the loopback interface. */
export function tcpListener(): Socket {
  const listener = testSocket();
  listener.bind(LOOPBACK);
  listener.listen();
  return listener;
}

/** Two ends of a TCP connection. */
export function tcpPair(): { client: Socket; server: Socket } {
  const listener = tcpListener();
  const client = testSocket();
  client.connect(listener.getsockname());
  return { client, server: accepted(listener) };
}

/** The next connection of a listener that has one. */
export function accepted(listener: Socket): Socket {
  const result = listener.accept();
  if (result === null) throw new Error('nobody is waiting to be accepted');
  return patient(disposedAtEnd(result.socket));
}

/** Two connected unix sockets. */
export function unixPair(options: SocketOptions = {}): [Socket, Socket] {
  const [first, second] = Socket.pair(options);
  return [patient(disposedAtEnd(first)), patient(disposedAtEnd(second))];
}

/** A bound UDP socket on a free port of the loopback interface. */
export function udpSocket(): Socket {
  const socket = testSocket({ type: 'dgram' });
  socket.bind(LOOPBACK);
  return socket;
}
