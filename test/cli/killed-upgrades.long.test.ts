/** Processes of `fdmux serve --workers` that are killed at each moment of an upgrade. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { present, toError } from '../../src/errors.js';
import { ask } from '../server/keeping.js';
import { DEADLINE_MS, until } from '../support/deadline.js';
import type { ProcessOptions } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';
import { clientsOfBoth, DATA, filesIn, isAlive, isRunning, killed } from './control-clients.js';
import { kill } from './upgrades.js';
import { pidOf, startWorkers } from './workers.js';

/** The moment at which a new process is stopped: when it begins, or before it calls a function for a file. */
interface Moment {
  /** Whose new process it is: that of a worker, or of the control process. */
  readonly of: 'w1' | 'control';
  readonly call?: 'readdirSync' | 'lstatSync' | 'renameSync';
  /** The end of that file's path. */
  readonly file?: string;
  /** Whether it does not say that it replaces files, as a version before that did not. */
  readonly isEarlier?: boolean;
}

/** Returns the environment in which that new process stops, and a function that waits for it. */
function stopsAt(moment: Moment): { readonly options: ProcessOptions; readonly stoppedProcess: () => Promise<number> } {
  const folder = temporaryFolder();
  const [script, held] = [join(folder, 'stops.cjs'), join(folder, 'held')];
  const { of, call = null, file = '', isEarlier = false } = moment;
  writeFileSync(
    script,
    `
const fs = require('node:fs');
const at = process.argv.indexOf('--worker');
const name = at < 0 ? 'control' : process.argv[at + 1];
const stop = () => {
  if (fs.existsSync(${JSON.stringify(held)})) return;
  fs.writeFileSync(${JSON.stringify(`${held}.new`)}, String(process.pid));
  rename(${JSON.stringify(`${held}.new`)}, ${JSON.stringify(held)});
  process.kill(process.pid, 'SIGSTOP');
};
const rename = fs.renameSync;
if (name === ${JSON.stringify(of)} && process.env.FDMUX_HAND_OVER_FD !== undefined) {
  const call = ${JSON.stringify(call)};
  if (call === null) stop();
  else {
    const original = fs[call];
    fs[call] = (...args) => {
      if (args.some((each) => String(each).endsWith(${JSON.stringify(file)}))) stop();
      return original(...args);
    };
    require('node:module').syncBuiltinESMExports();
  }
  if (${String(isEarlier)}) {
    const { Module } = require('node:module');
    const load = Module._extensions['.node'];
    Module._extensions['.node'] = (module, file) => {
      load(module, file);
      const { sendMsg } = module.exports;
      if (sendMsg === undefined) return;
      module.exports.sendMsg = (fd, [bytes, ...more], ...rest) => {
        const at = bytes.indexOf('"replaces"');
        if (at >= 0) bytes.write('"unknown!"', at);
        return sendMsg(fd, [bytes, ...more], ...rest);
      };
    };
  }
}
`,
  );
  return {
    options: { env: { NODE_OPTIONS: `--require ${script}` } },
    stoppedProcess: async () => {
      // Workers are upgraded before, one after the other.
      await until(() => existsSync(held), 'the moment', 4 * DEADLINE_MS);
      return Number(readFileSync(held, 'utf8'));
    },
  };
}

/** Begins an upgrade, which is stopped at a moment. */
async function upgradeUntil(moment: Moment) {
  const folder = temporaryFolder();
  const { options, stoppedProcess } = stopsAt(moment);
  const running = await startWorkers([], folder, { options });
  const clients = [...(await clientsOfBoth(running)).values()];
  const upgrade = running.ctl('upgrade').catch(toError);
  const held = await stoppedProcess();
  onTestFinished(() => {
    kill(held, 'SIGKILL');
  });
  return { folder, running, clients, upgrade, held, old: running.server.process.pid };
}

/** Waits until a control process answers. */
async function isServedBy(control: number, { running: { ctl } }: Pick<Upgrade, 'running'>): Promise<void> {
  const answering = async () => pidOf(await ctl('status').catch(() => null));
  await expect.poll(answering, { timeout: 2 * DEADLINE_MS }).toBe(control);
}

type Upgrade = Awaited<ReturnType<typeof upgradeUntil>>;

