import { expect, onTestFinished, test } from 'vitest';
import { present } from '../../src/errors.js';
import { SharedBytes } from '../../src/net/shared-bytes.js';
import { loadConfig } from '../../src/server/config/load.js';
import { FakeWire } from './fake-wire.js';
import { startServer } from './start-server.js';

/** Wires that the server has not accepted on a listener. */

class RecordingWire extends FakeWire {
  received = '';

  write(bytes: Uint8Array | SharedBytes): boolean {
    this.received += Buffer.from(bytes instanceof SharedBytes ? bytes.bytes : bytes).toString();
    return true;
  }
}

async function start() {
  const config = await loadConfig({ plainPort: 0, without: ['irc'] });
  const logged: Record<string, unknown>[] = [];
  const record = (event: string, details?: Readonly<Record<string, unknown>>): void => {
    logged.push({ event, ...details });
  };
  const server = await startServer({
    config,
    log: { debug: record, info: record, warn: record, error: record },
  });
  onTestFinished(() => server.close('the test is over'));
  const admit = (host: string, transport: 'tcp' | 'tls' | 'web') => {
    const wire = new RecordingWire();
    const link = server.clients.admit({
      wire,
      address: { family: 'inet', host, port: 4000 },
      transport,
      isSecure: transport === 'tls',
      certificate: null,
      config: present(config.listeners[0], 'the listener'),
    });
    return { wire, link };
  };
  return { admit, server, logged };
}

test('a peer on any wire joins, talks, and leaves when its wire is gone', async () => {
  const { admit, server, logged } = await start();
  const ann = admit('192.0.2.1', 'web');
  const bob = admit('192.0.2.2', 'tls');
  expect([ann.link.transport, ann.link.isSecure]).toEqual(['web', false]);
  expect([bob.link.transport, bob.link.isSecure]).toEqual(['tls', true]);
  ann.link.receive(Buffer.from('hello\n'));
  expect(bob.wire.received).toMatch(/192\.0\.2\.1:4000 say: hello\n$/);
  server.clients.departed(ann.link, undefined);
  expect(bob.wire.received).toMatch(/192\.0\.2\.1:4000 .*\n$/);
  expect(logged).toContainEqual(expect.objectContaining({ event: 'connected', host: '192.0.2.1', transport: 'web' }));
  server.clients.departed(bob.link, undefined);
});

test('a peer that ends its input has its wire ended', async () => {
  const { admit, server } = await start();
  const { wire, link } = admit('192.0.2.1', 'web');
  link.endOfInput();
  expect(wire.hasEnded).toBe(true);
  server.clients.departed(link, undefined);
});
