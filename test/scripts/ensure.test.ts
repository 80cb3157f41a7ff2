import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

test('if nothing has changed, nothing is built and nothing printed', async () => {
  expect(await run(node, [ensure], { cwd: projectPath() })).toMatchObject({ code: 0, stdout: '', stderr: '' });
});

test.each(['start', 'test', 'test:long', 'coverage', 'bench:store'])(
  'npm run %s has an SQLite for the store',
  (name) => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      readFileSync(projectPath('package.json'), 'utf8'),
    );
    expect(scripts[name]).toMatch(/^node scripts\/ensure\.mjs --store && /);
  },
);

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

test('without a compiler, the error says what to install', async () => {
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
  const holder = (folder: string, name: string): string => `
    import { withLock } from '${projectPath('scripts/lib/lock.mjs')}';
    console.log('${name} started');
    await withLock('${folder}', () => new Promise((resolve) => {
      console.log('${name} holds it');
      process.stdin.on('end', resolve).resume();
    }));
    console.log('${name} let go');
  `;
  const startHolder = (folder: string, name: string) =>
    start(node, ['--input-type=module', '-e', holder(folder, name)]);

  test('makes two take turns', async () => {
    const folder = temporaryFolder();
    const first = startHolder(folder, 'first');
    await first.line('first holds it');
    const second = startHolder(folder, 'second');
    await second.errorText(/another process is at work on this folder/);
    expect(second.stdout).toBe('second started\n');
    first.end();
    await second.line('second holds it');
    second.end();
    expect(await second.ended()).toMatchObject({ code: 0 });
  });

  test('of one folder does not block another', async () => {
    const [first, second] = [startHolder(temporaryFolder(), 'first'), startHolder(temporaryFolder(), 'second')];
    await Promise.all([first.line('first holds it'), second.line('second holds it')]);
  });

  test('of a process that was killed goes to one of those that wait', async () => {
    const folder = temporaryFolder();
    const first = startHolder(folder, 'first');
    await first.line('first holds it');
    const others = ['second', 'third'].map((name) => startHolder(folder, name));
    for (const other of others) await other.errorText(/another process is at work on this folder/);
    first.kill('SIGKILL');
    const turns = others.map(async (other) => other.line(/holds it/).then(() => other));
    const winner = await Promise.race(turns);
    expect(others.filter(({ stdout }) => stdout.includes('holds it'))).toEqual([winner]);
    winner.end();
    expect(await winner.ended()).toMatchObject({ code: 0, stdout: expect.stringContaining('let go') });
    await Promise.all(turns);
    const loser = others.find((other) => other !== winner);
    loser?.end();
    expect(await loser?.ended()).toMatchObject({ code: 0 });
  });
});
