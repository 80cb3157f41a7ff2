import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { projectPath, run, start } from '../support/processes.js';

/** What `npm start` and `npm test` begin with. */

const ensure = projectPath('scripts/ensure.mjs');
const node = process.execPath;

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-scripts-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('where nothing has changed nothing is done and nothing said', async () => {
  expect(await run(node, [ensure], { cwd: projectPath() })).toMatchObject({ code: 0, stdout: '', stderr: '' });
});

test.each(['18.20.0', '20.18.3', '21.7.0', '22.11.0', '23.11.0'])(
  'Node.js %s is turned away in one line',
  async (version) => {
    const preload = join(temporaryFolder(), 'version.cjs');
    writeFileSync(
      preload,
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
     Object.defineProperty(process, 'version', { value: 'v${version}' });`,
    );
    const { code, stderr } = await run(node, ['--require', preload, ensure]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        new RegExp(`^fdmux needs Node.js 20.19, 22.12, 24 or newer; this is v${version} .*\\n$`),
      ),
    });
  },
);

test('a machine without a compiler is told what to install', async () => {
  const source = `
    import { buildNative } from '${projectPath('scripts/lib/build-native.mjs')}';
    import { runMain } from '${projectPath('scripts/lib/progress.mjs')}';
    runMain(() => buildNative());
  `;
  const { code, stderr } = await run(node, ['--input-type=module', '-e', source], {
    env: { PATH: temporaryFolder(), CXX: undefined, PYTHON: undefined },
  });
  expect(code).toBe(1);
  expect(stderr).toContain('this machine lacks a C++ compiler (g++), make, python3');
  expect(stderr).toContain('apt-get install g++ make python3');
  expect(stderr).not.toContain('    at ');
});

describe('the lock', () => {
  const holder = (path: string, name: string): string => `
    import { withLock } from '${projectPath('scripts/lib/lock.mjs')}';
    console.log('${name} started');
    await withLock('${path}', () => new Promise((resolve) => {
      console.log('${name} holds it');
      process.stdin.on('end', resolve).resume();
    }));
    console.log('${name} let go');
  `;
  const startHolder = (path: string, name: string) => start(node, ['--input-type=module', '-e', holder(path, name)]);

  test('lets two take turns', async () => {
    const path = join(temporaryFolder(), 'lock');
    const first = startHolder(path, 'first');
    await first.line('first holds it');
    const second = startHolder(path, 'second');
    await second.errorText(/another build of this folder is under way/);
    expect(second.stdout).toBe('second started\n');
    first.end();
    await second.line('second holds it');
    second.end();
    expect(await second.ended()).toMatchObject({ code: 0 });
  });

  test('of a process that is gone is taken over', async () => {
    const path = join(temporaryFolder(), 'lock');
    const first = startHolder(path, 'first');
    await first.line('first holds it');
    first.kill('SIGKILL');
    await first.ended();
    const second = startHolder(path, 'second');
    second.end();
    await second.line('second holds it');
    expect(await second.ended()).toMatchObject({ code: 0 });
  });
});
