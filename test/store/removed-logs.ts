/** What every store does with the logs that nobody uses: rows of invented names go, and no number comes twice. */
import { expect, test } from 'vitest';
import type { LogName } from '../../src/log/entry.js';
import type { StoreLogs } from '../../src/store/store-access.js';
import { Answers, Ear } from '../log/contract.js';
import { mark } from '../log/entries.js';
import { until } from '../support/deadline.js';

/** The logs of one store, which several processes use. */
export interface RemovableLogs {
  /** Opens them as another process has them. */
  open(): Promise<StoreLogs>;
  /** Drops the packs of all logs, as those that are old. */
  dropPacks(): Promise<void>;
  /** Lets so much time pass that a log which nobody uses may be removed. */
  age(): Promise<void>;
  /** Removes what may be removed, as a process does every hour. */
  sweep(by: StoreLogs): Promise<void>;
  /** How many logs have a row. */
  rows(): Promise<number>;
  /** Whether the store sees whom a log lags behind, even if that one says nothing. */
  readonly seesFollowers: boolean;
}

/** A clock that can be put ahead. */
export class AheadClock {
  #aheadMs = 0;

  readonly now = (): number => performance.now() + this.#aheadMs;

  readonly later = (ms: number, then: () => void): void => {
    setTimeout(then, ms).unref();
  };

  pass(ms: number): void {
    this.#aheadMs += ms;
  }
}

/** After this, a log that nobody has used meanwhile may be removed. */
export const UNUSED_MS = 4 * 3_600_000;

const ROOM = 'r:#a';
/** 20,000 do as well, but take some databases half a minute. */
const NAMES = 2_000;
const AT_ONCE = 500;

/** Appends to a log. @returns the number of the pack */
export async function append(logs: StoreLogs, log: LogName, text: string): Promise<number> {
  const answers = new Answers();
  logs.append(log, [mark(text)], answers);
  await until(() => answers.got.length > 0, 'the answer to an append');
  const [seq] = answers.got;
  return typeof seq === 'number' ? seq : expect.fail(String(seq));
}

/** Follows a log as a node does that knows nothing of it. */
async function begin(logs: StoreLogs, ear: Ear): Promise<{ readonly seq: number; stop(): void }> {
  const kept = await logs.stateOf(ROOM);
  expect(kept?.state).toBeNull();
  const seq = kept?.seq ?? expect.fail();
  const following = logs.follow(ROOM, seq, ear);
  await until(() => ear.course.includes('caught up'), 'the end of a log');
  return { seq, stop: () => following.stop() };
}

const heard = (ear: Ear, word: string): Promise<unknown> => until(() => ear.packs.includes(word), `"${word}"`);

/** @param open - opens an empty store */
export function describeRemovedLogs(open: () => Promise<RemovableLogs>): void {
  test('a log that was removed goes on behind its numbers, for those who lag behind as for others', async () => {
    const store = await open();
    const [first, lagging] = [await store.open(), await store.open()];
    const [ear, late] = [new Ear(), new Ear()];
    const following = await begin(first, ear);
    const lag = await begin(lagging, late);
    expect(lag.seq).toBe(following.seq);
    const texts = ['a', 'b', 'c'];
    const words: string[] = [];
    for (const text of texts) words.push(`${await append(first, ROOM, text)} ${text}`);
    await heard(late, words[2] ?? '');
    expect(late.packs).toEqual(words);
    const top = following.seq + 3;
    following.stop();
    if (store.seesFollowers) lag.stop();
    // An answer follows everything that was sent before the question.
    for (const logs of [first, lagging]) await logs.living();
    await store.dropPacks();
    await store.age();
    await store.sweep(first);
    expect(await store.rows()).toBe(0);

    const next = await store.open();
    const fresh = new Ear();
    const { seq } = await begin(next, fresh);
    expect(seq).toBeGreaterThan(top);
    if (store.seesFollowers) lagging.follow(ROOM, top, late);
    const word = `${await append(next, ROOM, 'd')} d`;
    expect(word).toBe(`${seq + 1} d`);
    await heard(fresh, word);
    expect(fresh.packs).toEqual([word]);
    await heard(late, word);
    // It cannot know whether there was more before the log was removed.
    expect(late.packs).toEqual([...words, `missing ${top + 1}-${seq}`, word]);
    const again = new Ear();
    expect((await begin(lagging, again)).seq).toBe(seq);
  });

  test('a log without packs that somebody follows stays as it is', async () => {
    const store = await open();
    const [follower, other] = [await store.open(), await store.open()];
    const ear = new Ear();
    const { seq } = await begin(follower, ear);
    await store.age();
    await store.sweep(follower);
    await store.sweep(other);
    expect(await store.rows()).toBe(1);
    expect((await other.stateOf(ROOM))?.seq).toBe(seq);
    expect(await append(other, ROOM, 'a')).toBe(seq + 1);
    await heard(ear, `${seq + 1} a`);
    expect(ear.packs).toEqual([`${seq + 1} a`]);
  });

  test('a log with packs, and one whose state is kept, stay', async () => {
    const store = await open();
    const logs = await store.open();
    const top = await append(logs, 'r:#kept', 'a');
    logs.keep('r:#kept', top, '{}');
    for (let state: string | null = null; state === null;) state = (await logs.stateOf('r:#kept'))?.state ?? null;
    await store.dropPacks();
    await append(logs, 'r:#said', 'b');
    await store.age();
    await store.sweep(logs);
    expect(await store.rows()).toBe(2);
    expect(await logs.stateOf('r:#kept')).toEqual({ seq: top, state: '{}' });
  });

  test('invented rooms leave no rows', async () => {
    const store = await open();
    const logs = await store.open();
    const answers = new Answers();
    for (let n = 0; n < NAMES; n += 1) {
      logs.append(`r:#invented-${n}`, [mark('a')], answers);
      if (n % AT_ONCE === AT_ONCE - 1) await until(() => answers.got.length === n + 1, 'the answers to appends');
    }
    expect(answers.got.every((seq) => typeof seq === 'number')).toBe(true);
    expect(await store.rows()).toBe(NAMES);
    await store.dropPacks();
    await store.age();
    await store.sweep(logs);
    expect(await store.rows()).toBe(0);
    expect(await append(logs, 'r:#invented-0', 'b')).toBeGreaterThan(1);
  });
}
