import { native } from '../../src/binding/load.js';
import { constant, type useFds } from '../native/fds.js';

type Fds = ReturnType<typeof useFds>;

/** Blocks until `fd` has something to report, at most ten seconds. */
export function awaitReady(fd: number, events: number): number {
  const words = Int32Array.of(fd, events, 0);
  if (native.poll(words, 1, 10_000, true, null) === 0) throw new Error(`fd ${fd} was not ready in time`);
  return (words[1] ?? 0) >>> 16;
}

/** A TCP socket that listens on a free port of 127.0.0.1, and its address. */
export function tcpListener(fds: Fds): { listener: number; address: Uint8Array } {
  const listener = fds.socket('AF_INET', 'SOCK_STREAM');
  native.bind(listener, native.encodeInet(4, '127.0.0.1', 0, 0, 0));
  native.listen(listener, 16);
  return { listener, address: native.getSockName(listener) };
}

/** A connected pair of TCP sockets, non-blocking: [client, server]. */
export function tcpPair(fds: Fds): [client: number, server: number] {
  const { listener, address } = tcpListener(fds);
  const client = fds.socket('AF_INET', 'SOCK_STREAM');
  native.connect(client, address);
  awaitReady(listener, constant('POLLIN'));
  const server = fds.accept(listener);
  awaitReady(client, constant('POLLOUT'));
  fds.close(listener);
  return [client, server];
}
