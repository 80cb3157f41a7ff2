/** How better-sqlite3 gets its binary, for a Node.js that has no SQLite of its own. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { projectPath, run } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';

/** A mirror of binaries. @returns its URL */
async function mirror(archive: Buffer | null): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(archive === null ? 404 : 200).end(archive);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

/** Fetches from a mirror into a folder, and returns what the program says that does it. */
async function fetchFrom(url: string, folder: string): Promise<string> {
  cpSync(projectPath('node_modules/better-sqlite3/package.json'), join(folder, 'package.json'));
  const source = `import { fetchBinary } from '${projectPath('scripts/lib/build-sqlite.mjs')}';
    console.log(await fetchBinary('${folder}'));`;
  const env = { npm_config_better_sqlite3_binary_host: url, npm_config_cache: temporaryFolder() };
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', source], { env });
  return stdout;
}

/** An archive as the authors publish it, with an addon in it that can be loaded. */
function archiveOf(addon: string): Buffer {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'build/Release'), { recursive: true });
  cpSync(addon, join(folder, 'build/Release/better_sqlite3.node'));
  return execFileSync('tar', ['--create', '--gzip', '--directory', folder, 'build']);
}

test('it is fetched', async () => {
  const folder = temporaryFolder();
  const url = await mirror(archiveOf(projectPath('build/Release/fdmux.node')));
  expect(await fetchFrom(url, folder)).toBe('true\n');
  expect(existsSync(join(folder, 'build/Release/better_sqlite3.node'))).toBe(true);
});

test('if there is none to be had, or none that can be loaded, it has to be compiled', async () => {
  expect(await fetchFrom(await mirror(null), temporaryFolder())).toBe('false\n');
  expect(await fetchFrom(await mirror(archiveOf(projectPath('package.json'))), temporaryFolder())).toBe('false\n');
  expect(await fetchFrom('http://127.0.0.1:1', temporaryFolder())).toBe('false\n');
});
