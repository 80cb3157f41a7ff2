/** What a program meets that loads the package, wherever it is installed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { InstalledPackage } from '../support/installed-package.js';

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
export const commonJs = `const ${names} = require('fdmux');\n${works}`;
export const esModule = `import ${names} from 'fdmux';\n${works}`;

/** Runs a program that uses all three. */
export async function expectWorks(
  project: InstalledPackage,
  name: string,
  source: string,
  nodeArgs: readonly string[] = [],
): Promise<void> {
  expect(await project.run(name, source, { nodeArgs })).toMatchObject({ stdout: 'works\n', stderr: '', code: 0 });
}

/** Tests what can be seen of a package without changing it. */
export function testLoading(installed: () => InstalledPackage): void {
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
        env: Object.keys(process.env).sort(),
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
}
