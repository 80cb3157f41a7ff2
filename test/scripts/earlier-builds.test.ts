/** A build beside a process that still runs with what an earlier one has made. */
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectPath, run, start } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';

const node = process.execPath;

interface Built {
  readonly path: string;
  readonly text: string;
}

/** Runs a line that can call the functions of scripts/lib, and returns what it prints. */
async function inScripts(line: string): Promise<string> {
  const imports = ['own-folder', 'earlier-builds'].map(
    (name) => `import * as ${name.replaceAll('-', '_')} from '${projectPath(`scripts/lib/${name}.mjs`)}';\n`,
  );
  const { code, stdout, stderr } = await run(node, ['--input-type=module', '-e', `${imports.join('')}${line}`]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

async function moved(files: readonly Built[]): Promise<readonly Built[]> {
  const call = `own_folder.intoOwnFolder(${JSON.stringify(files)}, '/p/dist', ['/p/dist/index.js'])`;
  const made: readonly Built[] = JSON.parse(await inScripts(`console.log(JSON.stringify(${call}));`));
  return made;
}

const filesOf = (late: string): readonly Built[] => [
  { path: '/p/dist/index.js', text: 'require("./chunks/shared-1.js"); later(() => import("./late.js"));' },
  { path: '/p/dist/late.js', text: late },
  {
    path: '/p/dist/chunks/shared-1.js',
    text: 'require("../late.js"); require("./shared-2.js"); require("../x.node");',
  },
  { path: '/p/dist/chunks/shared-2.js', text: 'require("node:fs");' },
];

test('all files but the entries are in a folder whose name changes with any of them', async () => {
  const [index, late, shared, other] = await moved(filesOf('exports.value = 1;'));
  const folder = /^\/p\/dist\/(chunks-[0-9a-f]{12})\/late\.js$/.exec(late?.path ?? '')?.[1];
  expect(index).toEqual({
    path: '/p/dist/index.js',
    text: expect.stringMatching(
      new RegExp(
        `^require\\("./${folder}/shared-1.js"\\); later\\(\\(\\) => import\\("./${folder}/late.js"\\)\\);//-*\n$`,
      ),
    ),
  });
  expect(shared).toEqual({
    path: `/p/dist/${folder}/shared-1.js`,
    text: 'require("./late.js"); require("./shared-2.js"); require("../x.node");',
  });
  expect(other?.path).toBe(`/p/dist/${folder}/shared-2.js`);
  expect((await moved(filesOf('exports.value = 1;')))[1]).toEqual(late);
  expect((await moved(filesOf('exports.value = 2;')))[1]?.path).not.toBe(late?.path);
});

test('an entry has another length in another build: Deno takes the code of an earlier one of the same length', async () => {
  const lengths: (number | undefined)[] = [];
  for (const value of [1, 2, 3]) lengths.push((await moved(filesOf(`exports.value = ${value};`)))[0]?.text.length);
  expect(new Set(lengths).size).toBe(3);
});

test('a process loads late what belongs to its own build, which stays as long as that process runs', async () => {
  const folder = temporaryFolder();
  const dist = join(folder, 'dist');
  cpSync(projectPath('dist'), dist, { recursive: true, filter: (path) => !path.endsWith('.d.ts') });
  cpSync(projectPath('build/Release/fdmux.node'), join(folder, 'build/Release/fdmux.node'));
  const builds = () => readdirSync(dist).filter((name) => name.startsWith('chunks-'));
  expect(builds().length).toBeGreaterThan(0);
  const program = `
    const fdmux = require('${dist}/index.js');
    new fdmux.Epoll().close();
    console.log('runs');
    process.stdin.on('end', () => console.log('loads', fdmux.TTY.TCGETS === 0x5401)).resume();
  `;
  const old = start(node, ['-e', program], { cwd: folder, env: { FDMUX_BINARY: undefined } });
  await old.line('runs');

  const next = join(dist, 'chunks-000000000000');
  mkdirSync(next);
  writeFileSync(join(next, 'devices.js'), "exports.TTY = 'of the next build';");
  writeFileSync(join(dist, 'index.js'), "module.exports = require('./chunks-000000000000/devices.js');");
  const before = builds();
  const remove = `earlier_builds.removeEarlierBuilds('${dist}', '${next}');`;
  await inScripts(remove);
  expect(builds()).toEqual(before);
  await inScripts(`earlier_builds.removeAllButBuilds('${dist}');`);
  expect(existsSync(join(dist, 'cli.js'))).toBe(false);
  old.end();
  expect(await old.ended()).toMatchObject({ stdout: 'runs\nloads true\n', code: 0 });

  await inScripts(remove);
  expect(builds()).toEqual(['chunks-000000000000']);
});

test('a process that has only begun to load counts, too', async () => {
  const folder = temporaryFolder();
  for (const build of ['chunks-1', 'chunks-2']) mkdirSync(join(folder, 'dist', build), { recursive: true });
  writeFileSync(join(folder, 'dist/cli.js'), "console.log('begins'); process.stdin.resume();");
  const begun = start(node, ['dist/cli.js'], { cwd: folder });
  await begun.line('begins');
  const remove = `earlier_builds.removeEarlierBuilds('${folder}/dist', '${folder}/dist/chunks-2');`;
  await inScripts(remove);
  expect(existsSync(join(folder, 'dist/chunks-1'))).toBe(true);
  begun.end();
  await begun.ended();
  await inScripts(remove);
  expect(readdirSync(join(folder, 'dist')).toSorted()).toEqual(['chunks-2', 'cli.js']);
});
