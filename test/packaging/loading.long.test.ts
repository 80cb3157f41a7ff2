/** The package as a user installs it: from the tarball, with no compiler and no script run; and its bad days. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build, stop } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';
import { installedPackage, libcName, readJson } from '../support/installed-package.js';
import { commonJs, esModule, expectWorks, testLoading } from './loading.js';

const installed = installedPackage();

afterAll(() => stop()); // esbuild keeps a process of its own otherwise.

const here = `linux-${process.arch}`;

/** Prints what the first call of a package that cannot work says. */
const firstCall = `
  const { Epoll, pollSync } = require('fdmux');
  console.log('imported');
  for (const call of [() => new Epoll(), () => pollSync([], 0)]) {
    try { call(); console.log('no error'); } catch (error) { console.log(error.code + ': ' + error.message); }
  }
`;

describe('installed with scripts ignored and no compiler', () => {
  testLoading(installed);

  test('no dependency was installed with it', () => {
    expect(readdirSync(join(installed().project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'fdmux',
    ]);
    expect(readJson(join(installed().project, 'package-lock.json'))).toMatchObject({
      packages: { 'node_modules/fdmux': expect.not.objectContaining({ hasInstallScript: true }) },
    });
  });
});

/** Runs a shell that may mount; its mounts end with it. */
const inMountNamespace = ['unshare', '--map-root-user', '--mount', 'sh', '-c'];
/** Makes the working folder read-only there. */
const mountReadOnly = 'mount --bind "$PWD" "$PWD" && mount -o remount,bind,ro "$PWD"';

/** Not every machine gives a user a mount namespace. */
function canMountReadOnly(): boolean {
  const [command = '', ...args] = inMountNamespace;
  return spawnSync(command, [...args, mountReadOnly], { cwd: tmpdir() }).status === 0;
}

describe('on bad days', () => {
  test('without a binary for this system importing works, and a call says what it looked for and how to build', async () => {
    const project = installed().copy();
    rmSync(join(project.folder, 'prebuilds'), { recursive: true });
    const { stdout, code } = await project.run('first.cjs', firstCall);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^imported\n(ERR_UNSUPPORTED_PLATFORM: .*\n){2}$/);
    expect(stdout).toContain(here);
    expect(stdout).toContain(join(project.folder, 'prebuilds', here));
    const sources = join(project.folder, 'native');
    expect(stdout).toContain(`npx node-gyp rebuild --directory ${sources}`);
    expect(existsSync(join(sources, 'binding.gyp'))).toBe(true);
  });

  test('a corrupt binary is one clear error that names the file', async () => {
    const project = installed().copy();
    const binary = join(project.folder, 'prebuilds', here, `fdmux.${libcName()}.node`);
    writeFileSync(binary, 'not an ELF file');
    const { stdout, code } = await project.run('first.cjs', firstCall);
    expect(code).toBe(0);
    // The runtime's message about the file may take several lines.
    expect(stdout).toMatch(/^imported\n(ERR_UNSUPPORTED_PLATFORM: [^]*){2}$/);
    expect(stdout).not.toContain('no error');
    expect(stdout).toContain(binary);
  });

  test.each(['darwin', 'win32'])(
    'on %s importing is safe and every call says that Linux is needed',
    async (platform) => {
      const source = `Object.defineProperty(process, 'platform', { value: '${platform}' });\n${firstCall}`;
      const { stdout, code } = await installed().run('elsewhere.cjs', source);
      expect({ stdout, code }).toEqual({
        stdout: expect.stringMatching(new RegExp(`^imported\\n(ERR_UNSUPPORTED_PLATFORM: .*${platform}.*\\n){2}$`)),
        code: 0,
      });
    },
  );

  test('a binary that was built on purpose goes first', async () => {
    const project = installed().copy();
    const built = join(project.folder, 'build/Release/fdmux.node');
    mkdirSync(dirname(built), { recursive: true });
    renameSync(join(project.folder, 'prebuilds', here, `fdmux.${libcName()}.node`), built);
    await expectWorks(project, 'works.cjs', commonJs);
  });

  test('FDMUX_BINARY names the binary to load', async () => {
    const project = installed().copy();
    const moved = join(project.project, 'elsewhere.node');
    renameSync(join(project.folder, 'prebuilds', here, `fdmux.${libcName()}.node`), moved);
    const outcome = await project.run('works.cjs', commonJs, { env: { FDMUX_BINARY: moved } });
    expect(outcome).toMatchObject({ stdout: 'works\n', code: 0 });
  });

  test('two copies of fdmux work side by side in one process', async () => {
    const project = installed().copy();
    cpSync(project.folder, join(project.project, 'node_modules/other/node_modules/fdmux'), { recursive: true });
    const source = `
      const one = require('fdmux');
      const two = require('./node_modules/other/node_modules/fdmux');
      const [reader, writer] = one.pipe();
      const inner = new one.Epoll();
      const outer = new two.Multiplexer();
      inner.add(reader, one.EPOLLIN);
      outer.register(inner, { interest: 'read', data: 'inner' });
      (async () => {
        const waiting = Promise.all([outer.wait(5000), inner.wait(5000)]);
        writer.write(Buffer.from('x'));
        const [[ready], events] = await waiting;
        console.log(one.Epoll !== two.Epoll && ready.data === 'inner' && events.length === 1 ? 'works' : 'fails');
        outer.close(); inner.close(); reader.close(); writer.close();
      })();
    `;
    await expectWorks(project, 'two.cjs', source);
  });

  test('two versions of fdmux share fds in one process, in its main thread and in workers', async () => {
    const project = installed().copy();
    const older = join(project.project, 'node_modules/older'); // as `npm install older@npm:fdmux@0.0.1` lays it out
    cpSync(project.folder, older, { recursive: true });
    const text = readFileSync(join(older, 'package.json'), 'utf8');
    writeFileSync(join(older, 'package.json'), text.replace(/"version": "[^"]+"/, '"version": "0.0.1"'));
    const source = `
      const { Worker, isMainThread } = require('node:worker_threads');
      const versions = [require('fdmux'), require('older')];
      const numbers = ['fdmux', 'older'].map((name) => require(name + '/package.json').version);
      async function use() {
        for (const [one, two] of [versions, [...versions].reverse()]) {
          const [reader, writer] = one.pipe();
          const epoll = new one.Epoll();
          epoll.add(reader, one.EPOLLIN);
          const muxes = [one, two].map(({ Multiplexer }) => new Multiplexer());
          for (const mux of muxes) mux.register(epoll, { interest: 'read', data: 'inner' });
          const waits = [...muxes.map((mux) => mux.wait(30000)), two.poll([{ fd: reader, events: two.POLLIN }], 30000)];
          writer.write('x');
          for (const found of await Promise.all(waits)) if (found.length !== 1) throw new Error('nothing was ready');
          for (const each of [...muxes, epoll, reader, writer]) each.close();
        }
      }
      const workers = () => [1, 2, 3].map(() => new Promise((resolve, reject) => {
        new Worker(__filename).on('error', reject).on('exit', resolve);
      }));
      use().then(() => isMainThread && Promise.all([...workers(), use()])).then((codes) => {
        if (isMainThread) console.log(String(codes) === '0,0,0,' && numbers[0] !== numbers[1] ? 'works' : codes + ' ' + numbers);
      });
    `;
    await expectWorks(project, 'versions.cjs', source);
  });

  test('npm ci with scripts ignored installs a working package', async () => {
    const project = installed().copy();
    rmSync(join(project.project, 'node_modules'), { recursive: true });
    await project.npm('ci', '--ignore-scripts', '--offline', '--no-audit', '--no-fund');
    await expectWorks(project, 'works.cjs', commonJs);
  });

  test('npm ci with scripts allowed compiles nothing', async () => {
    const project = installed().copy();
    rmSync(join(project.project, 'node_modules'), { recursive: true });
    const { stdout, stderr } = await project.npm(
      'ci',
      '--ignore-scripts=false',
      '--foreground-scripts',
      '--offline',
      '--no-audit',
      '--no-fund',
    );
    expect(`${stdout}${stderr}`).not.toContain('node-gyp');
    await expectWorks(project, 'works.cjs', commonJs);
  });

  test.runIf(canMountReadOnly())('a read-only file system is enough', { tags: ['needs-mount-namespace'] }, async () => {
    const project = installed().copy();
    const source = `
      try { require('node:fs').writeFileSync('new', ''); } catch (error) { console.log(error.code); }
      ${commonJs}
      new (require('node:worker_threads').Worker)(${JSON.stringify(commonJs)}, { eval: true });
    `;
    const through = [...inMountNamespace, `${mountReadOnly} && cd "$PWD" && exec "$@"`, 'sh'];
    const outcome = await project.run('read-only.cjs', source, { through });
    expect(outcome).toMatchObject({ stdout: 'EROFS\nworks\nworks\n', stderr: '', code: 0 });
  });

  test('a store of links, as pnpm lays it out, works', async () => {
    const project = installed().copy();
    const stored = join(project.project, 'node_modules/.pnpm/fdmux@0.1.0/node_modules/fdmux');
    mkdirSync(dirname(stored), { recursive: true });
    renameSync(project.folder, stored);
    symlinkSync('.pnpm/fdmux@0.1.0/node_modules/fdmux', project.folder);
    await expectWorks(project, 'works.cjs', commonJs);
    await expectWorks(project, 'works.mjs', esModule, ['--preserve-symlinks']);
  });

  test('a bundle that keeps the package external works', async () => {
    const project = installed().copy();
    writeFileSync(join(project.project, 'app.mjs'), esModule);
    await build({
      absWorkingDir: project.project,
      entryPoints: ['app.mjs'],
      outfile: 'bundle.cjs',
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['fdmux'],
    });
    await expectWorks(project, 'bundle.cjs', readFileSync(join(project.project, 'bundle.cjs'), 'utf8'));
  });
});

describe('under the permission model', { tags: ['needs-permission-model'] }, () => {
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';

  test('besides reading its files it needs only --allow-addons, and it writes nothing', async () => {
    const { stdout, code } = await installed().run('works.cjs', commonJs, {
      nodeArgs: [permission, '--allow-fs-read=*', '--allow-addons'],
    });
    expect({ stdout, code }).toEqual({ stdout: 'works\n', code: 0 });
  });

  test('it needs to read neither the executable nor any file but its own, and leaves the diagnostic report as it was', async () => {
    const source = `
      const before = JSON.stringify([process.report.excludeNetwork, Object.keys(process.report)]);
      ${commonJs}
      if (JSON.stringify([process.report.excludeNetwork, Object.keys(process.report)]) !== before) console.log('changed');
    `;
    const { stdout, code } = await installed().run('narrow.cjs', source, {
      nodeArgs: [permission, `--allow-fs-read=${installed().project}/*`, '--allow-addons'],
    });
    expect({ stdout, code }).toEqual({ stdout: 'works\n', code: 0 });
  });

  test('without it, importing works and a call names the permission', async () => {
    const { stdout, code } = await installed().run('first.cjs', firstCall, {
      nodeArgs: [permission, '--allow-fs-read=*'],
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^imported\n(ERR_UNSUPPORTED_PLATFORM: .*addon.*\n){2}$/i);
  });
});
