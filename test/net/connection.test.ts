import { connect, listen, MSG_OOB, Multiplexer, type SocketHandlers } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { echo, pattern, portOf, serveOne, Signal, testListener, VARIANTS } from '../support/connections.js';
import { until, within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { takesLargeFds } from '../support/runtime.js';
import { testSocket } from '../support/sockets.js';

describe.each(VARIANTS)('a connection on $backend/$trigger', (variant) => {
  const served = (socket: SocketHandlers<unknown>, options: object = {}) =>
    serveOne(socket, { ...variant, ...options });

  test('hands over bytes that arrive one at a time, and sends back every one', async () => {
    const { peer } = await served(echo);
    for (const byte of 'byte by byte') {
      await peer.write(byte);
      expect((await peer.take(1)).toString()).toBe(byte);
    }
  });

  test.each(['tcp', 'unix'] as const)(
    'reads on behind urgent data and fds that it does not take, on %s',
    async (kind) => {
      const multiplexer = disposedAtEnd(new Multiplexer({ backend: variant.backend }));
      let received = '';
      const listener = await listen({
        ...variant,
        ...(kind === 'tcp' ? { port: 0 } : { path: `\0fdmux-test-urgent-${process.pid}` }),
        multiplexer,
        socket: {
          data: (_connection, bytes) => {
            received += bytes.toString();
          },
        },
      });
      const peer = testSocket({ family: kind === 'tcp' ? 'inet' : 'unix' });
      peer.connect(listener.address);
      multiplexer.waitSync(0);
      peer.send('before ');
      if (kind === 'tcp') peer.send('!', MSG_OOB);
      else peer.sendMsg('with ', { control: [{ kind: 'rights', fds: [peer] }] });
      peer.send('behind');
      await until(() => {
        multiplexer.waitSync(0);
        return received.endsWith('behind');
      }, 'all of it');
      expect(received).toBe(kind === 'tcp' ? 'before behind' : 'before with behind');
      const closed = listener.close();
      multiplexer.waitSync(0);
      await within(closed, 'closing');
    },
  );

  test('knows both addresses, also after it is closed', async () => {
    const { peer, connection, listener, closed } = await served(echo);
    const expected = { family: 'inet', host: '127.0.0.1', port: peer.port };
    expect(connection.remoteAddress).toEqual(expected);
    expect(connection.localAddress).toEqual(listener.address);
    peer.destroy();
    await closed.within('the close');
    expect(connection.remoteAddress).toEqual(expected);
    expect(connection.localAddress).toEqual(listener.address);
    expect(connection.fd).toBe(-1);
  });

  test.skipIf(!takesLargeFds(variant.backend))(
    'is byte-exact for 1,000 connections with random chunks both ways',
    { timeout: 60_000, tags: ['needs-large-select'] },
    async () => {
      const listener = await testListener({ ...variant, socket: echo });
      const ends = Array.from({ length: 1000 }, async (_, index) => {
        const bytes = pattern(1 + ((index * 7919) % 40_000), index);
        const received: Buffer[] = [];
        const closed = new Signal<Error | undefined>();
        const connection = await connect({
          ...variant,
          port: portOf(listener),
          socket: {
            data: (_connection, chunk) => received.push(Buffer.from(chunk)),
            close: (_connection, error) => closed.set(error),
          },
        });
        for (let sent = 0, step = index; sent < bytes.length; step += 1) {
          const size = 1 + ((step * 104_729) % 9000);
          connection.write(bytes.subarray(sent, sent + size));
          sent += size;
          if (step % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        connection.end();
        expect(await closed.within(`the close of ${index}`)).toBeUndefined();
        return Buffer.concat(received).equals(bytes);
      });
      const results = await Promise.all(ends);
      expect(results.filter((isEqual) => !isEqual)).toHaveLength(0);
    },
  );
});
