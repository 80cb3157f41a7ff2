import { inspect } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { RedisLog, type RedisLogOptions } from '../../../src/store/redis/redis-log.js';
import { keysOf, LEASES, VERSION_KEY } from '../../../src/store/redis/scripts.js';
import { Answers, describeRemoteLog, describeSharedLog, Ear, type RemoteLogsUnderTest } from '../../log/contract.js';
import { mark } from '../../log/entries.js';
import { until } from '../../support/deadline.js';
import { redisProblem, startRedis } from '../../support/redis.js';
import { RemoteLogs } from '../../support/remote-logs.js';
import { checkLogOfServer } from '../server-log.js';
import { heldChannel } from './held-channel.js';
import { describeRedis } from './with-redis.js';

const ROOM = 'r:#a';

describeRedis((redis) => {
  async function open(maxEntries: number): Promise<RemoteLogsUnderTest & { readonly log: RedisLog }> {
    await redis.admin.flushall();
    const logs = new RemoteLogs();
    const another = async () => {
      return logs.add(await RedisLog.open({ url: redis.server.url, maxEntries, onTrouble: logs.onTrouble }));
    };
    return {
      log: await another(),
      another,
      settle: () => logs.settle(),
      pass: async (ms) => {
        for (const node of await redis.admin.zrange(LEASES, 0, '-1')) await redis.admin.zincrby(LEASES, -ms, node);
      },
      loseEnd: async (name, top) => {
        const [ends, packs] = keysOf(name);
        const lost = await redis.admin.xrange(packs, `${top + 1}-0`, '+');
        await redis.admin.xdel(packs, ...lost.map(([id]) => id));
        const [last] = await redis.admin.xrevrange(packs, '+', '-', 'COUNT', 1);
        await redis.admin.call('XSETID', packs, last?.[0] ?? '0-1');
        await redis.admin.hset(ends, 'top', top, 'mark', last?.[1][5] ?? '');
      },
      cut: () =>
        logs.cut(async () => {
          await redis.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
          await redis.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
        }),
    };
  }

  describeSharedLog('RedisLog', open, 1);
  describeRemoteLog('RedisLog', open, true);
  checkLogOfServer(open, {
    crash: () => redis.server.crash(),
    restart: async () => {
      await redis.server.start();
      await redis.connect();
    },
    // Without memory it takes no writes.
    fill: () => setting('maxmemory', '1'),
    relieve: async () => {
      await redis.admin.config('SET', 'maxmemory', '0');
    },
  });

  test('it says how durable the server is', async () => {
    const { log } = await open(1);
    expect(log.durability).toBe('always');
  });

  test('an end that the server loses in a crash is put back within a second', async () => {
    const logs = await open(100_000);
    const ears = [new Ear(), new Ear()];
    const other = await logs.another();
    logs.log.follow(ROOM, 0, ears[0] ?? new Ear());
    other.follow(ROOM, 0, ears[1] ?? new Ear());
    for (const text of ['a', 'b', 'c']) {
      logs.log.append(ROOM, [mark(text)], new Answers());
      await logs.settle();
    }
    await redis.server.crash();
    redis.server.loseEnd(20);
    await redis.server.start();
    await redis.connect();
    await logs.settle();
    const backMs = performance.now();
    // Without a time to settle, whoever is back first puts it back, and the other one may see nothing of it.
    await until(() => ears.some((ear) => ear.packs.includes('restored 3-3')), 'a report of the lost end');
    expect(performance.now() - backMs).toBeLessThan(1_000);
    other.append(ROOM, [mark('x')], new Answers());
    await logs.settle();
    for (const ear of ears) {
      expect(ear.packs.filter((word) => word !== 'restored 3-3')).toEqual(['1 a', '2 b', '3 c', '4 x']);
    }
    const late = new Ear();
    other.follow(ROOM, 0, late);
    await logs.settle();
    expect(late.packs).toEqual(['1 a', '2 b', '3 c', '4 x']);
  });

  test('a server that has forgotten the scripts learns them again', async () => {
    const logs = await open(100_000);
    const { log } = logs;
    const answers = new Answers();
    await redis.admin.script('FLUSH');
    log.append(ROOM, [mark('a')], answers);
    await logs.settle();
    await redis.admin.script('FLUSH');
    expect(await log.read(ROOM, { after: 0, maxPacks: 1 })).toMatchObject({ top: 1 });
    expect(answers.got).toEqual([1]);
  });

  test('logs of different databases of a server have nothing in common', async () => {
    const logs = await open(100_000);
    const other = await RedisLog.open({ url: `${redis.server.url}/3` });
    onTestFinished(() => other.close());
    const ear = new Ear();
    logs.log.follow(ROOM, 0, ear);
    const answers = new Answers();
    other.append(ROOM, [mark('a')], answers);
    await until(() => answers.got.length > 0, 'an answer');
    await logs.settle();
    expect(answers.got).toEqual([1]);
    expect(ear.packs).toEqual([]);
  });

  /** Sets something until the test is over. */
  async function setting(name: string, value: string): Promise<void> {
    const before = await redis.admin.config('GET', name);
    await redis.admin.config('SET', name, value);
    onTestFinished(async () => {
      await redis.admin.config('SET', name, Array.isArray(before) ? String(before[1]) : '');
    });
  }

  test('a follower that is far behind is read to, however little may wait for a subscriber', async () => {
    const logs = await open(100_000);
    const { log } = logs;
    await setting('client-output-buffer-limit', 'pubsub 1048576 0 0');
    const texts = Array.from({ length: 40 }, (_, index) => `${index} ${'x'.repeat(60_000)}`);
    for (const text of texts) {
      log.append(ROOM, [mark(text)], new Answers());
      await logs.settle();
    }
    const ear = new Ear();
    log.follow(ROOM, 0, ear);
    await logs.settle();
    expect(ear.heard).toEqual([...texts.map((text, index) => `${index + 1} ${text}`), 'caught up']);
  });

  test('an append waits until this process has heard what it has announced before', async () => {
    const { log: first } = await open(100_000);
    first.close();
    const channel = await heldChannel(redis.server.url);
    const log = await opening({ url: channel.url });
    await log.whenUp();
    channel.hold();
    const answers = new Answers();
    log.append(ROOM, [mark('a')], answers);
    await until(() => answers.got.length === 1, 'the first answer');
    log.append(ROOM, [mark('b')], answers);
    const [, packs] = keysOf(ROOM);
    for (let i = 0; i < 20; i += 1) expect(await redis.admin.xlen(packs)).toBe(1);
    channel.letGo();
    await until(() => answers.got.length === 2, 'the second answer');
    expect(await redis.admin.xlen(packs)).toBe(2);
  });

  const opening = async (options: Partial<RedisLogOptions> = {}): Promise<RedisLog> => {
    const log = await RedisLog.open({ url: redis.server.url, ...options });
    onTestFinished(() => log.close());
    return log;
  };

  test.each([
    ['appendonly', 'no', 'none'],
    ['appendfsync', 'no', 'none'],
  ])('a server with %s %s is refused, unless losses are allowed', async (name, value, durability) => {
    await setting(name, value);
    const message: unknown = expect.stringContaining('allowLoss');
    await expect(opening()).rejects.toMatchObject({ code: 'ERR_STORE_DURABILITY', message });
    expect((await opening({ allowLoss: true })).durability).toBe(durability);
  });

  test('a server that may lose a second is taken, and says so', async () => {
    await setting('appendfsync', 'everysec');
    expect((await opening()).durability).toBe('everysec');
  });

  test.each([
    ['INFO', '-info'],
    ['CONFIG GET', '-config|get'],
  ])('a server that refuses %s does not say how durable it is', async (name, rule) => {
    await redis.admin.acl('SETUSER', 'managed', 'on', '>word', 'allkeys', 'allchannels', '+@all', rule);
    onTestFinished(async () => {
      await redis.admin.acl('DELUSER', 'managed');
    });
    const url = redis.server.url.replace('redis://', 'redis://managed:word@');
    const message: unknown = expect.stringContaining(`(${name}`);
    await expect(opening({ url })).rejects.toMatchObject({ code: 'ERR_STORE_DURABILITY', message });
    expect((await opening({ url, allowLoss: true })).durability).toBe('unknown');
  });

  test('a server that removes keys when memory is short is refused', async () => {
    await setting('maxmemory-policy', 'allkeys-lru');
    const message: unknown = expect.stringContaining('allkeys-lru');
    await expect(opening({ allowLoss: true })).rejects.toMatchObject({ code: 'ERR_STORE_DURABILITY', message });
  });

  test('a replica is refused as long as it is one', async () => {
    await redis.admin.replicaof('127.0.0.1', 1);
    onTestFinished(async () => {
      await redis.admin.replicaof('NO', 'ONE');
    });
    const message: unknown = expect.stringContaining('replica');
    await expect(opening()).rejects.toMatchObject({ code: 'ERR_STORE_CONNECTION', message });
  });

  test('logs of a later version are left alone', async () => {
    onTestFinished(async () => {
      await redis.admin.del(VERSION_KEY);
    });
    await redis.admin.set(VERSION_KEY, 1_000);
    await expect(opening()).rejects.toMatchObject({ code: 'ERR_STORE_VERSION' });
    expect(await redis.admin.get(VERSION_KEY)).toBe('1000');
  });

  test('a server without room for all connections is reported', async () => {
    await setting('maxclients', '2');
    // Whether the reason arrives before the end of the connection is a matter of chance.
    await expect(opening({ startMs: 500 })).rejects.toMatchObject({ code: 'ERR_STORE_CONNECTION' });
  });

  test('a user that is not let in is reported without its password', async () => {
    const url = redis.server.url.replace('redis://', 'redis://nobody:secret-word@');
    const error: unknown = await opening({ url }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ERR_STORE_CONNECTION', message: expect.stringContaining('WRONGPASS') });
    expect(inspect(error, { depth: 9 })).not.toContain('secret-word');
  });

  test('a database that the server does not have is reported', async () => {
    const opened = opening({ url: `${redis.server.url}/99` });
    await expect(opened).rejects.toMatchObject({ code: 'ERR_STORE_CONNECTION' });
  });

  test('a password that the server does not ask for does no harm', async () => {
    const log = await opening({ url: redis.server.url.replace('redis://', 'redis://:word@') });
    const [ear, answers] = [new Ear(), new Answers()];
    log.follow(ROOM, 0, ear);
    log.append(ROOM, [mark('a')], answers);
    await until(() => answers.got.length > 0, 'an answer');
    expect(answers.got).toEqual([expect.any(Number)]);
  });
});

test.skipIf(redisProblem !== null)('a Redis Cluster is refused', { tags: ['needs-redis'] }, async () => {
  const server = await startRedis({ 'cluster-enabled': 'yes', port: '0' });
  onTestFinished(() => server.close());
  const message: unknown = expect.stringContaining('Cluster');
  await expect(RedisLog.open({ url: server.url })).rejects.toMatchObject({ code: 'ERR_STORE_ENGINE', message });
});

test('a server that cannot be reached is reported', async () => {
  const open = RedisLog.open({ url: 'redis://ann:secret-word@127.0.0.1:1' });
  const error: unknown = await open.catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'ERR_STORE_CONNECTION', message: expect.stringContaining('ECONNREFUSED') });
  expect(inspect(error, { depth: 9 })).not.toContain('secret-word');
});
