/** An upgrade loads no code while nobody is served. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configuration } from '../server/keeping.js';
import { describePostgres } from '../store/postgres/with-postgres.js';
import { temporaryFolder } from '../support/temporary.js';
import { startServer } from './chat-server.js';
import { upgraderOf } from './upgrades.js';
import { startWorkers } from './workers.js';

/** A script that notes the files which a new process loads after it has said that it can take over. */
function noter(): { readonly env: Readonly<Record<string, string>>; readonly late: () => readonly string[] } {
  const folder = temporaryFolder();
  const [script, notes] = [join(folder, 'script.cjs'), join(folder, 'notes')];
  writeFileSync(
    script,
    `const { Module } = require('node:module');
    const { appendFileSync } = require('node:fs');
    const load = Module._extensions['.js'];
    const isWaiting = () => process.env.FDMUX_HAND_OVER_FD !== undefined;
    if (isWaiting()) {
      Module._extensions['.js'] = (module, file) => {
        if (!isWaiting()) appendFileSync(${JSON.stringify(notes)}, file + '\\n');
        load(module, file);
      };
    }`,
  );
  const late = (): readonly string[] => (existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n') : []);
  return { env: { NODE_OPTIONS: `--require ${script}` }, late };
}

test.each([
  ['in memory', []],
  ['with data', ['--data']],
  ['with data and a web page', ['--web-port', '0', '--data']],
] as const)('a server %s loads nothing while nobody is served', async (_, args) => {
  const { env, late } = noter();
  const flags = args.flatMap((arg) => (arg === '--data' ? [arg, temporaryFolder()] : [arg]));
  const server = await startServer(['--log-level', 'warning', ...flags], { env });
  await upgraderOf(server)();
  await server.process.errorText(/goes on for another process/);
  expect(late()).toEqual([]);
});

describePostgres((database) => {
  test('a server with its data in PostgreSQL loads nothing while nobody is served', async () => {
    const { env, late } = noter();
    const config = configuration({ store: { kind: 'postgres', url: database.server.url } });
    const server = await startServer(['--log-level', 'warning', '--config', config], { env });
    await upgraderOf(server)();
    await server.process.errorText(/goes on for another process/);
    expect(late()).toEqual([]);
  });
});

test('a worker loads nothing while nobody is served', async () => {
  const { env, late } = noter();
  const { ctl } = await startWorkers([], temporaryFolder(), { options: { env } });
  await ctl('upgrade');
  expect(late().filter((file) => !file.includes('control'))).toEqual([]);
});
