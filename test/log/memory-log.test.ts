import { describe, expect, test } from 'vitest';
import type { Pack } from '../../src/log/entry.js';
import { MemoryLog } from '../../src/log/memory-log.js';
import { Answers, describeSharedLog, Ear } from './contract.js';
import { mark } from './entries.js';

describeSharedLog('MemoryLog', (maxEntries) => {
  let nowMs = 0;
  const log = new MemoryLog({ maxEntries, maxBytes: Infinity, now: () => nowMs });
  return {
    log,
    another: () => log,
    settle: () => Promise.resolve(),
    pass: (ms) => {
      nowMs += ms;
    },
  };
});

const ROOM = 'r:#a';

async function keptIn(log: MemoryLog, name: 'd' | `r:${string}` = ROOM): Promise<[first: number, top: number]> {
  const excerpt = await log.read(name, { after: 0, maxPacks: 1 });
  return [excerpt?.first ?? NaN, excerpt?.top ?? NaN];
}

test('an append has been followed and answered when the call returns', () => {
  const log = new MemoryLog();
  const ear = new Ear();
  const answers = new Answers();
  log.follow(ROOM, 0, ear);
  log.append(ROOM, [mark('a')], answers);
  expect([ear.packs, answers.got]).toEqual([['1 a'], [1]]);
});

describe('what a log keeps is bounded', () => {
  test('by entries, whole packs at a time', async () => {
    const log = new MemoryLog({ maxEntries: 5 });
    for (let n = 0; n < 10; n += 1) log.append(ROOM, [mark('a'), mark('b')], new Answers());
    expect(await keptIn(log)).toEqual([9, 10]);
  });

  test('by bytes', async () => {
    const log = new MemoryLog({ maxBytes: 100_000 });
    for (let n = 0; n < 100; n += 1) log.append(ROOM, [mark('x'.repeat(10_000))], new Answers());
    const [first, top] = await keptIn(log);
    expect(top).toBe(100);
    expect(top - first + 1).toBe(4);
  });

  test('by what has been appended, not by how much a nested append leaves for later', async () => {
    const log = new MemoryLog({ maxEntries: 0 });
    const first = new Ear();
    const second = new Ear();
    first.onPack = (seq) => {
      if (seq < 50) log.append(ROOM, [mark('a')], new Answers());
    };
    log.follow(ROOM, 0, first);
    log.follow(ROOM, 0, second);
    log.append(ROOM, [mark('a')], new Answers());
    expect(first.packs).toHaveLength(50);
    expect(second.packs).toEqual(first.packs);
    expect(await keptIn(log)).toEqual([51, 50]);
  });

  test('by the number of logs that nobody follows: the one that was used least lately is forgotten', async () => {
    const log = new MemoryLog({ maxIdleLogs: 2 });
    const answers = new Answers();
    log.append('r:#a', [mark('a')], answers);
    log.append('r:#b', [mark('b')], answers);
    log.append('r:#a', [mark('a')], answers);
    log.append('r:#c', [mark('c')], answers);
    expect([await keptIn(log, 'r:#a'), await keptIn(log, 'r:#b'), await keptIn(log, 'r:#c')]).toEqual([
      [1, 2],
      [1, 0],
      [1, 1],
    ]);
  });

  test('by the bytes of all logs together: those that were used least lately lose packs first', async () => {
    const log = new MemoryLog({ maxTotalBytes: 100_000 });
    const text = 'x'.repeat(400);
    // A thousand strangers with a hundred rooms each would make as many logs; each is followed.
    for (let room = 0; room < 2000; room += 1) {
      log.follow(`r:#${room}`, 0, new Ear());
      for (let n = 0; n < 3; n += 1) log.append(`r:#${room}`, [mark(text)], new Answers());
      expect(log.keptBytes).toBeLessThanOrEqual(100_000);
    }
    const kept = async (room: number) => (await log.read(`r:#${room}`, { after: 0, maxPacks: 9 }))?.packs.length;
    expect([await kept(0), await kept(1900), await kept(1999)]).toEqual([0, 0, 3]);
    // One that is used again is the last to lose any.
    log.append('r:#1999', [mark('again')], new Answers());
    for (let room = 0; room < 80; room += 1) log.append(`r:#${room}`, [mark(text)], new Answers());
    expect(await kept(1999)).toBe(4);
    log.close();
    expect(log.keptBytes).toBe(0);
  });

  test('a log that is forgotten counts no more', () => {
    const log = new MemoryLog({ maxIdleLogs: 2 });
    for (let room = 0; room < 10; room += 1) log.append(`r:#${room}`, [mark('a')], new Answers());
    const two = log.keptBytes;
    log.append('r:#10', [mark('a')], new Answers());
    expect(log.keptBytes).toBe(two);
  });

  test('a log that is followed is not forgotten for others', async () => {
    const log = new MemoryLog({ maxIdleLogs: 1 });
    log.append('r:#a', [mark('a')], new Answers());
    const following = log.follow('r:#a', 0, new Ear());
    for (let n = 0; n < 10; n += 1) log.append(`r:#${n}`, [mark('b')], new Answers());
    expect(await keptIn(log, 'r:#a')).toEqual([1, 1]);
    following.stop();
    log.append('r:#b', [mark('b')], new Answers());
    expect(await keptIn(log, 'r:#a')).toEqual([1, 0]);
  });
});

test('one who is a million entries behind hears all of them in one call', () => {
  const log = new MemoryLog({ maxEntries: 1_000_000, maxBytes: Infinity, maxTotalBytes: Number.MAX_SAFE_INTEGER });
  const pack = Array<ReturnType<typeof mark>>(1000).fill(mark('a'));
  for (let n = 0; n < 1000; n += 1) log.append(ROOM, pack, new Answers());
  let entries = 0;
  log.follow(ROOM, 0, Object.assign(new Ear(), { pack: (_seq: number, { length }: Pack) => (entries += length) }));
  expect(entries).toBe(1_000_000);
});

test('a log that keeps nothing is forgotten with its last follower, and begins again', () => {
  const log = new MemoryLog({ maxEntries: 0 });
  const ear = new Ear();
  const following = log.follow(ROOM, 0, ear);
  log.append(ROOM, [mark('a')], new Answers());
  log.append(ROOM, [mark('b')], new Answers());
  following.stop();
  log.follow(ROOM, 0, ear);
  log.append(ROOM, [mark('c')], new Answers());
  expect(ear.packs).toEqual(['1 a', '2 b', '1 c']);
});

test('a sink that throws harms neither the log nor the other followers', () => {
  const log = new MemoryLog();
  const bad = new Ear();
  const good = new Ear();
  bad.onPack = (seq) => {
    if (seq === 1) throw new Error('a fault of the sink');
  };
  log.follow(ROOM, 0, bad);
  log.follow(ROOM, 0, good);
  expect(() => log.append(ROOM, [mark('a')], new Answers())).toThrow('a fault of the sink');
  log.append(ROOM, [mark('b')], new Answers());
  expect(bad.packs).toEqual(['1 a', '2 b']);
  expect(good.packs).toEqual(['1 a', '2 b']);
});
