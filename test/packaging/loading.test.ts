import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build, stop } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';
import type { InstalledPackage } from '../support/installed-package.js';
import { installedPackage, readJson } from '../support/installed-package.js';

/** The package as a user installs it: from the tarball, with no compiler and no script run; and its bad days. */

const installed = installedPackage();

afterAll(() => stop()); // esbuild keeps a process of its own otherwise.

const here = `linux-${process.arch}`;

/** Uses all three kinds of call: prints 'works' when each gave what it should. */
const works = `
  const epoll = new Epoll();
  const mux = new Multiplexer();
  const pollable = new Epoll();
  epoll.add(pollable, EPOLLIN);
  mux.register(pollable, { interest: 'read', data: null });
  const quiet = epoll.waitSync(0).length === 0 && mux.waitSync(0).length === 0;
  const written = pollSync([{ fd: 1, events: POLLOUT }], 0);
  if (quiet && written.length === 1) console.log('works');
  mux.close();
  pollable.close();
  epoll.close();
`;

const names = '{ Epoll, Multiplexer, pollSync, EPOLLIN, POLLOUT, FdmuxError, isSystemError }';
const commonJs = `const ${names} = require('fdmux');\n${works}`;
const esModule = `import ${names} from 'fdmux';\n${works}`;

/** Prints what the first call of a package that cannot work says. */
const firstCall = `
  const { Epoll, pollSync } = require('fdmux');
  console.log('imported');
  for (const call of [() => new Epoll(), () => pollSync([], 0)]) {
    try { call(); console.log('no error'); } catch (error) { console.log(error.code + ': ' + error.message); }
  }
`;

const expectWorks = async (project: InstalledPackage, name: string, source: string, nodeArgs: string[] = []) => {
  expect(await project.run(name, source, { nodeArgs })).toMatchObject({ stdout: 'works\n', stderr: '', code: 0 });
};

