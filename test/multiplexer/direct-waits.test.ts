/** Direct waits: a busy run waits in place of the event loop, and nothing else of the loop waits for longer. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { native } from '../../src/binding/load.js';
import type { MultiplexerOptions } from '../../src/multiplexer/create-backend.js';
import { directWaitTotals } from '../../src/multiplexer/direct-waits.js';
import { Multiplexer, type MultiplexerStats } from '../../src/multiplexer/multiplexer.js';
import { errorOf, fill, useFds } from '../native/fds.js';
import { until, within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { packagePath, run, runScript } from '../support/processes.js';
import { hasLoopWatch } from '../support/runtime.js';
import { empty } from './bytes.js';

const fds = useFds();

/** A multiplexer with an fd that is ready again after each turn, until `stop`. */
function busy({ signal, ...options }: MultiplexerOptions<'epoll'> & { readonly signal?: AbortSignal } = {}) {
  const mux = disposedAtEnd(new Multiplexer<undefined>({ backend: 'epoll', waiter: 'uv', ...options }));
  const [reader, writer] = fds.pipe();
  let isStopped = false;
  let inTurn = (): void => undefined;
  mux.register(reader, {
    interest: 'read',
    data: undefined,
    onReady: () => {
      empty(reader);
      inTurn();
      if (!isStopped) fill(writer, 'x');
    },
  });
  fill(writer, 'x');
  return {
    mux,
    end: mux.run(() => undefined, { signal }),
    stop: () => {
      isStopped = true;
    },
    /** Calls back in the next turn of many that wait directly. */
    inDirectTurn: async (callback: () => void) => {
      const before = mux.stats().directWaits;
      await until(() => mux.stats().directWaits >= before + 50, 'direct waits');
      await new Promise<void>((resolve) => {
        inTurn = () => {
          inTurn = () => undefined;
          callback();
          resolve();
        };
      });
    },
  };
}

