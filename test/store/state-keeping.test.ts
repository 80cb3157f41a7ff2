import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LogName } from '../../src/log/entry.js';
import type { KeptState } from '../../src/store/log-reads.js';
import { putInto, StateKeeping } from '../../src/store/state-keeping.js';
import type { Failure } from '../../src/store/store-error.js';
import { StoredHistory } from '../../src/store/stored-history.js';
import { WriteBatches } from '../../src/store/write-batches.js';
import { saidAt } from '../support/history-lines.js';
import { HeldStore } from './held-store.js';
import { ShelvedLines } from './shelved-lines.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const ROOMS = ['r:#a', 'r:#b'] as const;
const DOWN: Failure = { code: 'ERR_STORE_FULL', message: 'full' };
const nothing = (): void => undefined;

/** A server with a history and states, in a database that may fail. */
class Server {
  readonly lines = new ShelvedLines();
  readonly states = new Map<string, number>();
  readonly #store: HeldStore;
  readonly history: StoredHistory;
  readonly keeping: StateKeeping;

  constructor(atOnce: number, isOrdered: boolean) {
    this.#store = new HeldStore((parts) => new WriteBatches({ ...parts, atOnce }));
    const { access } = this.#store;
    this.history = new StoredHistory(access);
    this.keeping = new StateKeeping({ put: isOrdered ? putInto(access) : this.#putElsewhere, isOrdered });
    this.keeping.after(this.history);
  }

  readonly #putElsewhere = (log: LogName, { seq }: KeptState): Promise<boolean> => {
    this.states.set(log, seq);
    return Promise.resolve(true);
  };

  /** The kinds of the writes that are under way, batch by batch. */
  get batches(): string[][] {
    return this.#store.batches.map(({ writes }) => writes.map(({ kind }) => kind));
  }

  /** Ends the first batch under way, if there is one. */
  async end(isWritten: boolean): Promise<void> {
    const batch = this.#store.batches.shift();
    if (batch === undefined) return;
    for (const write of isWritten ? batch.writes : []) {
      if (write.kind === 'line') this.lines.put(write);
      if (write.kind === 'keep') this.states.set(write.log, Math.max(write.seq, this.states.get(write.log) ?? 0));
    }
    batch.answer(isWritten ? batch.writes.map(() => 1) : DOWN);
    await turn();
  }
}

test.each([
  ['two batches at once', 2, true],
  ['one batch at a time', 1, true],
  ['states elsewhere', 2, false],
])(
  'at whatever moment a process ends, no state is kept before a line: %s',
  async (_, atOnce, isOrdered) => {
    const room = fc.constantFrom(...ROOMS);
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('say' as const), room }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('keep' as const), room, isOver: fc.boolean() }) },
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('end' as const), isWritten: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 900 }) }) },
      { weight: 8, arbitrary: fc.constant({ kind: 'turn' as const }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), async (steps) => {
        const server = new Server(atOnce, isOrdered);
        const tops = new Map<LogName, number>(ROOMS.map((each) => [each, 0]));
        const check = (): void => {
          for (const [log, seq] of server.states) {
            const stored = new Set(server.lines.of(log));
            for (let line = 1; line <= seq; line += 1) expect(stored).toContain(line);
          }
        };
        for (const each of steps) {
          if (each.kind === 'say') {
            const seq = (tops.get(each.room) ?? 0) + 1;
            tops.set(each.room, seq);
            server.history.record(each.room, saidAt(seq));
          } else if (each.kind === 'keep') {
            server.keeping.keep(each.room, tops.get(each.room) ?? 0, each.isOver ? null : '{}');
          } else if (each.kind === 'end') await server.end(each.isWritten);
          else if (each.kind === 'pass') await vi.advanceTimersByTimeAsync(each.ms);
          else await turn();
          check();
        }
        // Once the database takes everything, nothing is left out.
        for (const [log, top] of tops) server.keeping.keep(log, top, '{}');
        for (let round = 0; round < 25; round += 1) {
          await vi.advanceTimersByTimeAsync(600);
          await server.end(true);
          check();
        }
        for (const [log, top] of tops) {
          expect(server.states.get(log)).toBe(top);
          expect(server.lines.of(log)).toHaveLength(top);
        }
        server.history.close();
        server.keeping.close();
      }),
      { numRuns: 100 },
    );
  },
  60_000,
);

test('a state that is wanted while the last line is being written again waits for that line', async () => {
  const server = new Server(2, false);
  for (const seq of [1, 2]) server.history.record('r:#a', saidAt(seq));
  await turn();
  await server.end(false);
  await vi.advanceTimersByTimeAsync(500);
  server.keeping.keep('r:#a', 2, '{}');
  await server.end(true);
  expect(server.lines.of('r:#a')).toEqual([1]);
  expect(server.states.get('r:#a')).toBeUndefined();
  await server.end(true);
  expect([server.lines.of('r:#a'), server.states.get('r:#a')]).toEqual([[1, 2], 2]);
});

