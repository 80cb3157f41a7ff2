import { expect, test } from 'vitest';
import type { LogName } from '../../src/log/entry.js';
import { check } from '../../src/store/archive.js';
import { SqliteLog } from '../../src/store/sqlite-log.js';
import type { Store } from '../../src/store/store.js';
import { StoredHistory } from '../../src/store/stored-history.js';
import { Answers, describeSharedLog, Ear } from '../log/contract.js';
import { mark } from '../log/entries.js';
import { saidAt } from '../support/history-lines.js';
import { openFile, openStore, settled } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';
import { appendWhileFull } from './full-history.js';

describeSharedLog('SqliteLog', async (maxEntries) => {
  let nowMs = 0;
  const store = await openStore();
  const log = await SqliteLog.open(store, { maxEntries, now: () => nowMs });
  return {
    log,
    another: () => log,
    settle: () => settled(store),
    pass: (ms) => {
      nowMs += ms;
    },
  };
});

const ROOM = 'r:#a';
/** More than the logs that are in memory without followers. */
const OTHERS = 1_001;

/** Appends packs of one mark each. @returns the answers */
async function append(store: Store, log: SqliteLog, name: LogName, ...texts: readonly string[]) {
  const answers = new Answers();
  for (const text of texts) log.append(name, [mark(text)], answers);
  await settled(store);
  return answers.got;
}

/** Appends a pack to so many other logs that the first ones are not in memory any more. */
async function crowdOut(store: Store, log: SqliteLog): Promise<void> {
  for (let n = 0; n < OTHERS; n += 1) log.append(`r:#other${n}`, [mark('x')], new Answers());
  await settled(store);
}

/** Drops what has been stored of a log, as a retention does in the course of time. */
async function dropAll(store: Store, log: SqliteLog, name: LogName): Promise<void> {
  log.keep(name, log.topOf(name), null);
  store.write({ kind: 'retain', log: name, fromMs: Number.MAX_SAFE_INTEGER });
  await settled(store);
}

test('a log that is not in memory is read when somebody follows it', async () => {
  const store = await openStore();
  const log = await SqliteLog.open(store);
  await append(store, log, ROOM, 'a', 'b', 'c');
  await append(store, log, 'r:#b', 'x', 'y', 'z', 'u', 'v');
  await crowdOut(store, log);
  expect(log.names).toHaveLength(1_000);
  expect(log.names).not.toContain(ROOM);
  const [behind, level, beyond] = [new Ear(), new Ear(), new Ear()];
  log.follow(ROOM, 1, behind);
  log.follow(ROOM, 3, level);
  log.follow(ROOM, 4, beyond);
  await settled(store);
  expect(await append(store, log, ROOM, 'd')).toEqual([4]);
  expect(behind.course).toEqual(['2 b', '3 c', 'caught up', '4 d']);
  expect(level.course).toEqual(['caught up', '4 d']);
  expect(beyond.course).toEqual(['regressed 4-3', 'caught up', '4 d']);
});

test('what is appended while a log is read is heard once', async () => {
  const store = await openStore();
  const log = await SqliteLog.open(store);
  await append(store, log, ROOM, 'a', 'b');
  await crowdOut(store, log);
  const ear = new Ear();
  log.follow(ROOM, 0, ear);
  expect(await append(store, log, ROOM, 'c', 'd')).toEqual([3, 4]);
  expect(ear.packs).toEqual(['1 a', '2 b', '3 c', '4 d']);
});

test('a log that is not in memory can be gone on with at once, with numbers that it has not had', async () => {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const log = await SqliteLog.open(store);
  await append(store, log, ROOM, 'a', 'b');
  await append(store, log, 'r:#b', 'x', 'y', 'z');
  for (const [name, seq] of [
    [ROOM, 2],
    ['r:#b', 3],
  ] as const)
    log.keep(name, seq, null);
  await crowdOut(store, log);
  expect(log.topOf(ROOM)).toBe(3);
  const ear = new Ear();
  log.follow(ROOM, 3, ear);
  expect(ear.course).toEqual(['caught up']);
  expect(await append(store, log, ROOM, 'c', 'd')).toEqual([4, 5]);
  expect(ear.course).toEqual(['caught up', '4 c', '5 d']);
  await store.close();
  expect((await check(folder)).problems).toEqual([]);

  // What is read at the next start begins behind the numbers that were left out.
  const next = await openStore({ folder });
  const again = await SqliteLog.open(next);
  expect(again.states.find((state) => state.log === ROOM)).toMatchObject({ seq: 3, state: null });
  const late = new Ear();
  again.follow(ROOM, 3, late);
  expect(late.course).toEqual(['4 c', '5 d', 'caught up']);
});

test('a log that makes another one leave memory begins where it was told to', async () => {
  const store = await openStore();
  const log = await SqliteLog.open(store);
  await append(store, log, 'r:#low', 'x');
  await append(store, log, 'r:#high', 'x', 'y', 'z');
  for (let n = 0; n < 999; n += 1) log.append(`r:#other${n}`, [mark('x')], new Answers());
  await settled(store);
  // The one with three packs is the next to leave.
  expect(log.names).toContain('r:#high');
  expect(log.topOf(ROOM)).toBe(1);
  expect(log.topOf(ROOM)).toBe(1);
  expect(log.topOf('r:#b')).toBe(3);
  const ear = new Ear();
  log.follow(ROOM, 1, ear);
  expect(await append(store, log, ROOM, 'a')).toEqual([2]);
  expect(ear.course).toEqual(['caught up', '2 a']);
});

