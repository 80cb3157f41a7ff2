/** Upgrades that fail at each step: the old process goes on with everybody, and every line is heard once. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { askServer } from '../../src/control/ask.js';
import { until } from '../support/deadline.js';
import type { Peer } from '../support/peers.js';
import { temporaryFolder } from '../support/temporary.js';
import { type RunningServer, startServer } from './chat-server.js';
import { manager } from './managed.js';
import { enter, kill, upgraderOf } from './upgrades.js';

/** Has processes run some code before all else. */
class Injection {
  readonly #code = join(temporaryFolder(), 'code.cjs');
  readonly #script = join(temporaryFolder(), 'script.cjs');

  constructor() {
    writeFileSync(
      this.#script,
      `if (require('node:fs').existsSync(${JSON.stringify(this.#code)})) require(${JSON.stringify(this.#code)});`,
    );
  }

  get env(): Readonly<Record<string, string>> {
    return { NODE_OPTIONS: `--require ${this.#script}` };
  }

  /** @param code - for processes that start from now on */
  set(code: string): void {
    writeFileSync(this.#code, code);
  }

  remove(): void {
    rmSync(this.#code);
  }
}

/** What may become of a new process. */
const ENDS = {
  'is killed': "process.kill(process.pid, 'SIGKILL')",
  fails: "throw new Error('a fault')",
  'is stopped': "process.kill(process.pid, 'SIGSTOP')",
  'runs in a circle': 'for (;;);',
  'takes a while':
    "process.stderr.write('HALF\\n'), Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000)",
} as const;

type End = keyof typeof ENDS;

/** A message on the channel to the old process: how many have been received before it, or the kind that is sent. */
type Step = readonly ['recvMsg', number] | readonly ['sendMsg', string];

/** Has a new process end after it has received a message, or before it sends one. */
function endAt([call, at]: Step, how: End): string {
  const [before, after] =
    call === 'recvMsg'
      ? ['', `if (fd === channel && result instanceof Object && left-- === 0) ${ENDS[how]};`]
      : [`if (fd === channel && Buffer.concat([parts].flat()).includes('"kind":"${at}"')) ${ENDS[how]};`, ''];
  return `const { Module } = require('node:module');
    const channel = Number(process.env.FDMUX_HAND_OVER_FD);
    const load = Module._extensions['.node'];
    let left = ${call === 'recvMsg' ? at : 0};
    if (channel > 0) Module._extensions['.node'] = (module, file) => {
      load(module, file);
      const real = module.exports.${call};
      if (real !== undefined) module.exports.${call} = (fd, parts, ...rest) => {
        ${before}
        const result = real(fd, parts, ...rest);
        ${after}
        return result;
      };
    };`;
}

/** There is no SQLite for a new process. */
const WITHOUT_SQLITE = `if (process.env.FDMUX_HAND_OVER_FD !== undefined) {
    const { Module } = require('node:module');
    // Some versions of Node.js have one.
    const builtin = process.getBuiltinModule('node:sqlite');
    if (builtin !== undefined) builtin.DatabaseSync.prototype.exec = () => {
      throw new Error('no SQLite');
    };
    const load = Module._extensions['.node'];
    Module._extensions['.node'] = (module, file) => {
      if (file.includes('sqlite')) throw new Error('no SQLite');
      load(module, file);
    };
  }`;

/** Says numbered lines while something happens. */
class Talk {
  readonly #speaker: Peer;
  readonly #hearer: Peer;
  #said = 0;
  #heard = 0;

  constructor(speaker: Peer, hearer: Peer) {
    this.#speaker = speaker;
    this.#hearer = hearer;
  }

  async during(act: () => Promise<unknown>): Promise<void> {
    let isOver = false;
    const goesOn = (): boolean => !isOver;
    const acting = act().finally(() => {
      isOver = true;
    });
    while (goesOn()) {
      await this.#speaker.write(`PRIVMSG #a :line ${this.#said}\r\n`);
      this.#said += 1;
      // It is heard when somebody serves again.
      if (this.#said % 20 === 0) await this.#hear();
    }
    await acting;
    await this.#hear();
  }

  async #hear(): Promise<void> {
    for (; this.#heard < this.#said; this.#heard += 1) {
      const line = await this.#hearer.lineLike(/ PRIVMSG | QUIT | JOIN |^ERROR/);
      expect(line.slice(line.indexOf(' :') + 2)).toBe(`line ${this.#heard}`);
    }
  }
}

async function start(injection: Injection, ...args: readonly string[]): Promise<{ server: RunningServer; talk: Talk }> {
  const config = join(temporaryFolder(), 'fdmux.json');
  writeFileSync(config, JSON.stringify({ classes: [{ name: 'fast', linesPerSecond: 0 }] }));
  const server = await startServer(['--config', config, '--log-level', 'warning', ...args], { env: injection.env });
  const ann = await enter(server.ircPort, 'ann', 'JOIN #a');
  const bob = await enter(server.ircPort, 'bob', 'JOIN #a');
  await ann.lineLike(/^:bob!\S+ JOIN /);
  return { server, talk: new Talk(ann, bob) };
}

/** @param count - how many upgrades have failed before */
async function failToUpgrade({ process: server }: RunningServer, why: string, count: number): Promise<void> {
  kill(server.pid, 'SIGUSR2');
  await server.errorText(new RegExp(`(?:not upgraded[^]*){${count}}not upgraded: ${why}`));
}

const GOES_ON = 'this process goes on';
const NOT_STARTED = 'the new process has not started';

const STEPS = [
  [['sendMsg', 'hello'], NOT_STARTED],
  [['recvMsg', 0], NOT_STARTED],
  [['sendMsg', 'alive'], NOT_STARTED],
  // It knows some of the state, then the listeners, then some clients.
  [['recvMsg', 1], GOES_ON],
  [['recvMsg', 3], GOES_ON],
  [['recvMsg', 5], GOES_ON],
  // It has all.
  [['sendMsg', 'taken'], GOES_ON],
] as const;

test.each([
  ['in memory', []],
  ['with data', ['--data']],
] as const)('%s, whether the new process is killed or fails', { timeout: 280_000 }, async (_, flags) => {
  const injection = new Injection();
  const data = flags.flatMap((flag) => [flag, join(temporaryFolder(), 'data')]);
  const { server, talk } = await start(injection, ...data);
  let count = 0;
  for (const [step, why] of STEPS) {
    for (const how of ['is killed', 'fails'] as const) {
      injection.set(endAt(step, how));
      await talk.during(() => failToUpgrade(server, why, count));
      count += 1;
    }
  }
  await enter(server.ircPort, 'late');
  injection.remove();
  await talk.during(upgraderOf(server));
  await enter(server.ircPort, 'later');
});

test.each([
  ['is stopped', ['recvMsg', 0], NOT_STARTED],
  ['is stopped', ['recvMsg', 1], GOES_ON],
  ['is stopped', ['sendMsg', 'taken'], GOES_ON],
  ['runs in a circle', ['sendMsg', 'taken'], GOES_ON],
] as const)('a new process that %s before %j is given up after seconds', async (how, step, why) => {
  const injection = new Injection();
  const { server, talk } = await start(injection, '--data', join(temporaryFolder(), 'data'));
  injection.set(endAt(step, how));
  await talk.during(() => failToUpgrade(server, `${why} error="the new process shows no sign of life`, 0));
  injection.remove();
  await talk.during(upgraderOf(server));
});

test('a new process that gets no further is given up', { timeout: 120_000 }, async () => {
  const injection = new Injection();
  const { server } = await start(injection, '--data', join(temporaryFolder(), 'data'));
  // The thread of its store never begins. Its timers run.
  injection.set(`if (process.env.FDMUX_HAND_OVER_FD !== undefined) {
    const threads = require('node:worker_threads');
    threads.Worker.prototype.postMessage = () => undefined;
  }`);
  kill(server.process.pid, 'SIGUSR2');
  const isGivenUp = (): boolean => server.process.stderr.includes('the new process has got no further');
  await until(isGivenUp, 'that it is given up', 90_000);
  await enter(server.ircPort, 'late');
});

test('a new process without SQLite is noticed before anybody waits', async () => {
  const injection = new Injection();
  const { server, talk } = await start(injection, '--data', join(temporaryFolder(), 'data'));
  injection.set(WITHOUT_SQLITE);
  await talk.during(() => failToUpgrade(server, NOT_STARTED, 0));
  expect(server.process.stderr).toMatch(/no SQLite/);
});

/** Has both processes start no thread while a file is there: they cannot open a store. @returns that file */
function withoutThreads(injection: Injection): string {
  const file = join(temporaryFolder(), 'broken');
  injection.set(`const threads = require('node:worker_threads');
    const { Worker } = threads;
    threads.Worker = class extends Worker {
      constructor(...given) {
        if (require('node:fs').existsSync(${JSON.stringify(file)})) throw new Error('no thread');
        super(...given);
      }
    };
    require('node:module').syncBuiltinESMExports();`);
  return file;
}

const WAITS = 'the store cannot be opened: everybody waits';

test('if the old process cannot open its store again, its clients wait until it can', async () => {
  const injection = new Injection();
  const file = withoutThreads(injection);
  const folder = join(temporaryFolder(), 'data');
  const { server, talk } = await start(injection, '--data', folder);
  const { process: old } = server;
  writeFileSync(file, '');
  await talk.during(async () => {
    await failToUpgrade(server, GOES_ON, 0);
    await old.errorText(new RegExp(WAITS));
    // The operator learns what is so.
    const { text, result } = await askServer(folder, { verb: 'status', words: [] });
    expect(text).toEqual([expect.stringMatching(/process \d+, waits for its store$/), '  clients      2']);
    expect(result).toMatchObject({ pid: old.pid, phase: 'starting', clients: 2 });
    await expect(askServer(folder, { verb: 'kick', words: ['ann'] })).rejects.toMatchObject({
      code: 'ERR_CONTROL_REFUSED',
      message: 'the server waits for its store, and its clients (2) with it: ask again later',
    });
    const reload = askServer(folder, { verb: 'reload', words: [] });
    kill(old.pid, 'SIGHUP');
    rmSync(file);
    expect((await reload).text).toEqual([expect.stringMatching(/fdmux\.json is read$/)]);
    await old.errorText(new RegExp(`${WAITS}[^]*configuration reloaded[^]*configuration reloaded`));
  });
  expect(await askServer(folder, { verb: 'status', words: [] })).toMatchObject({ result: { phase: 'ready' } });
  await enter(server.ircPort, 'late');
});

test('a reload while a new process takes over is done by the one that goes on', async () => {
  const injection = new Injection();
  const { server, talk } = await start(injection, '--data', join(temporaryFolder(), 'data'));
  const { process: old } = server;
  // It cannot be stopped by the signal that is sent to the old one before it has its clients.
  injection.set(endAt(['sendMsg', 'taken'], 'takes a while'));
  const upgrade = upgraderOf(server);
  await talk.during(async () => {
    const upgraded = upgrade();
    await old.errorText(/HALF/);
    kill(old.pid, 'SIGHUP');
    await upgraded;
    await old.errorText(/goes on for another process[^]*configuration reloaded/);
  });
});

test('while it tries, the watchdog does not bite, and a signal ends it', async () => {
  const injection = new Injection();
  const file = withoutThreads(injection);
  const { name, reportLike, skip } = manager();
  const env = { ...injection.env, NOTIFY_SOCKET: name, WATCHDOG_USEC: '100000' };
  const server = await startServer(['--data', join(temporaryFolder(), 'data')], { env });
  writeFileSync(file, '');
  await failToUpgrade(server, GOES_ON, 0);
  await server.process.errorText(new RegExp(WAITS));
  skip();
  await reportLike(/^WATCHDOG=1$/);
  server.process.kill('SIGTERM');
  expect(await server.process.ended()).toMatchObject({ code: 0 });
  // It would try twice a second for half a minute.
  expect(server.process.stderr.split(WAITS).length).toBeLessThan(20);
});