test('a state is in no batch beside one with lines, which may fail alone; and other writes do not wait for long', async () => {
  const server = new Server(2, true);
  server.history.record('r:#a', saidAt(1));
  await turn();
  server.keeping.keep('r:#a', 1, '{}');
  await turn();
  expect(server.batches).toEqual([['line']]);
  server.history.record('r:#b', saidAt(1));
  await server.end(true);
  expect(server.batches).toEqual([['keep', 'line']]);
  server.history.record('r:#b', saidAt(2));
  await turn();
  expect(server.batches).toEqual([['keep', 'line'], ['line']]);
  await server.end(true);
  await server.end(true);
  expect(server.states.get('r:#a')).toBe(1);
  server.history.close();
});

test.each([2, 1])('no state is kept before the redaction of a line that fails: %i at once', async (atOnce) => {
  const server = new Server(atOnce, true);
  server.history.redact({ msgid: 'a-1.0', shelves: ['r:#a'], log: 'r:#a', seq: 1, part: 0 });
  await turn();
  server.keeping.keep('r:#a', 2, '{}');
  await turn();
  expect(server.batches).toEqual([['line-redact']]);
  await server.end(false);
  expect([server.batches, server.states.size]).toEqual([[], 0]);
  for (let round = 0; round < 5; round += 1) {
    await vi.advanceTimersByTimeAsync(600);
    await server.end(true);
  }
  expect(server.states.get('r:#a')).toBe(2);
  server.history.close();
  server.keeping.close();
});

/** A history that has lines whose next attempt is to come. */
const behind = { isBehind: true, isFull: false, whenStored: () => new Promise<void>(nothing) };

test('states that wait have a bound: the oldest is dropped, and the latest of each log stays', async () => {
  const put: string[] = [];
  const keeping = new StateKeeping({
    put: (log, { state }) => {
      put.push(`${log} ${state ?? 'null'}`);
      return Promise.resolve(true);
    },
    isOrdered: true,
    maxBytes: 10_000,
  });
  let store = nothing;
  const stored = new Promise<void>((resolve) => {
    store = resolve;
  });
  const history = { ...behind, whenStored: () => stored };
  keeping.after(history);
  for (let n = 0; n < 100; n += 1) keeping.keep('r:#large', n, 'x'.repeat(1_000));
  keeping.keep('r:#empty', 1, null);
  for (let n = 0; n < 4; n += 1) keeping.keep(`r:#${n}`, 1, `${n}`.repeat(1_000));
  keeping.keep('r:#empty', 0, 'earlier');
  expect(put).toEqual([]);
  store();
  await turn();
  // The large one had been there for longest.
  expect(put.map((each) => each.slice(0, 13))).toEqual([
    'r:#empty null',
    ...[0, 1, 2, 3].map((n) => `r:#${n} ${`${n}`.repeat(8)}`),
  ]);
});

test('a state that fails is kept later, after the others, unless there is a later one', async () => {
  const put: string[] = [];
  const failing = new Set(['one', 'two']);
  const keeping = new StateKeeping({
    put: (_, { state }) => {
      put.push(state ?? 'null');
      return Promise.resolve(!failing.has(state ?? 'null'));
    },
    isOrdered: true,
  });
  keeping.keep('r:#a', 1, 'one');
  keeping.keep('r:#b', 1, 'two');
  await turn();
  keeping.keep('r:#c', 1, 'three');
  await turn();
  expect(put).toEqual(['one', 'two', 'three']);
  keeping.keep('r:#a', 2, 'four');
  failing.clear();
  await vi.advanceTimersByTimeAsync(600);
  expect(put).toEqual(['one', 'two', 'three', 'four', 'two']);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(put).toHaveLength(5);
});

test('nothing more is kept once it is closed', async () => {
  const put: string[] = [];
  const keeping = new StateKeeping({
    put: (log) => {
      put.push(log);
      return Promise.resolve(false);
    },
    isOrdered: true,
  });
  keeping.keep('r:#a', 1, 'one');
  await turn();
  keeping.close();
  keeping.keep('r:#b', 1, 'one');
  await vi.advanceTimersByTimeAsync(5_000);
  expect(put).toEqual(['r:#a']);
});

test('while the history is full, logs with lines take nothing', () => {
  const keeping = new StateKeeping({ put: () => Promise.resolve(true), isOrdered: true });
  expect(keeping.takes('r:#a')).toBe(true);
  const history = { ...behind, isFull: true };
  keeping.after(history);
  expect((['r:#a', 'n:domain', 'd'] as const).map((log) => keeping.takes(log))).toEqual([false, false, true]);
  history.isFull = false;
  expect(keeping.takes('r:#a')).toBe(true);
});
