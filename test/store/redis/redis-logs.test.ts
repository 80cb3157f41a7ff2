import { expect, onTestFinished, test } from 'vitest';
import type { LogName } from '../../../src/log/entry.js';
import { RedisLogs, type RedisLogsOptions } from '../../../src/store/redis/redis-logs.js';
import { keysOf } from '../../../src/store/redis/scripts.js';
import { Answers, Ear } from '../../log/contract.js';
import { mark } from '../../log/entries.js';
import { until } from '../../support/deadline.js';
import { appendWhileFull } from '../full-history.js';
import { describeRedis } from './with-redis.js';

const ROOM = 'r:#a';
const OLD_MS = Date.now() - 3_600_000;
const SETTLE_MS = 3_600_000;

describeRedis((redis) => {
  async function open(recorded: RedisLogsOptions['recorded'] = []): Promise<RedisLogs> {
    const logs = await RedisLogs.open({ url: redis.server.url, recorded });
    onTestFinished(() => logs.close());
    return logs;
  }

  async function openEmpty(): Promise<RedisLogs> {
    await redis.admin.flushall();
    return open();
  }

  /** Appends packs whose only entry was made at a time, and waits for the answers. */
  async function append(logs: RedisLogs, texts: readonly string[], atMs = Date.now()): Promise<void> {
    const answers = new Answers();
    for (const text of texts) logs.append(ROOM, [{ ...mark(text), atMs }], answers);
    await until(() => answers.got.length === texts.length, 'the answers to appends');
  }

  /** Waits until what somebody wants to keep is kept. */
  const kept = async (logs: RedisLogs, seq: number, log: LogName = ROOM): Promise<void> => {
    const found: { seq: number | undefined } = { seq: undefined };
    const look = async (): Promise<void> => {
      const state = await logs.stateOf(log);
      if (state !== null && state.state !== null) found.seq = state.seq;
    };
    await until(() => {
      void look();
      return found.seq === seq;
    }, 'a state');
  };

  test('a state is kept, with where the log ends, and the next opening brings both', async () => {
    const logs = await openEmpty();
    await append(logs, ['a', 'b', 'c']);
    expect(logs.topOf(ROOM)).toBe(3);
    logs.keep(ROOM, 2, 'after b');
    await kept(logs, 2);
    const next = await open();
    expect(next.states).toEqual([{ log: ROOM, seq: 2, state: 'after b', tail: [] }]);
    expect(next.topOf(ROOM)).toBe(3);
    expect(next.topOf('r:#other')).toBe(0);
    expect(await next.stateOf('r:#other')).toEqual({ seq: 0, state: null });
  });

  test('a state is kept when what was said up to then is stored', async () => {
    const logs = await openEmpty();
    await append(logs, ['a', 'b']);
    let store: () => void = () => undefined;
    const stored = new Promise<void>((resolve) => {
      store = resolve;
    });
    logs.keepAfter({ isBehind: true, isFull: false, whenStored: () => stored });
    logs.keep(ROOM, 1, 'after a');
    await append(logs, ['c']);
    expect(await logs.stateOf(ROOM)).toEqual({ seq: 0, state: null });
    store();
    await kept(logs, 1);
  });

  test('nothing is said while the history takes nothing more, and what is between nodes goes on', async () => {
    const logs = await openEmpty();
    await appendWhileFull(logs);
    expect(logs.topOf(ROOM)).toBe(1);
  });

  test('of several states, that of the latest pack stays', async () => {
    const logs = await openEmpty();
    const other = await open();
    await append(logs, ['a', 'b', 'c']);
    logs.keep(ROOM, 3, 'after c');
    await kept(logs, 3);
    other.keep(ROOM, 1, 'after a');
    other.keep('r:#other', 0, 'nothing');
    for (let kept: string | null = null; kept === null;) kept = (await other.stateOf('r:#other'))?.state ?? null;
    expect(await logs.stateOf(ROOM)).toEqual({ seq: 3, state: 'after c' });
  });

  test('a state with packs that the server has lost is not kept', async () => {
    const logs = await openEmpty();
    await append(logs, ['a']);
    logs.keep(ROOM, 2, 'after b');
    logs.keep('r:#other', 0, 'nothing');
    for (let kept: string | null = null; kept === null;) kept = (await logs.stateOf('r:#other'))?.state ?? null;
    expect(await logs.stateOf(ROOM)).toEqual({ seq: 0, state: null });
  });

  test('a state that somebody wants to keep while the server is away is kept when it is back', async () => {
    const logs = await openEmpty();
    await append(logs, ['a']);
    await redis.server.crash();
    await until(() => !logs.isUp, 'a lost connection');
    logs.keep(ROOM, 1, 'after a');
    expect(await logs.stateOf(ROOM)).toBeNull();
    await redis.server.start();
    await redis.connect();
    await kept(logs, 1);
    expect(await logs.stateOf(ROOM)).toEqual({ seq: 1, state: 'after a' });
  });

  test('packs that are in a state and old are dropped with the next state, never others', async () => {
    const logs = await openEmpty();
    await append(logs, ['a', 'b', 'c'], OLD_MS);
    await append(logs, ['d']);
    logs.keep(ROOM, 2, 'after b');
    await kept(logs, 2);
    expect(await logs.read(ROOM, { after: 0, maxPacks: 9 })).toMatchObject({ first: 3, top: 4 });
    logs.keep(ROOM, 4, 'after d');
    await kept(logs, 4);
    expect(await logs.read(ROOM, { after: 0, maxPacks: 9 })).toMatchObject({ first: 4, top: 4 });
    expect(await redis.admin.xlen(keysOf(ROOM)[1])).toBe(1);
    expect(await redis.admin.hget(keysOf(ROOM)[0], 'entries')).toBe('1');
  });

  test('what is older than a time is forgotten if it is in a state', async () => {
    const logs = await openEmpty();
    await append(logs, ['a', 'b']);
    await append(logs, ['c']);
    logs.keep(ROOM, 2, 'after b');
    await kept(logs, 2);
    const after = Date.now() + 1;
    expect(await logs.retain(ROOM, OLD_MS)).toBe(0);
    expect(await logs.retain(ROOM, after)).toBe(2);
    expect(await logs.retain(ROOM, after)).toBe(0);
    expect(await logs.ends()).toEqual([{ log: ROOM, first: 3, top: 3, seq: 2, state: 'after b' }]);
  });

  test('a log goes on behind what is recorded of it, with the state that it had', async () => {
    const logs = await openEmpty();
    await append(logs, ['a', 'b']);
    logs.keep(ROOM, 2, 'after b');
    await kept(logs, 2);
    const other: LogName = 'r:#b';
    const answers = new Answers();
    for (const text of ['x', 'y']) logs.append(other, [mark(text)], answers);
    await until(() => answers.got.length === 2, 'the answers to appends');
    logs.keep(other, 1, 'after x');
    await kept(logs, 1, other);
    const recorded = [ROOM, other, 'r:#new', 'r:#short'] as const;
    const next = await open([...recorded.map((log) => ({ log, top: 7 })), { log: 'r:#as-long', top: 0 }]);
    expect(next.behind).toEqual(recorded);
    expect(next.states.toSorted((a, b) => a.log.localeCompare(b.log))).toEqual([
      { log: ROOM, seq: 7, state: 'after b', tail: [] },
      { log: other, seq: 1, state: 'after x', tail: [] },
    ]);
    const ears = new Map<LogName, Ear>(recorded.map((log) => [log, new Ear()]));
    for (const [log, ear] of ears) next.follow(log, next.states.find((one) => one.log === log)?.seq ?? 0, ear);
    for (const log of recorded) next.append(log, [mark('c')], answers);
    await until(() => [...ears.values()].every((ear) => ear.packs.includes('8 c')), 'the next packs');
    expect([...ears.values()].map((ear) => ear.packs)).toEqual([['8 c'], ['2 y', '8 c'], ['8 c'], ['8 c']]);
    expect(recorded.map((log) => next.topOf(log))).toEqual([8, 8, 8, 8]);
    expect((await open(recorded.map((log) => ({ log, top: 8 })))).behind).toEqual([]);
  });

  test('an append does not wait for the states that somebody who starts asks for', async () => {
    const logs = await openEmpty();
    let pending = 500;
    const asked = Array.from({ length: pending }, async (_each, n) => {
      await logs.stateOf(`r:#${n}`);
      pending -= 1;
    });
    await append(logs, ['a']);
    expect(pending).toBeGreaterThan(0);
    await Promise.all(asked);
  });

  test('a log that gets back what it has lost goes on as it was', async () => {
    const logs = await openEmpty();
    const ear = new Ear();
    logs.follow(ROOM, 0, ear);
    for (const text of ['a', 'b', 'c']) await append(logs, [text]);
    await redis.server.crash();
    redis.server.loseEnd(20);
    await redis.server.start();
    await redis.connect();
    let aheadMs = 0;
    const next = await RedisLogs.open({
      url: redis.server.url,
      recorded: [{ log: ROOM, top: 3 }],
      settleMs: SETTLE_MS,
      clock: {
        now: () => performance.now() + aheadMs,
        // However late the first one is back, it still has the time in which it restores.
        later: (ms, then) => {
          const goOn = (): void => {
            if (ear.packs.includes('restored 3-3')) aheadMs += ms;
            then();
          };
          setTimeout(goOn, 5);
        },
      },
    });
    onTestFinished(() => next.close());
    expect(next.behind).toEqual([]);
    expect(ear.packs).toEqual(['1 a', '2 b', '3 c', 'restored 3-3']);
    await append(next, ['d']);
    expect(next.topOf(ROOM)).toBe(4);
  });
});