describe.runIf(hasLoopWatch)('direct waits', { tags: ['needs-uv-poll'] }, () => {
  test.each(['main', 'worker'])('let everything else of the loop happen as soon as without them: %s', async (where) => {
    const program = join(__dirname, 'children/busy-loop.cjs');
    const { stdout, ...ended } = await run(process.execPath, [program, packagePath(), where]);
    expect(ended).toEqual({ code: 0, signal: null, stderr: '' });
    const { share, end, ...turns }: Record<string, unknown> = Object(JSON.parse(stdout));
    expect(end).toBe('closed');
    expect(share).toBeGreaterThan(0.5);
    expect(turns).toMatchObject({ tick: 0, promise: 0, immediate: 0, closeCallback: 0, connect: 0 });
    // What another fd of the loop brings is found together with the next event.
    for (const kind of Object.keys(turns)) expect({ kind, turns: turns[kind] }).toEqual({ kind, turns: oneOf(0, 1) });
  });

  test('run an unref’d immediate of their last turn, although nothing else comes', async () => {
    const { stop, inDirectTurn, mux } = busy();
    const immediate = new Promise<void>((resolve) => {
      void inDirectTurn(() => {
        stop();
        setImmediate(resolve).unref();
      });
    });
    await within(immediate, 'the immediate');
    expect(mux.stats().directWaits).toBeGreaterThan(0);
  });

  test('end when nothing is ready for a while, and begin again', async () => {
    const { mux, stop, inDirectTurn } = busy();
    await inDirectTurn(stop);
    const [reader, writer] = fds.pipe();
    const served = new Promise<number>((resolve) => {
      mux.register(reader, { interest: 'read', data: undefined, onReady: ({ fd }) => resolve(empty(fd)) });
    });
    setTimeout(() => fill(writer, 'later'), 20);
    expect(await within(served, 'an event after a quiet moment')).toBe(5);
    const before = mux.stats().directWaits;
    mux.register(fds.pipe()[1], { interest: 'write', data: undefined, onReady: () => undefined });
    await until(() => mux.stats().directWaits > before + 50, 'direct waits again');
  });

  test('make a wait no different where they are switched off', async () => {
    const { mux, stop } = busy({ directWaits: false });
    await until(() => mux.stats().waits > 500, 'waits');
    stop();
    expect(mux.stats().directWaits).toBe(0);
  });

  test.each([
    ['by the variable FDMUX_DIRECT_WAITS', '0', 'true\n'],
    ['not by another value of it', '1', 'false\n'],
  ])('are switched off %s', async (_, value, expected) => {
    const script = `
      const { Multiplexer, pipe } = require('fdmux');
      const mux = new Multiplexer();
      const [reader, writer] = pipe();
      let turns = 0;
      mux.register(writer, { interest: 'write', onReady: () => {
        if ((turns += 1) < 500) return;
        console.log(mux.stats().directWaits === 0);
        mux.close();
        reader.close();
        writer.close();
      } });
      mux.run(() => {});
    `;
    const ended = await runScript(script, { env: { FDMUX_DIRECT_WAITS: value } });
    expect(ended).toEqual({ code: 0, signal: null, stdout: expected, stderr: '' });
  });

  test('are refused by a name that is none', async () => {
    expect(errorOf(() => Reflect.construct(Multiplexer, [{ directWaits: 'yes' }]))).toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    });
    const script = `new (require('fdmux').Multiplexer)()`;
    expect((await runScript(script, { env: { FDMUX_DIRECT_WAITS: 'off' } })).stderr).toContain('ERR_OUT_OF_RANGE');
  });

  test('are made with hundreds of fds registered', async () => {
    const { mux, stop, inDirectTurn } = busy();
    for (let i = 0; i < 200; i += 1) {
      mux.register(fds.pipe()[0], { interest: 'read', data: undefined, onReady: () => undefined });
    }
    const before = mux.stats().directWaits;
    await inDirectTurn(stop);
    expect(mux.stats().directWaits).toBeGreaterThan(before + 50);
  });

  test('report an edge once', async () => {
    const { mux, stop, inDirectTurn } = busy();
    const [reader, writer] = fds.pipe();
    const received: number[] = [];
    mux.register(reader, {
      interest: 'read',
      trigger: 'edge',
      data: undefined,
      onReady: ({ fd }) => received.push(empty(fd)),
    });
    for (let time = 1; time <= 5; time += 1) {
      await inDirectTurn(() => fill(writer, 'edge'));
      await until(() => received.length === time, 'the edge');
    }
    stop();
    expect(received).toEqual([4, 4, 4, 4, 4]);
  });

  test('end with the multiplexer that is closed, paused or switched in their turn', async () => {
    const closed = busy();
    await closed.inDirectTurn(() => closed.mux.close());
    expect(await within(closed.end, 'the end of the run')).toBe('closed');

    const switched = busy();
    await switched.inDirectTurn(() => switched.mux.switchBackend('poll'));
    const { waits }: MultiplexerStats = switched.mux.stats();
    await until(() => switched.mux.stats().waits > waits + 5, 'waits of the other backend');
    switched.stop();
  });

  test('leave nothing behind that would end a synchronous wait after the run', async () => {
    const abort = new AbortController();
    const { mux, end, stop, inDirectTurn } = busy({ signal: abort.signal });
    const { port1, port2 } = new MessageChannel();
    await inDirectTurn(() => {
      stop();
      abort.abort();
      // The event loop has something to do from now on.
      port1.postMessage('x');
      process.nextTick(() => {
        const { waits } = mux.stats();
        const startedMs = performance.now();
        expect(mux.waitSync(30)).toHaveLength(0);
        expect(performance.now() - startedMs).toBeGreaterThanOrEqual(29.9);
        expect(mux.stats().waits - waits).toBe(1);
      });
    });
    expect(await end).toBe('aborted');
    port1.close();
    port2.close();
  });

  test('are counted, with the time that they take', async () => {
    const before = directWaitTotals();
    const { stop, inDirectTurn } = busy();
    await inDirectTurn(stop);
    await until(() => directWaitTotals().ms > before.ms, 'time of direct waits');
    expect(directWaitTotals().count).toBeGreaterThan(before.count + 50);
  });

  test.each([
    { spinUs: 1_000, looks: 'greater' },
    { spinUs: 0, looks: 'equal' },
    { spinUs: undefined, looks: 'equal' },
  ])('look again and again before they block, if spinUs says so: $spinUs', async ({ spinUs, looks }) => {
    const before = directWaitTotals().spins;
    const { mux, stop, inDirectTurn } = busy({ spinUs });
    await inDirectTurn(stop);
    const { directWaits } = mux.stats();
    const [reader, writer] = fds.pipe();
    const served = new Promise<number>((resolve) => {
      mux.register(reader, { interest: 'read', data: undefined, onReady: ({ fd }) => resolve(empty(fd)) });
    });
    setTimeout(() => fill(writer, 'x'), 20);
    await within(served, 'an event after a quiet moment');
    // Each wait has looked; the last one, which found nothing, more than once.
    const spins = directWaitTotals().spins - before;
    if (looks === 'greater') expect(spins).toBeGreaterThan(directWaits);
    else expect(spins).toBe(0);
  });

  test('let what a tick throws be an uncaught exception before the next tick and turn', async () => {
    const script = `
      const { Multiplexer, pipe } = require('fdmux');
      const mux = new Multiplexer();
      const [reader, writer] = pipe();
      let turns = 0;
      const order = [];
      process.on('uncaughtException', (error) => order.push(error.message + turns));
      mux.register(writer, { interest: 'write', onReady: () => {
        turns += 1;
        if (turns === 500) {
          process.nextTick(() => { throw new Error('tick'); });
          process.nextTick(() => order.push('next' + turns));
        }
        if (turns === 600) throw new Error('handler');
        if (turns === 700) Promise.resolve().then(() => { throw new Error('promise'); });
        if (turns < 1000) return;
        console.log(order.join(), mux.stats().directWaits > 500);
        mux.close();
        reader.close();
        writer.close();
      } });
      mux.run(() => {});
    `;
    const ended = await runScript(script);
    expect(ended).toEqual({
      code: 0,
      signal: null,
      stdout: 'tick500,next500,handler600,promise700 true\n',
      stderr: '',
    });
  });

  test('are made for one multiplexer at a time, and all are served', async () => {
    const several = [busy(), busy(), busy()];
    for (const { mux } of several) await until(() => mux.stats().events > 500, 'events of each');
    for (const { stop } of several) stop();
  });

  test('leave an unref’d multiplexer unable to keep the process', async () => {
    const script = `
      const { Multiplexer, pipe } = require('fdmux');
      const mux = new Multiplexer();
      const [reader, writer] = pipe();
      let turns = 0;
      mux.register(writer, { interest: 'write', onReady: () => {
        if ((turns += 1) === 500) mux.unref();
      } });
      mux.run(() => {});
      process.on('exit', () => console.log(turns >= 500));
    `;
    expect(await runScript(script)).toEqual({ code: 0, signal: null, stdout: 'true\n', stderr: '' });
  });

  test('are native calls that check what they get', () => {
    expect(errorOf(() => native.loopWatchDirect(1_000_000, 1, 0))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });
});

/** Matches one of these. */
function oneOf(...allowed: readonly number[]): unknown {
  return {
    asymmetricMatch: (value: unknown) => allowed.some((one) => one === value),
    toString: () => `one of ${allowed.join(', ')}`,
  };
}
