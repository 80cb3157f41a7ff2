/** The deploy hook of certbot: a renewed certificate reaches a running server. */
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CertificateFolder, hasOpenssl, type TestIdentity } from '../support/certificates.js';
import { nextEvent } from '../support/deadline.js';
import { Peer } from '../support/peers.js';
import { packagePath, projectPath, run, startCli } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';

async function dial(port: number): Promise<{ peer: Peer; name: unknown }> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  onTestFinished(() => void socket.destroy());
  const peer = new Peer(socket);
  await nextEvent(socket, 'secureConnect');
  return { peer, name: socket.getPeerCertificate().subject.CN };
}

describe.skipIf(!hasOpenssl)('the hook', () => {
  const certificates = new CertificateFolder();

  const hook = projectPath('deploy/certbot-hook.sh');
  const ownGroup = (folder: string): string => String(statSync(folder).gid);

  const renew = (folder: string, { certFile, keyFile }: TestIdentity): void => {
    mkdirSync(folder, { recursive: true });
    copyFileSync(certFile, join(folder, 'fullchain.pem'));
    copyFileSync(keyFile, join(folder, 'privkey.pem'));
    chmodSync(join(folder, 'privkey.pem'), 0o600);
  };

  test('replaces the files and has the server read them; whoever is connected stays', async () => {
    const folder = temporaryFolder();
    const lineage = join(folder, 'lineage');
    renew(folder, certificates.make({ name: 'old.test' }));
    const config = join(folder, 'fdmux.json');
    const security = { cert: 'fullchain.pem', key: 'privkey.pem' };
    writeFileSync(config, JSON.stringify({ listeners: [{ protocol: 'plain', port: 0, tls: security }] }));
    const server = startCli(['serve', '--config', config]);
    const [, port] = await server.line(/plain lines.*:(\d+)/);
    await server.line('Ctrl-C ends the server.');
    const ann = await dial(Number(port));
    expect(ann.name).toBe('old.test');

    renew(lineage, certificates.make({ name: 'new.test' }));
    const env = {
      RENEWED_LINEAGE: lineage,
      FDMUX_CERTIFICATES: folder,
      FDMUX_GROUP: ownGroup(folder),
      FDMUX_RELOAD: `kill -HUP ${server.pid}`,
    };
    expect(await run('sh', [hook], { env })).toMatchObject({ code: 0, stderr: '' });
    await server.errorText(/configuration reloaded/);

    const bob = await dial(Number(port));
    expect(bob.name).toBe('new.test');
    await ann.peer.lineLike(/joined/);
    await ann.peer.write('still here\n');
    expect(await bob.peer.lineLike(/say: /)).toContain('still here');
    expect(readdirSync(folder).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  test('changes nothing if the renewed files are not there', async () => {
    const folder = temporaryFolder();
    renew(folder, certificates.make({ name: 'old.test' }));
    const env = {
      RENEWED_LINEAGE: join(folder, 'nowhere'),
      FDMUX_CERTIFICATES: folder,
      FDMUX_GROUP: ownGroup(folder),
      FDMUX_RELOAD: 'echo reloaded',
    };
    const { code, stdout } = await run('sh', [hook], { env });
    expect(code).not.toBe(0);
    expect(stdout).toBe('');
    expect(readdirSync(folder).sort()).toEqual(['fullchain.pem', 'privkey.pem']);
  });

  const isRoot = process.getuid?.() === 0;
  const rootNote = isRoot ? '' : ' (only root can give files to any group)';

  test.skipIf(!isRoot)(`lets the server's group read the key that was root's alone${rootNote}`, async () => {
    const folder = temporaryFolder();
    const lineage = join(folder, 'lineage');
    renew(lineage, certificates.make({ name: 'new.test' }));
    const daemon = 1;
    const env = {
      RENEWED_LINEAGE: lineage,
      FDMUX_CERTIFICATES: folder,
      FDMUX_GROUP: String(daemon),
      FDMUX_RELOAD: 'true',
    };
    expect(await run('sh', [hook], { env })).toMatchObject({ code: 0, stderr: '' });
    for (const name of ['fullchain.pem', 'privkey.pem']) {
      const { mode, uid, gid } = statSync(join(folder, name));
      expect({ mode: mode & 0o777, uid, gid }).toEqual({ mode: 0o640, uid: 0, gid: daemon });
    }
  });

  test('gives the files to the group of the unit', () => {
    const unit = readFileSync(projectPath('deploy/fdmux.service'), 'utf8');
    const [, group] = /^Group=(\w+)$/m.exec(unit) ?? [];
    expect(group).toBeDefined();
    expect(readFileSync(hook, 'utf8')).toContain(`group=\${FDMUX_GROUP:-${group}}`);
  });

  test('is in the package', () => {
    expect(readdirSync(packagePath('dist/systemd'))).toContain('certbot-hook.sh');
  });
});