describe('installed with scripts ignored and no compiler', () => {
  test('it works from CommonJS', () => expectWorks(installed(), 'works.cjs', commonJs));

  test('it works from an ES module', () => expectWorks(installed(), 'works.mjs', esModule));

  test('the ES modules for bundlers require nothing but binaries', () => {
    const folder = join(installed().folder, 'dist/esm');
    const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
    const required = texts.flatMap((text) => [...text.matchAll(/\brequire\("([^"]*)"\)/g)].map(([, path]) => path));
    // The packages ws and pg ask for others that they can do without, and go on if there is no `require`.
    const optional = ['bufferutil', 'pg-native', 'utf-8-validate'];
    expect(required.filter((path) => !path?.endsWith('.node')).toSorted()).toEqual(optional);
  });

  test('every class has the name that it is exported by', async () => {
    const source = `
      const all = Object.entries(require('fdmux')).filter(([, value]) => typeof value === 'function');
      console.log(all.filter(([name, value]) => value.name !== name).map(([name]) => name).join() || 'all');
    `;
    expect(await installed().run('names.cjs', source)).toMatchObject({ stdout: 'all\n', code: 0 });
  });

  test('both kinds of import share one set of classes, name by name', async () => {
    const source = `
      import * as imported from 'fdmux';
      import { createRequire } from 'node:module';
      const required = createRequire(import.meta.url)('fdmux');
      const names = Object.keys(required).sort();
      console.log(names.length > 10, String(names) === String(Object.keys(imported).filter((n) => n !== 'default' && n !== 'module.exports').sort()));
      console.log(names.every((name) => required[name] === imported[name]));
    `;
    expect(await installed().run('both.mjs', source)).toMatchObject({ stdout: 'true true\ntrue\n', code: 0 });
  });

  test('importing changes no setting of the process', async () => {
    const source = `
      const settings = () => ({
        report: [JSON.stringify(Object.getOwnPropertyDescriptors(process.report)), process.report.excludeNetwork],
        env: Object.keys(process.env),
        listeners: process.eventNames(),
        globals: Object.keys(globalThis),
      });
      const before = settings();
      require('fdmux');
      require('fdmux/chat');
      const after = settings();
      const isSame = (name) => JSON.stringify(before[name]) === JSON.stringify(after[name]);
      console.log(Object.keys(before).filter((name) => !isSame(name)).join() || 'unchanged');
    `;
    expect(await installed().run('settings.cjs', source)).toMatchObject({ stdout: 'unchanged\n', code: 0 });
  });

  test('the poll API loads nothing of the chat server, which has an entry of its own', async () => {
    const source = `
      const { readFileSync } = require('node:fs');
      const ofChat = () =>
        Object.keys(require.cache).filter((path) => /(Chat|ChatServer|IrcSession) = class/.test(readFileSync(path, 'latin1')))
          .length;
      require('fdmux');
      console.log(ofChat());
      const { startChatServer } = require('fdmux/chat');
      console.log(typeof startChatServer, ofChat() > 0);
    `;
    expect(await installed().run('chat.cjs', source)).toMatchObject({ stdout: '0\nfunction true\n', code: 0 });
    const imported = "import { startChatServer } from 'fdmux/chat'; console.log(typeof startChatServer);";
    expect(await installed().run('chat.mjs', imported)).toMatchObject({ stdout: 'function\n', code: 0 });
  });

  test('what few programs need is loaded when it is first used', async () => {
    const source = `
      const { basename } = require('node:path');
      const late = () => ['devices.js', 'connections.js'].map((file) =>
        Object.keys(require.cache).some((path) => basename(path) === file)).join();
      const fdmux = require('fdmux');
      const names = Object.keys(fdmux);
      const early = ['stream', 'worker_threads', 'net', 'crypto'].filter((name) => process.moduleLoadList.includes('NativeModule ' + name));
      console.log(Object.keys(require.cache).length < 8, String(early), late());
      console.log(typeof fdmux.Pty, fdmux.TTY.TCGETS === 0x5401, late());
      console.log(typeof fdmux.listen, late());
      console.log(String(Object.keys(fdmux)) === String(names), fdmux.Pty === require('fdmux').Pty);
    `;
    expect(await installed().run('late.cjs', source)).toMatchObject({
      stdout: 'true  false,false\nfunction true true,false\nfunction true,true\ntrue true\n',
      code: 0,
    });
  });

  test('the command says its version without loading what serves', async () => {
    const source = `
      const { readFileSync } = require('node:fs');
      const command = require.resolve('fdmux').replace(/index\\.js$/, 'cli.js');
      process.argv.push('--version');
      process.on('exit', () => {
        const texts = Object.keys(require.cache).map((path) => readFileSync(path, 'latin1'));
        console.log(texts.some((text) => text.includes('Command = class')), texts.some((text) => /(Chat|Multiplexer) = class/.test(text)));
      });
      require(command);
    `;
    expect(await installed().run('version.cjs', source)).toMatchObject({ stdout: '0.1.0\ntrue false\n', code: 0 });
  });

  test('no dependency was installed with it', () => {
    expect(readdirSync(join(installed().project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'fdmux',
    ]);
    expect(readJson(join(installed().project, 'package-lock.json'))).toMatchObject({
      packages: { 'node_modules/fdmux': expect.not.objectContaining({ hasInstallScript: true }) },
    });
  });

  test('it loads in the main thread and in ten workers at once', async () => {
    const source = `
      const { Worker, isMainThread } = require('node:worker_threads');
      ${commonJs.replace("console.log('works')", "if (isMainThread) console.log('works')")}
      if (isMainThread) {
        for (let i = 0; i < 10; i++) new Worker(__filename).on('exit', (code) => { if (code !== 0) process.exitCode = 1; });
      }
    `;
    await expectWorks(installed(), 'workers.cjs', source);
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
    expect(stdout).toContain('npx node-gyp rebuild');
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

function libcName(): 'glibc' | 'musl' {
  return JSON.stringify(process.report.getReport()).includes('"glibcVersionRuntime"') ? 'glibc' : 'musl';
}
