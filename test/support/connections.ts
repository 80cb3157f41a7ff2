import {
  type Connection,
  type ConnectionOptions,
  listen,
  type Listener,
  type ListenOptions,
  type SocketHandlers,
} from 'fdmux';
import { onTestFinished } from 'vitest';
import { within } from './deadline.js';
import { connectPeer, type Peer } from './peers.js';

/** Every combination that a connection runs on. A suite about connections is written once and run on each. */
export const VARIANTS = [
  { backend: 'select', trigger: 'level' },
  { backend: 'poll', trigger: 'level' },
  { backend: 'epoll', trigger: 'level' },
  { backend: 'epoll', trigger: 'edge' },
] as const satisfies readonly Pick<ConnectionOptions<unknown>, 'backend' | 'trigger'>[];

/** A listener that is closed when the test ends; on a free port unless the options say otherwise. */
export async function testListener<T = unknown>(options: ListenOptions<T>): Promise<Listener<T>> {
  const where = options.path === undefined && options.fd === undefined ? { port: 0 } : {};
  const listener = await listen<T>({ ...where, ...options });
  onTestFinished(() => within(listener.close(), 'closing the listener'));
  return listener;
}

/** Sends back the received bytes. */
export const echo: SocketHandlers<unknown> = {
  data: (connection, bytes) => {
    connection.write(bytes);
  },
};

/** A message to the peer and back. */
export async function exchange(peer: Peer, text = 'ping'): Promise<string> {
  await peer.write(text);
  return (await peer.take(text.length)).toString();
}

/** A listener whose next connection can be inspected. */
export async function serveOne(socket: SocketHandlers<unknown>, options: object) {
  const opened = new Signal<Connection>();
  const closed = new Signal<Error | undefined>();
  const errors: unknown[] = [];
  const listener = await testListener({
    ...options,
    socket: {
      ...socket,
      open: (connection) => {
        socket.open?.(connection);
        opened.set(connection);
      },
      close: (connection, error) => {
        socket.close?.(connection, error);
        closed.set(error);
      },
      error: (_connection, error) => errors.push(error),
    },
  });
  const peer = await connectPeer(portOf(listener));
  return { listener, peer, connection: await opened.within('a connection'), closed, errors };
}

/** The TCP port of a listener. */
export function portOf(listener: Pick<Listener, 'address'>): number {
  const { address } = listener;
  if (address.family !== 'inet' && address.family !== 'inet6') throw new Error('not a TCP listener');
  return address.port;
}

/** A promise that is settled from outside, with a deadline when it is awaited. */
export class Signal<T = void> {
  readonly #promise: Promise<T>;
  #resolve: (value: T) => void = () => undefined;

  constructor() {
    this.#promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Only the first time counts. */
  readonly set = (value: T): void => {
    this.#resolve(value);
  };

  within(what: string): Promise<T> {
    return within(this.#promise, what);
  }
}

/** `length` bytes, each of which depends on its place, so that a lost, doubled or swapped one shows. */
export function pattern(length: number, seed = 0): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0, state = (seed * 2_654_435_761 + 12_345) >>> 0; i < length; i += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/**
 * Collects the errors that reach `uncaughtException` while a test runs, instead of the test runner's own handling.
 */
export function catchUncaught(): unknown[] {
  const caught: unknown[] = [];
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const listener = (error: unknown): void => {
    caught.push(error);
  };
  process.on('uncaughtException', listener);
  onTestFinished(() => {
    process.off('uncaughtException', listener);
    for (const other of others) process.on('uncaughtException', other);
  });
  return caught;
}
