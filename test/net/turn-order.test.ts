import { type Address, connect, type Connection, Multiplexer, type Socket } from 'fdmux';
import { describe, expect, test } from 'vitest';
import { portOf, testListener, VARIANTS } from '../support/connections.js';
import { until, within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { connectPeer } from '../support/peers.js';
import { localPort, testSocket } from '../support/sockets.js';

const MIB = 1024 * 1024;

describe.each(VARIANTS)('connections in one turn on $backend/$trigger', (variant) => {
  test('serves a whisper within a bounded number of turns beside a firehose', async () => {
    let firehoseBytes = 0;
    let isSpraying = true;
    const listener = await testListener({
      ...variant,
      socket: {
        data: (connection, bytes) => {
          if (bytes.length > 100) firehoseBytes += bytes.length;
          else connection.write(bytes);
        },
      },
    });
    const firehose = await connect({ ...variant, port: portOf(listener), socket: { drain: spray } });
    function spray(self: Connection): void {
      while (isSpraying && self.write(FIREHOSE_CHUNK));
    }
    const whisper = await connectPeer(portOf(listener));
    spray(firehose);
    await until(() => firehoseBytes > 4 * MIB, 'the firehose');
    for (let i = 0; i < 20; i += 1) {
      const before = firehoseBytes;
      await whisper.write('whisper');
      await whisper.take(7);
      // Each turn gives the firehose 64 KiB at most; a round trip of the whisper takes a handful of turns.
      expect(firehoseBytes - before).toBeLessThan(8 * MIB);
    }
    isSpraying = false;
    firehose.destroy();
  });

  test('serves a whisper in the turn in which it arrives, and gives each firehose 64 KiB a turn', async () => {
    const multiplexer = disposedAtEnd(new Multiplexer({ backend: variant.backend }));
    const received = new Map<Connection, number>();
    const listener = await testListener({
      ...variant,
      multiplexer,
      socket: {
        open: (connection) => received.set(connection, 0),
        data: (connection, bytes) => received.set(connection, (received.get(connection) ?? 0) + bytes.length),
      },
    });
    const firehoses = Array.from({ length: 10 }, () => connectedSocket(portOf(listener)));
    const whisper = connectedSocket(portOf(listener));
    await until(() => {
      multiplexer.waitSync(0);
      return received.size === 11;
    }, 'the connections');
    const connections = [...received.keys()];
    const heard = connections.find((connection) => hasPort(connection.remoteAddress, whisper));
    if (heard === undefined) throw new Error('the whisper is not among the connections');
    for (let turn = 0; turn < 50; turn += 1) {
      for (const firehose of firehoses) while (firehose.send(FIREHOSE_CHUNK) !== null);
      whisper.send('psst');
      const before = new Map(received);
      multiplexer.waitSync(0);
      expect(received.get(heard)).toBe(4 * (turn + 1));
      for (const connection of connections) {
        expect((received.get(connection) ?? 0) - (before.get(connection) ?? 0)).toBeLessThanOrEqual(65_536);
      }
    }
    expect(Math.min(...received.values())).toBeGreaterThan(0);
    const closed = listener.close();
    multiplexer.waitSync(0);
    await within(closed, 'closing');
  });
});

const FIREHOSE_CHUNK = Buffer.alloc(65_536, 'f');

/** A connection that is driven by hand. */
function connectedSocket(port: number): Socket {
  const socket = testSocket();
  socket.connect({ family: 'inet', host: '127.0.0.1', port });
  socket.setBlocking(false);
  return socket;
}

function hasPort(address: Address, socket: Socket): boolean {
  return 'port' in address && address.port === localPort(socket);
}
