/** Options of the net layer that do not exist, and handlers that do not. */
import { connect, type ConnectOptions, EventFd, listen, type Listener, pipe, Socket, TimerFd } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { testListener } from '../support/connections.js';
import { disposedAtEnd } from '../support/fds.js';
import { callUntyped } from '../support/untyped.js';

/** What a program without types may pass. */
const untyped = (options: object): Omit<ConnectOptions<unknown>, 'tls'> => ({ socket: {}, ...options });

describe('unknown options are refused, and the known ones named', () => {
  test.each([
    ['listen', { port: 0, reusePrt: true }, 'reusePrt', 'reusePort'],
    ['listen', { port: 0, socket: { dta: () => undefined } }, 'dta', 'data'],
    ['listen', { port: 0, keepAlive: { idleMS: 1 } }, 'idleMS', 'idleMs'],
    ['connect', { port: 1, timeoutMs: 5 }, 'timeoutMs', 'connectTimeoutMs'],
    ['connect', { port: 1, onError: () => undefined }, 'onError', 'signal'],
  ])('%s(%o)', async (name, options, wrong, right) => {
    const call = name === 'listen' ? listen(untyped(options)) : connect(untyped(options));
    await expect(call).rejects.toMatchObject({ code: 'ERR_UNKNOWN_OPTION' });
    await expect(call).rejects.toThrow(`'${wrong}'`);
    await expect(call).rejects.toThrow(`'${right}'`);
  });

  test('no place at all is refused by a message that names both kinds', async () => {
    const message = '"options.port" must be a number if there is no path; received undefined';
    await expect(listen(untyped({}))).rejects.toThrow(message);
    await expect(connect(untyped({}))).rejects.toThrow(message);
  });

  test('of sockets, descriptors and timers', () => {
    const socket = disposedAtEnd(Socket.create({ type: 'dgram' }));
    const timer = disposedAtEnd(new TimerFd());
    const wrong: object = { nonsense: 1 };
    for (const call of [
      () => Socket.create(wrong),
      () => Socket.pair(wrong),
      () => callUntyped(socket, 'recvMsg', 1, wrong),
      () => callUntyped(socket, 'sendMsg', 'x', wrong),
      () => callUntyped(timer, 'set', { initialMs: 1, ...wrong }),
      () => pipe(wrong),
      () => new EventFd(0, wrong),
    ]) {
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_UNKNOWN_OPTION' }));
    }
  });

  test('of a listener and of a connection', async () => {
    const listener: Listener = await testListener({ socket: {} });
    expect(() => callUntyped(listener, 'publish', 'topic', 'x', { exept: null })).toThrow("'exept'");
    expect(() => callUntyped(listener, 'close', { drainMS: 1 })).toThrow("'drainMS'");
    const connection = await connect({ port: 'port' in listener.address ? listener.address.port : 0, socket: {} });
    expect(() => callUntyped(connection, 'toDuplex', { halfOpen: true })).toThrow("'halfOpen'");
    connection.destroy();
  });
});

test('handlers may be an object of a class, which has fields of its own', async () => {
  class Handlers {
    count = 0;
    open(): void {
      this.count += 1;
    }
  }
  await expect(testListener({ socket: new Handlers() })).resolves.toBeDefined();
});