test('a state that is kept before the first pack is there at the next start', async () => {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const log = await SqliteLog.open(store);
  await append(store, log, 'r:#b', 'x', 'y');
  await crowdOut(store, log);
  const top = log.topOf(ROOM);
  log.follow(ROOM, top, new Ear());
  log.keep(ROOM, top, '{}');
  await store.close();
  const next = await openStore({ folder });
  const again = await SqliteLog.open(next);
  expect(again.states.find((state) => state.log === ROOM)).toMatchObject({ seq: top, state: '{}' });
  const ear = new Ear();
  again.follow(ROOM, top, ear);
  expect(await append(next, again, ROOM, 'a')).toEqual([top + 1]);
  expect(ear.course).toEqual(['caught up', `${top + 1} a`]);
});

test('logs of which nothing is kept lose their rows, and never get a number again', async () => {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const log = await SqliteLog.open(store);
  const followed = new Ear();
  await append(store, log, ROOM, 'a', 'b', 'c');
  await append(store, log, 'r:#kept', 'x');
  await append(store, log, 'r:#state', 'x');
  await append(store, log, 'r:#followed', 'x', 'y');
  await append(store, log, 'r:#open', 'x');
  log.follow('r:#followed', 2, followed);
  for (const name of [ROOM, 'r:#state', 'r:#followed'] as const) await dropAll(store, log, name);
  log.keep('r:#state', 1, '{}');
  await log.removeEmpty();
  const file = await openFile(folder);
  expect(file.prepare('SELECT name FROM log ORDER BY name').all()).toEqual([
    { name: 'r:#kept' },
    { name: 'r:#open' },
    { name: 'r:#state' },
  ]);
  // This process knows the numbers of its own logs; no new one begins before them.
  expect(await append(store, log, 'r:#followed', 'z')).toEqual([3]);
  expect(followed.course).toEqual(['caught up', '3 z']);
  expect(log.topOf('r:#new')).toBe(3);
  expect(await append(store, log, ROOM, 'd')).toEqual([4]);
  await dropAll(store, log, ROOM);
  await log.removeEmpty();
  await store.close();

  const next = await openStore({ folder });
  const again = await SqliteLog.open(next);
  expect(again.names.sort()).toEqual(['r:#followed', 'r:#kept', 'r:#open', 'r:#state']);
  expect(again.topOf(ROOM)).toBe(4);
  // Nobody has asked where this one ends, as it is with logs that are served to others.
  expect(await append(next, again, 'r:#fresh', 'e')).toEqual([5]);
  expect(await again.stateOf('r:#never')).toEqual({ seq: 4, state: null });
  const ear = new Ear();
  again.follow('r:#never', 4, ear);
  await settled(next);
  expect(await append(next, again, 'r:#never', 'f')).toEqual([5]);
  expect(ear.course).toEqual(['caught up', '5 f']);
});

test('a row stays if its number cannot be kept', async () => {
  const folder = temporaryFolder();
  const store = await openStore({ folder });
  const log = await SqliteLog.open(store);
  await append(store, log, ROOM, 'a', 'b', 'c');
  await dropAll(store, log, ROOM);
  const file = await openFile(folder);
  file.exec(`CREATE TRIGGER no_floor BEFORE INSERT ON fact WHEN NEW.name = 'floor'
    BEGIN SELECT RAISE(ABORT, 'no floor'); END`);
  await log.removeEmpty();
  expect(file.prepare('SELECT name, top FROM log').all()).toEqual([{ name: ROOM, top: 3 }]);
  expect(await append(store, log, ROOM, 'd')).toEqual([4]);
});

test('no state is kept before lines that wait, also of a room that has closed', async () => {
  const folder = temporaryFolder();
  const store = await openStore({ folder, maxBytes: 1_000_000 });
  const log = await SqliteLog.open(store);
  const history = new StoredHistory(store);
  log.keepAfter(history);
  const file = await openFile(folder);
  // A line that the file has no room for, while it has room for others, and for states.
  file.exec(`CREATE TRIGGER full BEFORE INSERT ON line
    BEGIN INSERT INTO trial(body) VALUES(zeroblob(10000000)); END`);
  await append(store, log, ROOM, 'a');
  await append(store, log, 'r:#b', 'a');
  history.record(ROOM, saidAt(1));
  await settled(store);
  log.keep(ROOM, 1, null);
  log.keep('r:#b', 1, '{}');
  await settled(store);
  // A process that ended here would leave this.
  const kept = (): unknown => file.prepare('SELECT name, kept_seq, kept FROM log ORDER BY name').all();
  expect(kept()).toEqual([
    { name: ROOM, kept_seq: 0, kept: null },
    { name: 'r:#b', kept_seq: 0, kept: null },
  ]);
  // Nothing that may still be needed is removed meanwhile.
  store.write({ kind: 'retain', log: ROOM, fromMs: Number.MAX_SAFE_INTEGER });
  await log.removeEmpty();
  expect(await log.read(ROOM, { after: 0, maxPacks: 9 })).toMatchObject({ first: 1, top: 1 });
  file.exec('DROP TRIGGER full');
  await expect.poll(kept, { timeout: 10_000 }).toEqual([
    { name: ROOM, kept_seq: 1, kept: null },
    { name: 'r:#b', kept_seq: 1, kept: '{}' },
  ]);
  expect(file.prepare('SELECT count(*) AS lines FROM line').get()).toEqual({ lines: 1 });
  history.close();
  log.close();
});

test('nothing is said while the history takes nothing more', async () => {
  await appendWhileFull(await SqliteLog.open(await openStore()));
});
