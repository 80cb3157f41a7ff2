import { copyFileSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type RunningChatServer, startChatServer } from '../../src/chat-server.js';
import { CertificateFolder, hasOpenssl } from '../support/certificates.js';
import { clientHello } from '../support/client-hello.js';
import { nextEvent, until } from '../support/deadline.js';
import { connectPeer, Peer } from '../support/peers.js';

/** Bad days of the chat server over TLS: others talk on. */

describe.skipIf(!hasOpenssl)(`strangers and reloads${hasOpenssl ? '' : ' (needs openssl)'}`, () => {
  const folder = new CertificateFolder();
  const one = folder.make({ name: 'one.test' });
  const two = folder.make({ name: 'two.test' });
  const cert = join(folder.path, 'cert.pem');
  const key = join(folder.path, 'key.pem');
  const config = join(folder.path, 'config.json');

  interface Started {
    readonly server: RunningChatServer;
    readonly port: (isSecure: boolean) => number;
    readonly refused: () => number;
  }

  async function serve(security: object): Promise<Started> {
    use(one);
    const listeners = [
      { protocol: 'irc', port: 0 },
      { protocol: 'irc', port: 0, tls: { cert, key, ...security } },
    ];
    writeFileSync(config, JSON.stringify({ listeners }));
    let refused = 0;
    const count = (event: string): void => {
      if (event === 'connection refused') refused += 1;
    };
    const log = { debug: count, info: count, warn: count, error: count };
    const server = await startChatServer({ config, log });
    onTestFinished(() => server.close());
    const port = (isSecure: boolean): number => {
      const address = server.listeners.find((listener) => listener.isSecure === isSecure)?.address;
      if (address?.family !== 'inet') throw new Error('no such listener');
      return address.port;
    };
    return { server, port, refused: () => refused };
  }

  function use({ certFile, keyFile }: { readonly certFile: string; readonly keyFile: string }): void {
    copyFileSync(certFile, cert);
    copyFileSync(keyFile, key);
  }

  async function dial(port: number): Promise<{ readonly socket: tls.TLSSocket; readonly peer: Peer }> {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    onTestFinished(() => void socket.destroy());
    const peer = new Peer(socket);
    await nextEvent(socket, 'secureConnect');
    return { socket, peer };
  }

  async function enter(peer: Peer, nick: string): Promise<void> {
    await peer.write(`NICK ${nick}\r\nUSER ${nick} 0 * :${nick}\r\nJOIN #room\r\n`);
    await peer.lineLike(/ 366 /);
  }

  test('strangers who begin hundreds of handshakes and finish none hold up neither chat nor newcomers', async () => {
    const strangers = 400;
    const { port, refused } = await serve({ maxHandshakes: 32, handshakeTimeoutMs: 200 });
    const ann = await connectPeer(port(false));
    const bob = await dial(port(true));
    await enter(ann, 'ann');
    await enter(bob.peer, 'bob');
    const hello = await clientHello();
    let begun = 0;
    let over = 0;
    const begin = (): void => {
      if (begun === strangers) return;
      begun += 1;
      const socket = connectPlain(port(true), '127.0.0.1', () => socket.write(hello));
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => undefined);
      socket.resume();
      socket.on('close', () => {
        over += 1;
        begin();
      });
    };
    for (let i = 0; i < 100; i += 1) begin();
    for (let i = 0; i < 50; i += 1) {
      await ann.write(`PRIVMSG #room :line ${i}\r\n`);
      await bob.peer.lineLike(new RegExp(`PRIVMSG #room :line ${i}$`));
    }
    const carol = await dial(port(true));
    await enter(carol.peer, 'carol');
    await until(() => over === strangers, 'the end of all strangers');
    expect(refused()).toBeGreaterThan(0);
    await carol.peer.write('PRIVMSG #room :still here\r\n');
    await ann.lineLike(/carol.* PRIVMSG #room :still here$/);
  });

  test('strangers who complete handshakes wait when these have taken their share, and others talk on', async () => {
    const { port } = await serve({ handshakeCpuPercent: 50 });
    const ann = await connectPeer(port(false));
    const bob = await dial(port(true));
    await enter(ann, 'ann');
    await enter(bob.peer, 'bob');
    // From now on a handshake costs an hour, so that the budget is in debt until the test is over.
    const hourMs = 3_600_000;
    const now = performance.now.bind(performance);
    let lateMs = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
      const nowMs = now() + lateMs;
      lateMs = 0;
      return nowMs;
    });
    const usage = vi.spyOn(process, 'cpuUsage').mockImplementation((before) => {
      if (before === undefined) return { user: 0, system: 0 };
      lateMs = hourMs;
      return { user: hourMs * 1000, system: 0 };
    });
    onTestFinished(() => {
      clock.mockRestore();
      usage.mockRestore();
    });
    const carol = await dial(port(true));
    await enter(carol.peer, 'carol');
    let connected = 0;
    let completed = 0;
    for (let i = 0; i < 20; i += 1) {
      const socket = tls.connect({ port: port(true), host: '127.0.0.1', rejectUnauthorized: false });
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => undefined);
      socket.on('connect', () => (connected += 1));
      socket.on('secureConnect', () => (completed += 1));
    }
    await until(() => connected === 20, 'the connections of all strangers');
    for (let i = 0; i < 50; i += 1) {
      await ann.write(`PRIVMSG #room :line ${i}\r\n`);
      for (const { peer } of [bob, carol]) await peer.lineLike(new RegExp(`PRIVMSG #room :line ${i}$`));
    }
    expect(completed).toBe(0);
  });

  test('certificates are exchanged while people talk and come, and nobody misses a line', async () => {
    const { server, port } = await serve({});
    const ann = await dial(port(true));
    const bob = await dial(port(true));
    await enter(ann.peer, 'ann');
    await enter(bob.peer, 'bob');
    const names: string[] = [];
    for (let round = 0; round < 8; round += 1) {
      const said = Array.from({ length: 50 }, (_, index) => `PRIVMSG #room :${round} ${index}\r\n`).join('');
      use(round % 2 === 0 ? two : one);
      const [, problem, newcomer] = await Promise.all([ann.peer.write(said), server.reload(), dial(port(true))]);
      expect(problem).toBeNull();
      for (let index = 0; index < 50; index += 1) {
        expect(await bob.peer.lineLike(/PRIVMSG/)).toContain(`PRIVMSG #room :${round} ${index}`);
      }
      newcomer.socket.destroy();
      const { socket } = await dial(port(true));
      names.push(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    }
    expect(names).toEqual([
      'two.test',
      'one.test',
      'two.test',
      'one.test',
      'two.test',
      'one.test',
      'two.test',
      'one.test',
    ]);
  });
});