/** Waits until two workers are there and all clients are served; then ends everything. */
async function goesOn({ running, folder, clients }: Pick<Upgrade, 'running' | 'folder' | 'clients'>): Promise<void> {
  const { ctl, workers } = running;
  await expect.poll(workers, { timeout: 2 * DEADLINE_MS }).toMatchObject([{ state: 'ready' }, { state: 'ready' }]);
  for (const client of clients) await ask(client, 'PING still', / PONG \S+ :?still/);
  const pids = (await workers()).map(({ pid }) => pid);
  const control = pidOf(await ctl('status'));
  expect((await clientsOfBoth(running)).size).toBe(2);
  kill(control, 'SIGTERM');
  await until(() => ![control, ...pids].some(isRunning), 'the end of all');
  expect(filesIn(folder)).toEqual(DATA);
}

test('a control process that is killed before its successor has what it leaves: the next one finds all', async () => {
  const upgrade = await upgradeUntil({ of: 'control' });
  await killed(upgrade.old);
  kill(upgrade.held, 'SIGCONT');
  await until(() => !isAlive(upgrade.held), 'the end of the successor');
  await goesOn({ ...upgrade, running: await startWorkers([], upgrade.folder) });
});

test.each([
  ['has not begun', { of: 'control', call: 'readdirSync', file: '' }],
  ['has begun, and is not ready', { of: 'control', call: 'lstatSync', file: 'w1.new' }],
] as const)('a control process is killed when its successor %s: that goes on', async (_, moment) => {
  const upgrade = await upgradeUntil(moment);
  await killed(upgrade.old);
  kill(upgrade.held, 'SIGCONT');
  await isServedBy(upgrade.held, upgrade);
  await goesOn(upgrade);
});

test.each([
  ['has not begun', { of: 'control', call: 'readdirSync', file: '' }],
  ['has begun, and is not ready', { of: 'control', call: 'lstatSync', file: 'w1.new' }],
] as const)('a successor of a control process is killed when it %s: the old one goes on', async (_, moment) => {
  const upgrade = await upgradeUntil(moment);
  await killed(upgrade.held);
  expect(await upgrade.upgrade).toMatchObject({ code: 'ERR_CONTROL_FAILED' });
  await isServedBy(upgrade.old, upgrade);
  await goesOn(upgrade);
});

test('both control processes are killed: the next one finds all', async () => {
  const upgrade = await upgradeUntil({ of: 'control', call: 'lstatSync', file: 'w1.new' });
  await killed(upgrade.held, upgrade.old);
  await goesOn({ ...upgrade, running: await startWorkers([], upgrade.folder) });
});

test.each([
  ['starts', { of: 'w1' }],
  ['has taken over, and cannot be found yet', { of: 'w1', call: 'renameSync', file: 'w1.fds' }],
] as const)('a control process is killed when a worker’s new process %s: there is no other one', async (_, moment) => {
  const upgrade = await upgradeUntil(moment);
  await killed(upgrade.old);
  const running = await startWorkers([], upgrade.folder);
  expect((await running.workers()).map(({ pid, restarts }) => ({ isNew: pid === upgrade.held, restarts }))).toEqual([
    { isNew: false, restarts: 0 },
    { isNew: false, restarts: 0 },
  ]);
  kill(upgrade.held, 'SIGCONT');
  await expect.poll(async () => (await running.workers())[0]?.pid, { timeout: 2 * DEADLINE_MS }).toBe(upgrade.held);
  await running.ctl('reload');
  expect(present((await running.workers())[0], 'w1').restarts).toBe(0);
  await goesOn({ ...upgrade, running });
});

test('a worker whose upgrade has failed, and that has no control process, ends when it is asked to', async () => {
  const { server, workers } = await startWorkers([], temporaryFolder(), { options: { deadlineMs: 4 * DEADLINE_MS } });
  const { pid } = present((await workers())[0], 'w1');
  await killed(server.process.pid);
  kill(pid, 'SIGUSR2');
  await server.process.errorText(/the store cannot be opened: everybody waits/);
  kill(pid, 'SIGTERM');
  await until(() => !isRunning(pid), 'the end of the worker', 2 * DEADLINE_MS);
});

test('a new process of an earlier version finds a free place: it would take no other', async () => {
  const upgrade = await upgradeUntil({ of: 'w1', call: 'renameSync', file: 'w1.fds', isEarlier: true });
  expect(filesIn(upgrade.folder)).not.toContain('w1.fds');
  kill(upgrade.held, 'SIGCONT');
  expect(await upgrade.upgrade).not.toBeInstanceOf(Error);
  await goesOn(upgrade);
});
