import { writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CertificateFolder, hasOpenssl } from '../support/certificates.js';
import { startCli } from '../support/processes.js';

describe.skipIf(!hasOpenssl)('TLS on the command line', () => {
  const folder = new CertificateFolder();
  const authority = folder.make({ name: 'authority.test', isAuthority: true });
  const local = folder.make({ name: 'localhost', issuer: authority });

  async function servePlainOverTls(): Promise<number> {
    const config = joinPath(folder.path, 'server.json');
    const tls = { cert: local.certFile, key: local.keyFile };
    writeFileSync(config, JSON.stringify({ listeners: [{ protocol: 'plain', port: 0, tls }] }));
    const server = startCli(['serve', '--config', config]);
    const [, port] = await server.line(/plain lines over TLS +127\.0\.0\.1:(\d+)$/);
    return Number(port);
  }

  test('serve adds IRC over TLS, and prints where', async () => {
    const files = ['--tls-cert', local.certFile, '--tls-key', local.keyFile];
    const server = startCli(['serve', '--plain-port', '0', '--no-irc', ...files, '--tls-port', '0']);
    await server.line(/IRC over TLS +127\.0\.0\.1:\d+$/);
    server.kill('SIGTERM');
    expect((await server.ended()).code).toBe(0);
  });

  test('connect talks to a server that it trusts', async () => {
    const port = await servePlainOverTls();
    const ann = startCli(['connect', '--ca', authority.certFile, `localhost:${port}`]);
    // Only the sender of a line that is too long gets an answer, which says that ann is in the room.
    ann.write(`${'x'.repeat(10_000)}\n`);
    await ann.line(/ server: that line was longer /);
    const bob = startCli(['connect', '--insecure', `127.0.0.1:${port}`]);
    await ann.line(/ joined$/);
    bob.write('hello over TLS\n');
    await ann.line(/ say: hello over TLS$/);
    for (const client of [ann, bob]) {
      client.write('exit\n');
      expect((await client.ended()).code).toBe(0);
    }
  });

  test('connect refuses another, and says what helps', async () => {
    const port = await servePlainOverTls();
    const stranger = startCli(['connect', '--tls', `localhost:${port}`]);
    const { code, stderr } = await stranger.ended();
    expect(code).toBe(1);
    expect(stderr).toMatch(/--ca names authorities to trust, --insecure trusts anybody/);
    const wrong = startCli(['connect', '--ca', '/nonexistent.pem', `localhost:${port}`]);
    expect((await wrong.ended()).stderr).toContain('--ca /nonexistent.pem cannot be read');
  });
});
