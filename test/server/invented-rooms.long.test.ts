/** Somebody enters ever new rooms beside a store: none of them is remembered for ever. */
import { expect, test } from 'vitest';
import type { Member } from '../../src/chat/member.js';
import { placeOf } from '../../src/log/place.js';
import { check } from '../../src/store/archive.js';
import { integerOf } from '../../src/store/columns.js';
import type { Connection } from '../../src/store/engine.js';
import { SqliteLog } from '../../src/store/sqlite-log.js';
import { Ear } from '../chat/ear.js';
import { openFile } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';
import { Run } from './run.js';

const NAMES = 20_000;
const AT_ONCE = 100;
/** The rooms that a chat has closed last, the logs that nobody has followed since, and some to spare. */
const MOST_LOGS = 2_100;
const BACK = '#back';

/** Enters rooms, and leaves them again. */
async function visit(run: Run, who: Member, rooms: readonly string[]): Promise<void> {
  for (const room of rooms) run.chat.join(who, room, { key: null, maxRooms: 1_000, flags: [] });
  await run.settled();
  for (const room of rooms) run.chat.part(who, room, '');
  await run.settled();
}

/** Has somebody say something in a room that is opened for that. @returns the number that is in its id */
async function sayInBack(run: Run, who: Member, ear: Ear, other: Member): Promise<number> {
  ear.words();
  for (const member of [who, other]) run.chat.join(member, BACK, { key: null, maxRooms: 1_000, flags: [] });
  await run.settled();
  const words = { type: 'message', tags: [], text: 'back again', isDivisible: false } as const;
  run.chat.say(who, { kind: 'room', name: BACK, ranks: 0 }, words);
  await run.settled();
  const [id] = ear.heard.flatMap((event) => (event.kind === 'said' ? [event.id] : []));
  for (const member of [who, other]) run.chat.part(member, BACK, '');
  await run.settled();
  return id === undefined ? expect.fail() : placeOf(id).seq;
}

function logsIn({ keeping }: Run): number {
  return keeping.logs instanceof SqliteLog ? keeping.logs.names.length : expect.fail();
}

/** How many rows of invented rooms there are. */
function rowsIn(file: Connection): number {
  const row = file.prepare("SELECT count(*) AS rows FROM log WHERE name LIKE 'r:#invented-%'").get();
  return integerOf(row ?? {}, 'rows');
}

test('20,000 invented rooms leave a bounded number of logs in memory, and in the end no rows', async () => {
  const folder = temporaryFolder();
  let run = await Run.start(folder, { days: 7 });
  const begin = async (): Promise<readonly [Member, Ear, Member]> => {
    const ear = new Ear();
    return [await run.arrive('ann', null), ear, await run.arrive('bob', null, ear)];
  };
  let [ann, ear, bob] = await begin();
  const numbers = [await sayInBack(run, ann, ear, bob)];
  for (let first = 0; first < NAMES; first += AT_ONCE) {
    const rooms = Array.from({ length: AT_ONCE }, (_, index) => `#invented-${first + index}`);
    await visit(run, ann, rooms);
  }
  expect(logsIn(run)).toBeLessThan(MOST_LOGS);
  // Its log is not in memory any more, and has packs.
  numbers.push(await sayInBack(run, ann, ear, bob));
  await run.end();

  expect((await check(folder)).problems).toEqual([]);
  run = await Run.start(folder, { days: 7 });
  [ann, ear, bob] = await begin();
  expect(logsIn(run)).toBeLessThan(MOST_LOGS);
  numbers.push(await sayInBack(run, ann, ear, bob));

  const file = await openFile(folder);
  expect(rowsIn(file)).toBe(NAMES);
  file.exec('UPDATE pack SET at_ms = 1');
  run.keeping.retain(() => {
    run.chat.keepRooms();
  });
  await expect.poll(() => rowsIn(file), { timeout: 120_000, interval: 500 }).toBe(0);
  await run.settled();
  expect(logsIn(run)).toBeLessThan(MOST_LOGS);
  numbers.push(await sayInBack(run, ann, ear, bob));
  await run.end();

  run = await Run.start(folder, { days: 7 });
  [ann, ear, bob] = await begin();
  expect(logsIn(run)).toBeLessThan(100);
  numbers.push(await sayInBack(run, ann, ear, bob));
  await run.end();
  expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
  expect((await check(folder)).problems).toEqual([]);
});
