/** A program that a bundler has made, without an installed package beside it. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { libcName } from '../support/installed-package.js';
import { projectPath, run } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';

test('shared code in a folder below the program finds the binaries that are beside the program', async () => {
  const folder = temporaryFolder();
  const fdmux = JSON.stringify(projectPath('dist/esm/index.js'));
  writeFileSync(join(folder, 'lazy.mjs'), `export { pipe } from ${fdmux};`);
  writeFileSync(
    join(folder, 'app.mjs'),
    `import { Epoll } from ${fdmux};
     import('./lazy.mjs').then(({ pipe }) => console.log(pipe().length, typeof Epoll));`,
  );
  const program = join(folder, 'built/program');
  const options = ['--bundle', '--splitting', '--format=esm', '--platform=node', '--loader:.node=empty'];
  const names = ['--chunk-names=assets/[name]-[hash]', '--out-extension:.js=.mjs', `--outdir=${program}`];
  const esbuild = projectPath('node_modules/.bin/esbuild');
  expect(await run(esbuild, ['app.mjs', ...options, ...names], { cwd: folder })).toMatchObject({ code: 0 });
  const binary = join(program, `prebuilds/linux-${process.arch}/fdmux.${libcName()}.node`);
  cpSync(process.env['FDMUX_BINARY'] ?? projectPath('build/Release/fdmux.node'), binary);
  const env = { FDMUX_BINARY: undefined };
  expect(await run(process.execPath, [join(program, 'app.mjs')], { env })).toMatchObject({
    stdout: '2 function\n',
    stderr: '',
    code: 0,
  });
});
