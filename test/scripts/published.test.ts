import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readJson } from '../support/installed-package.js';
import { projectPath, run } from '../support/processes.js';

/** What the registry gets, and how a clone avoids giving it anything else. */

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-published-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Runs a few lines that can call the functions of a module of scripts/lib, and returns what they print. */
async function withModule(name: string, lines: string): Promise<string> {
  const source = `import * as lib from '${projectPath(`scripts/lib/${name}.mjs`)}';\n${lines}`;
  const { code, stdout } = await run(process.execPath, ['--input-type=module', '-e', source]);
  expect(code).toBe(0);
  return stdout;
}

test('the package names the repository that the workflow runs in, is not private, and has no scripts', async () => {
  const printed = await withModule(
    'published',
    `const url = lib.repositoryUrl({ GITHUB_SERVER_URL: 'https://git.example', GITHUB_REPOSITORY: 'some/where' });
    console.log(JSON.stringify(lib.publishedManifest({ name: 'x', private: true, scripts: { prepare: 'y' } }, url)));
    console.log(JSON.stringify(lib.publishedManifest({ name: 'x', private: true }, lib.repositoryUrl({}))));`,
  );
  const repository = { type: 'git', url: 'git+https://git.example/some/where.git' };
  expect(printed).toBe(`${JSON.stringify({ name: 'x', repository })}\n{"name":"x"}\n`);
});

test('the binding.gyp of the package is for native/, and builds into the folder of the package', async () => {
  const printed = await withModule(
    'published',
    `import { existsSync, readFileSync } from 'node:fs';
    const text = lib.publishedGyp(readFileSync('${projectPath('binding.gyp')}', 'utf8'));
    const sources = [...text.matchAll(/"([^"]+[.]cc)"/g)].map(([, path]) => path);
    console.log(sources.length > 20, sources.filter((path) => !existsSync('${projectPath('native')}/' + path)).length);
    console.log(text.includes('native/'), text.includes('"product_dir": "<(module_root_dir)/../build/Release"'));`,
  );
  expect(printed).toBe('true 0\nfalse true\n');
});

test('the package has no binding.gyp at its top, which npm would compile from a lock file', () => {
  expect(readJson(projectPath('package.json'))).toMatchObject({ files: expect.not.arrayContaining(['binding.gyp']) });
});

test('every link of the README of the package leads to the repository, at the version of the package', async () => {
  const printed = await withModule(
    'published',
    `import { readFileSync } from 'node:fs';
    const readme = readFileSync('${projectPath('README.md')}', 'utf8');
    const published = lib.publishedReadme(readme, 'https://git.example/some/where', '1.2.3');
    console.log(lib.relativeLinks(readme).length > 5, lib.relativeLinks(published).length);
    console.log(published.includes('](https://git.example/some/where/blob/v1.2.3/docs/chat.md)'));
    console.log(lib.publishedReadme('[a](#here) [b](https://other.example/) ![c](d.svg)', 'https://x/y/z', '1'));
    console.log(lib.publishedReadme('[![e](../../actions/f/badge.svg)](../../actions/f)', 'https://x/y/z', '1'));`,
  );
  const links = '[a](#here) [b](https://other.example/) ![c](https://x/y/z/raw/v1/d.svg)';
  const badge = '[![e](https://x/y/z/actions/f/badge.svg)](https://x/y/z/actions/f)';
  expect(printed).toBe(`true 0\ntrue\n${links}\n${badge}\n`);
});

test('npm pack in a clone is refused, and names the script that packs', async () => {
  const clone = temporaryFolder();
  for (const name of ['package.json', '.npmrc']) cpSync(projectPath(name), join(clone, name));
  const { code, stderr } = await run('npm', ['pack'], { cwd: clone });
  expect(code).not.toBe(0);
  expect(stderr).toContain('use-npm-run-package');
});

test('npm publish in a clone is refused, since its package is private', () => {
  expect(readJson(projectPath('package.json'))).toMatchObject({ private: true });
});

test('Zig has caches of its own, which are emptied after a failure for a second try', async () => {
  const folder = join(temporaryFolder(), 'zig');
  const printed = await withModule(
    'zig',
    `import { existsSync, mkdirSync } from 'node:fs';
    let tries = 0;
    const result = await lib.withZigCaches('${folder}', async (env) => {
      const isClean = !existsSync(env.ZIG_GLOBAL_CACHE_DIR) && !existsSync(env.ZIG_LOCAL_CACHE_DIR);
      for (const cache of Object.values(env)) mkdirSync(cache, { recursive: true });
      tries += 1;
      if (tries === 1) throw new Error('a damaged cache');
      return { tries, isClean, isOwn: Object.values(env).every((cache) => cache.startsWith('${folder}')) };
    });
    console.log(JSON.stringify(result));
    await lib.withZigCaches('${folder}', async () => { throw new Error('a fault of the sources'); }).catch((error) => console.log(error.message));`,
  );
  expect(printed).toBe('{"tries":2,"isClean":true,"isOwn":true}\na fault of the sources\n');
});
