import { copyFileSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConfigError, type RunningChatServer, startChatServer } from '../../src/chat-server.js';
import { CertificateFolder, hasOpenssl, type TestIdentity } from '../support/certificates.js';
import { nextEvent, until } from '../support/deadline.js';
import { connectPeer, Peer } from '../support/peers.js';

/** The chat server over TLS. */

describe.skipIf(!hasOpenssl)('the chat server over TLS', () => {
  const folder = new CertificateFolder();
  const authority = folder.make({ name: 'authority.test', isAuthority: true });
  const one = folder.make({ name: 'one.test', issuer: authority });
  const two = folder.make({ name: 'two.test', issuer: authority });
  const ann = folder.make({ name: 'ann', issuer: authority });
  let files = 0;

  interface Started {
    readonly server: RunningChatServer;
    readonly logged: Record<string, unknown>[];
    readonly config: string;
    readonly use: (identity: TestIdentity | { certFile: string; keyFile: string }) => void;
  }

  /** Starts a server whose certificate can be exchanged in place. */
  async function serve(security: object = {}, more: object = {}): Promise<Started> {
    files += 1;
    const cert = `cert-${files}.pem`;
    const key = `key-${files}.pem`;
    const use = ({ certFile, keyFile }: { certFile: string; keyFile: string }): void => {
      copyFileSync(certFile, join(folder.path, cert));
      copyFileSync(keyFile, join(folder.path, key));
    };
    use(one);
    const config = join(folder.path, `config-${files}.json`);
    const listeners = [
      { protocol: 'plain', port: 0 },
      { protocol: 'irc', port: 0 },
      { protocol: 'irc', port: 0, tls: { cert, key, ...security } },
    ];
    writeFileSync(config, JSON.stringify({ listeners, ...more }));
    const logged: Record<string, unknown>[] = [];
    const record = (event: string, details?: Readonly<Record<string, unknown>>): void => {
      logged.push({ event, ...details });
    };
    const log = { debug: record, info: record, warn: record, error: record };
    const server = await startChatServer({ config, log });
    onTestFinished(() => server.close());
    return { server, logged, config, use };
  }

  const portOf = ({ listeners }: RunningChatServer, protocol: string, isSecure: boolean): number => {
    const address = listeners.find((one) => one.protocol === protocol && one.isSecure === isSecure)?.address;
    if (address?.family !== 'inet') throw new Error('no such listener');
    return address.port;
  };

  async function dial(
    server: RunningChatServer,
    options: tls.ConnectionOptions = {},
  ): Promise<{ socket: tls.TLSSocket; peer: Peer }> {
    const port = portOf(server, 'irc', true);
    const settings = { port, host: '127.0.0.1', ca: authority.cert, servername: 'one.test', ...options };
    const socket = tls.connect(settings);
    onTestFinished(() => void socket.destroy());
    const peer = new Peer(socket);
    await nextEvent(socket, 'secureConnect');
    return { socket, peer };
  }

  async function register(peer: Peer, nick: string): Promise<void> {
    await peer.write(`NICK ${nick}\r\nUSER ${nick} 0 * :${nick}\r\n`);
    await peer.lineLike(/ 001 /);
    await peer.lineLike(/ 422 /);
  }

  test('people on both ports meet, and WHOIS says who is secure', async () => {
    const { server, logged } = await serve({ clientCertificates: 'request', ca: authority.certFile });
    const secure = await dial(server, { cert: ann.cert, key: ann.key, ALPNProtocols: ['irc'] });
    const bob = await connectPeer(portOf(server, 'irc', false));
    await register(secure.peer, 'ann');
    await register(bob, 'bob');
    expect(secure.socket.alpnProtocol).toBe('irc');
    await bob.write('PRIVMSG ann :hello\r\n');
    await secure.peer.lineLike(/^:bob!.* PRIVMSG ann :hello$/);
    await bob.write('WHOIS ann\r\n');
    await bob.lineLike(/ 671 bob ann :is using a secure connection$/);
    expect(await linesUntil(bob, / 318 /)).not.toContainEqual(expect.stringMatching(/ 276 /));
    await bob.write('WHOIS bob\r\n');
    expect(await linesUntil(bob, / 318 /)).not.toContainEqual(expect.stringMatching(/ 671 /));
    await secure.peer.write('WHOIS ann\r\n');
    await secure.peer.lineLike(
      new RegExp(` 276 ann ann :has client certificate fingerprint ${folder.fingerprint(ann)}$`),
    );
    expect(logged).toContainEqual(expect.objectContaining({ event: 'connected', transport: 'tls', protocol: 'irc' }));
  });

  test('a reload exchanges the certificate, and drops nobody', async () => {
    const { server, use } = await serve();
    const before = await dial(server);
    await register(before.peer, 'ann');
    use(two);
    expect(await server.reload()).toBeNull();
    const after = await dial(server, { servername: 'two.test' });
    expect(after.socket.getPeerCertificate().subject.CN).toBe('two.test');
    await before.peer.write('PING still-here\r\n');
    await before.peer.lineLike(/PONG .*still-here$/);
  });

  test(
    'a reload with a key that does not match changes nothing, and says why',
    { tags: ['needs-early-tls-checks'] },
    async () => {
      const { server, use } = await serve({}, { server: { motd: ['old'] } });
      use({ certFile: two.certFile, keyFile: one.keyFile });
      expect(await server.reload()).toMatch(/listeners\[2\]\.tls: the certificate and the key do not belong together$/);
      const { socket } = await dial(server);
      expect(socket.getPeerCertificate().subject.CN).toBe('one.test');
    },
  );

  test.each([
    ['a missing file', { cert: 'nowhere.pem' }, /listeners\[2\]\.tls\.cert cannot be read: ENOENT/],
    [
      'a name without a certificate',
      { sni: [{ names: [], cert: 'x', key: 'y' }] },
      /sni\[0\]\.names: must not be empty/,
    ],
    ['a wrong word', { clientCertificates: 'maybe' }, /must be one of none, request, require/],
  ])('%s is a problem of the configuration', async (_what, security, message) => {
    const starting = serve(security);
    await expect(starting).rejects.toBeInstanceOf(ConfigError);
    await expect(starting).rejects.toThrow(message);
  });

  test('a certificate that has expired, or soon will, is logged', async () => {
    const old = folder.make({ name: 'old.test', days: 0 });
    const { logged } = await serve({
      sni: [{ names: ['old.test'], cert: old.certFile, key: old.keyFile }],
    });
    expect(logged).toContainEqual(
      expect.objectContaining({ event: expect.stringMatching(/^certificate expire/), file: old.certFile }),
    );
    expect(logged.filter(({ event }) => String(event).startsWith('certificate'))).toHaveLength(1);
  });

  test('the metrics have handshakes by their result, the clients, and when certificates expire', async () => {
    const old = folder.make({ name: 'old.test', days: -1 });
    const sni = [{ names: ['old.test'], cert: old.certFile, key: old.keyFile }];
    const { server, logged } = await serve({ sni, handshakeTimeoutMs: 200 }, { admin: { port: 0 } });
    const { peer } = await dial(server);
    await register(peer, 'ann');
    const plain = await connectPeer(portOf(server, 'irc', true));
    await plain.write('NICK ann\r\n');
    await plain.ended();
    const silent = await connectPeer(portOf(server, 'irc', true));
    await silent.ended();
    const { adminAddress } = server;
    if (adminAddress?.family !== 'inet') throw new Error('no admin listener');
    const answer = await (await fetch(`http://127.0.0.1:${adminAddress.port}/metrics`)).text();
    const value = (sample: string): number => {
      const line = answer.split('\n').find((text) => text.startsWith(`${sample} `)) ?? '';
      return Number(line.slice(sample.length));
    };
    const results = ['ok', 'not-tls', 'timeout', 'unauthorized', 'failed'];
    expect(results.map((result) => value(`fdmux_tls_handshakes_total{result="${result}"}`))).toEqual([1, 1, 1, 0, 0]);
    expect(value('fdmux_connections_refused_total{cause="handshake"}')).toBe(2);
    expect(value('fdmux_tls_clients')).toBe(1);
    const expiry = value(`fdmux_tls_certificate_expiry_timestamp_seconds{file="${old.certFile}"}`);
    expect(expiry).toBeGreaterThan(0);
    expect(expiry).toBeLessThan(Date.now() / 1000);
    expect(answer.match(/^fdmux_tls_certificate_expiry_timestamp_seconds/gm)).toHaveLength(2);
    expect(logged).toContainEqual(expect.objectContaining({ event: 'certificate expired', file: old.certFile }));
  });

  test('a certificate that several listeners share is warned of once, and again after a reload', async () => {
    const old = folder.make({ name: 'old.test', days: 0 });
    const config = join(folder.path, 'shared.json');
    const security = { cert: old.certFile, key: old.keyFile };
    const listeners = ['irc', 'plain', 'web'].map((protocol) => ({ protocol, port: 0, tls: security }));
    writeFileSync(config, JSON.stringify({ listeners }));
    const warnings: string[] = [];
    const ignore = (): void => undefined;
    const log = { debug: ignore, info: ignore, warn: (event: string) => warnings.push(event), error: ignore };
    const server = await startChatServer({ config, log });
    onTestFinished(() => server.close());
    const isExpiry = (event: string): boolean => event.startsWith('certificate');
    expect(warnings.filter(isExpiry)).toHaveLength(1);
    expect(await server.reload()).toBeNull();
    expect(warnings.filter(isExpiry)).toHaveLength(2);
  });

  test('a certificate is required where the configuration says so', async () => {
    const { server, logged } = await serve({ clientCertificates: 'require', ca: authority.certFile });
    const { peer } = await dial(server, { cert: ann.cert, key: ann.key });
    await register(peer, 'ann');
    const stranger = tls.connect({ port: portOf(server, 'irc', true), host: '127.0.0.1', rejectUnauthorized: false });
    stranger.on('error', () => undefined);
    onTestFinished(() => void stranger.destroy());
    await until(() => logged.some(({ event }) => event === 'connection refused'), 'the refusal');
  });

  test('a plain peer on the TLS port is closed, and the log says so', async () => {
    const { server, logged } = await serve();
    const peer = await connectPeer(portOf(server, 'irc', true));
    await peer.write('NICK ann\r\n');
    await peer.ended();
    await until(() => logged.some(({ event }) => event === 'connection refused'), 'the log');
    expect(logged).toContainEqual(
      expect.objectContaining({
        event: 'connection refused',
        host: '127.0.0.1',
        reason: 'the peer does not speak TLS: its first byte is 0x4e',
      }),
    );
  });

  test.each(['plain', 'irc'])('a TLS peer on the port for %s gets a notice, and the log a record', async (protocol) => {
    const { server, logged } = await serve();
    const raw = connectPlain(portOf(server, protocol, false), '127.0.0.1');
    const socket = tls.connect({ socket: raw, rejectUnauthorized: false });
    onTestFinished(() => void socket.destroy());
    await expect(nextEvent(socket, 'secureConnect')).rejects.toThrow();
    socket.destroy();
    await until(
      () => logged.some(({ event, reason }) => event === 'closed' && String(reason).includes('TLS')),
      'the log',
    );
  });

  test('STS names the port to those who are not secure yet, and the time to the others', async () => {
    const { server } = await serve({}, { sts: { port: 6697, durationSeconds: 3600 } });
    const bob = await connectPeer(portOf(server, 'irc', false));
    const { peer } = await dial(server);
    await bob.write('CAP LS 302\r\n');
    expect(await bob.lineLike(/CAP \* LS :/)).toMatch(/ sts=port=6697,duration=3600(?: |$)/);
    await peer.write('CAP LS 302\r\n');
    expect(await peer.lineLike(/CAP \* LS :/)).toMatch(/ sts=duration=3600(?: |$)/);
    await bob.write('CAP REQ :sts\r\n');
    await bob.lineLike(/CAP \* NAK :sts$/);
    await bob.write('CAP LS\r\n');
    expect(await bob.lineLike(/CAP \* LS :/)).not.toContain('sts');
  });

  test('flags add IRC over TLS', async () => {
    const flags = { plainPort: 0, without: ['irc' as const], tlsCert: one.certFile, tlsKey: one.keyFile, tlsPort: 0 };
    const server = await startChatServer(flags);
    onTestFinished(() => server.close());
    const { peer } = await dial(server);
    await register(peer, 'ann');
    await expect(startChatServer({ tlsCert: one.certFile })).rejects.toThrow('a certificate needs its key');
    await expect(startChatServer({ tlsPort: 0 })).rejects.toThrow('needs a certificate');
  });

  async function linesUntil(peer: Peer, last: RegExp): Promise<string[]> {
    const lines: string[] = [];
    do lines.push(await peer.line());
    while (!last.test(lines.at(-1) ?? ''));
    return lines;
  }
});
