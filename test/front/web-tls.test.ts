import { get } from 'node:https';
import { connect } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SharedBytes } from '../../src/net/shared-bytes.js';
import { CertificateFolder, hasOpenssl } from '../support/certificates.js';
import { nextEvent, until } from '../support/deadline.js';
import { Peer } from '../support/peers.js';
import { pausesTls } from '../support/runtime.js';
import { frame, handshake, takeAnswer, takeCloseCode, takeFrame } from '../support/web-sockets.js';
import { startFront } from './web-front.js';

describe.skipIf(!hasOpenssl)(`over TLS${hasOpenssl ? '' : ' (needs openssl)'}`, () => {
  const identity = new CertificateFolder().make({ name: '127.0.0.1' });
  const tls = { cert: identity.cert, key: identity.key };

  async function openSecure(port: number): Promise<Peer> {
    const socket = connect({ host: '127.0.0.1', port, ca: identity.cert });
    onTestFinished(() => void socket.destroy());
    await nextEvent(socket, 'secureConnect');
    const peer = new Peer(socket);
    await peer.write(handshake());
    expect((await takeAnswer(peer, false)).status).toBe(101);
    return peer;
  }

  test('the page is served by https', async () => {
    const { port } = await startFront({ tls });
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path: '/config.json', ca: identity.cert, agent: false };
      get(options, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      }).on('error', reject);
    });
    expect(status).toBe(200);
  });

  test('lines go both ways in a WebSocket, and it closes in order', async () => {
    const { port, peer } = await startFront({ tls });
    const client = await openSecure(port);
    const server = await peer();
    await client.write(frame({ payload: 'NICK ann' }));
    await server.hears('NICK ann\n');
    server.wire.write(new SharedBytes('hello\r\n'));
    expect((await takeFrame(client)).payload.toString()).toBe('hello');
    server.wire.end();
    expect(await takeCloseCode(client)).toBe(1000);
    await client.write(frame({ opcode: 8, payload: Buffer.of(3, 232) }));
    await client.ended();
    await server.departs();
    expect(server.error).toBeUndefined();
  });

  test.skipIf(!pausesTls)(
    'a slow reader is reported when it has caught up',
    { tags: ['needs-tls-pause'] },
    async () => {
      const { port, peer } = await startFront({ tls });
      const client = await openSecure(port);
      const server = await peer();
      const { wire } = server;
      client.socket.pause();
      const line = new SharedBytes(`${'w'.repeat(8000)}\r\n`);
      let written = 0;
      for (; wire.pendingBytes < 500_000; written += 1) {
        wire.write(line);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(wire.write(line)).toBe(false);
      const { drains } = server;
      client.socket.resume();
      for (let index = 0; index <= written; index += 1) expect((await takeFrame(client)).payload.length).toBe(8000);
      await until(() => server.drains > drains, 'the drain');
    },
  );
});
