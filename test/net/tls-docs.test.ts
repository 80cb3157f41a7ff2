import { readFileSync } from 'node:fs';
import { stop, transform } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';
import { CertificateFolder, hasOpenssl } from '../support/certificates.js';
import { codeBlocks } from '../support/markdown.js';
import { projectPath, run } from '../support/processes.js';

/** The example of docs/net.md, with an address and certificates that a test can have. */

afterAll(() => stop());

describe.skipIf(!hasOpenssl)(`TLS in docs/net.md${hasOpenssl ? '' : ' (needs openssl)'}`, () => {
  const folder = new CertificateFolder();
  const authority = folder.make({ name: 'authority.test', isAuthority: true });
  const local = folder.make({ name: 'localhost', issuer: authority });
  const other = folder.make({ name: 'a.example.org', issuer: authority });

  /** Replaces a part that has to be there. */
  function replaced(text: string, part: string, by: string): string {
    expect(text).toContain(part);
    return text.replace(part, by);
  }

  test('the example runs', { tags: ['needs-module-eval'] }, async () => {
    const blocks = codeBlocks(readFileSync(projectPath('docs/net.md'), 'utf8'));
    let example = blocks.find(({ text }) => text.includes('setSecureContext'))?.text ?? '';
    example = replaced(example, 'port: 6697', 'port: 0');
    example = replaced(example, 'port: 6697', 'port: listener.address.port');
    example = replaced(example, "host: 'irc.example.org'", "host: 'localhost'");
    example = replaced(example, 'tls: true', "tls: { ca, ALPNProtocols: ['irc'] }");
    const program = `
      import { listen, connect } from 'fdmux';
      import { readFileSync } from 'node:fs';
      const [ca, cert, key, other, otherKey] = process.argv.slice(1).map((file) => readFileSync(file));
      const [renewed, renewedKey] = [cert, key];
      ${example}
      connection.destroy();
      await listener.close({ drainMs: null });
    `;
    const { code } = await transform(program, { loader: 'ts', format: 'esm', target: 'node20' });
    const files = [authority.certFile, local.certFile, local.keyFile, other.certFile, other.keyFile];
    const outcome = await run(process.execPath, ['--input-type=module', '-e', code, ...files]);
    expect(outcome).toMatchObject({ stderr: '', code: 0 });
    expect(outcome.stdout).toContain('localhost TLSv1.3\n');
    expect(outcome.stdout).toContain('true localhost irc\n');
  });
});
