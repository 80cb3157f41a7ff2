/** Logs in Redis that nobody uses. */
import { expect, onTestFinished, test } from 'vitest';
import { RedisLogs } from '../../../src/store/redis/redis-logs.js';
import { keysOf, LEASES, LOGS, VERSION, VERSION_KEY } from '../../../src/store/redis/scripts.js';
import { AheadClock, append, describeRemovedLogs, type RemovableLogs, UNUSED_MS } from '../removed-logs.js';
import { describeRedis } from './with-redis.js';

/** Drops the packs of all logs. */
const DROP = `for _, key in ipairs(redis.call('KEYS', 'fdmux:packs:*')) do
  redis.call('XTRIM', key, 'MAXLEN', 0)
  local ends = 'fdmux:log:' .. string.sub(key, 13)
  redis.call('HSET', ends, 'first', redis.call('HGET', ends, 'top') + 1, 'entries', 0)
end`;
/** Makes all uses of logs older. ARGV: by how many milliseconds. */
const AGE = `for _, key in ipairs(redis.call('KEYS', 'fdmux:log:*')) do
  redis.call('HINCRBY', key, 'used', -ARGV[1])
end`;

describeRedis((redis) => {
  async function open(): Promise<RemovableLogs> {
    await redis.admin.flushall();
    const clock = new AheadClock();
    return {
      open: async () => {
        const logs = await RedisLogs.open({ url: redis.server.url, isShared: true, clock });
        onTestFinished(() => logs.close());
        return logs;
      },
      dropPacks: async () => {
        await redis.admin.eval(DROP, 0);
      },
      age: async () => {
        await redis.admin.eval(AGE, 0, UNUSED_MS);
        clock.pass(UNUSED_MS);
      },
      sweep: async (by) => by.removeEmpty?.(),
      rows: async () => {
        const keys = await redis.admin.keys('fdmux:log:*');
        expect(await redis.admin.scard(LOGS)).toBe(keys.length);
        return keys.length;
      },
      seesFollowers: false,
    };
  }

  describeRemovedLogs(open);

  test('one that another node has removed meanwhile leaves nothing', async () => {
    const store = await open();
    const logs = await store.open();
    // It was there when this node read the names.
    await redis.admin.sadd(LOGS, 'r:#gone');
    await store.age();
    await store.sweep(logs);
    expect(await store.rows()).toBe(0);
  });

  test('one of which lines are recorded has lost nothing', async () => {
    const store = await open();
    const logs = await store.open();
    for (const text of ['a', 'b']) await append(logs, 'r:#a', text);
    await store.dropPacks();
    await store.age();
    await store.sweep(logs);
    const next = await RedisLogs.open({ url: redis.server.url, isShared: true, recorded: [{ log: 'r:#a', top: 2 }] });
    onTestFinished(() => next.close());
    expect(next.behind).toEqual([]);
    expect(await store.rows()).toBe(0);
  });

  test('the state of a log whose use was noted lately is read, and nothing is written', async () => {
    const store = await open();
    const logs = await store.open();
    await logs.stateOf('r:#a');
    const [key] = keysOf('r:#a');
    const made = await redis.admin.hincrby(key, 'used', -1_800_000);
    expect(await logs.stateOf('r:#a')).toEqual({ seq: 0, state: null });
    expect(await redis.admin.hget(key, 'used')).toBe(`${made}`);
    await redis.admin.hincrby(key, 'used', -3_600_000);
    await logs.stateOf('r:#a');
    expect(Number(await redis.admin.hget(key, 'used'))).toBeGreaterThan(made);
  });

  test('none is removed while a node of an earlier version may use it, and then none of these may begin', async () => {
    const store = await open();
    const logs = await store.open();
    await append(logs, 'r:#a', 'a');
    await store.dropPacks();
    await store.age();
    await redis.admin.zadd(LEASES, Date.now() - 7_200_000, 'old.1');
    await store.sweep(logs);
    expect([await store.rows(), await redis.admin.get(VERSION_KEY)]).toEqual([1, '1']);
    await logs.lease('old.1', 1_000);
    await store.sweep(logs);
    expect([await store.rows(), await redis.admin.get(VERSION_KEY)]).toEqual([0, `${VERSION}`]);
  });

  test('a log that an earlier version has made is begun as it is', async () => {
    const store = await open();
    await redis.admin.hset(keysOf('r:#a')[0], 'top', 2, 'mark', 'm', 'entries', 0, 'first', 3);
    await redis.admin.sadd(LOGS, 'r:#a');
    const logs = await store.open();
    expect(await logs.stateOf('r:#a')).toEqual({ seq: 0, state: null });
    await store.sweep(logs);
    expect(await store.rows()).toBe(1);
    await store.age();
    await store.sweep(logs);
    expect(await store.rows()).toBe(0);
    expect((await logs.stateOf('r:#a'))?.seq).toBeGreaterThan(2);
  });
});
