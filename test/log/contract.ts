import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LogName, MAX_PACK_ENTRIES, type Pack } from '../../src/log/entry.js';
import type { AppendAnswer, AppendFailure, LogSink, SharedLog } from '../../src/log/shared-log.js';
import { mark, marksOf } from './entries.js';

/** Logs that are opened for one test. */
export interface LogsUnderTest {
  readonly log: SharedLog;
  /** Returns the same logs as somebody else has them. */
  another(): SharedLog | Promise<SharedLog>;
  /** Waits until nothing is under way. */
  settle(): Promise<void>;
  /** Moves on the clock that leases run out by. */
  pass(ms: number): void | Promise<void>;
}

/** Logs that are kept somewhere else. */
export interface RemoteLogsUnderTest extends LogsUnderTest {
  /** Takes all packs after `top` from a log, as a disk does that has not written them. */
  loseEnd(name: LogName, top: number): void | Promise<void>;
  /** Cuts all connections. */
  cut(): void | Promise<void>;
}

/** Opens logs that keep at most so many entries each. */
export type Open<Logs extends LogsUnderTest> = (maxEntries: number) => Logs | Promise<Logs>;

/** A sink that keeps its calls as texts. */
export class Ear implements LogSink {
  readonly heard: string[] = [];
  /** What was reported to be lost, before it was put back. */
  readonly losses: string[] = [];
  onPack: (seq: number) => void = () => undefined;
  onRegress: () => void = () => undefined;

  pack(seq: number, entries: Pack): void {
    this.heard.push(`${seq} ${marksOf(entries).join()}`);
    this.onPack(seq);
  }

  unreadable(seq: number, { kind }: { readonly kind: string }): void {
    this.heard.push(`${seq} ${kind}`);
  }

  missing(from: number, to: number): void {
    this.heard.push(`missing ${from}-${to}`);
  }

  regressed(applied: number, top: number, again = 0): void {
    this.heard.push(`regressed ${applied}-${top}${again === 0 ? '' : `, ${again} again`}`);
    this.onRegress();
  }

  lost(from: number, to: number): void {
    this.losses.push(`${from}-${to}`);
  }

  restored(from: number, to: number): void {
    this.heard.push(`restored ${from}-${to}`);
  }

  caughtUp(): void {
    this.heard.push('caught up');
  }

  away(): void {
    this.heard.push('away');
  }

  back(): void {
    this.heard.push('back');
  }

  /** What was heard of packs, without the words about the connection. */
  get packs(): string[] {
    return this.heard.filter((word) => !['caught up', 'away', 'back'].includes(word));
  }

  /** The same, with the place in which all that was there has been reported. */
  get course(): string[] {
    return this.heard.filter((word) => word !== 'away' && word !== 'back');
  }
}

/** The answers to appends, in their order. */
export class Answers implements AppendAnswer {
  readonly got: (number | AppendFailure)[] = [];

  appended(seq: number): void {
    this.got.push(seq);
  }

  failed(why: AppendFailure): void {
    this.got.push(why);
  }
}

const ROOM = 'r:#a';

/** Appends packs of one mark each, and returns the answers. */
async function appendMarks(logs: LogsUnderTest, ...marks: readonly string[]): Promise<(number | AppendFailure)[]> {
  const answers = new Answers();
  for (const text of marks) logs.log.append(ROOM, [mark(text)], answers);
  await logs.settle();
  return answers.got;
}

/** A pack of one entry that was appended, and what became of it. */
export interface Appended {
  readonly text: string;
  readonly answer: Answers;
}

/** Checks that all have heard the same packs, without gaps, each acknowledged one with the number it was given. */
export function expectOneOrder(ears: readonly Ear[], appended: readonly Appended[]): void {
  const packs = ears[0]?.packs ?? [];
  for (const ear of ears) expect(ear.packs).toEqual(packs);
  expect(packs.map((words) => Number(words.split(' ')[0]))).toEqual(packs.map((_words, index) => index + 1));
  for (const { text, answer } of appended) {
    expect(answer.got).toHaveLength(1);
    const [got] = answer.got;
    if (got !== 'unknown') expect(packs).toContain(`${String(got)} ${text}`);
  }
}

/**
 * What every implementation of SharedLog does.
 *
 * @param packEntries - how many entries each of the 1,000 packs has that somebody is behind
 */
export function describeSharedLog(name: string, open: Open<LogsUnderTest>, packEntries = 100): void {
  describe(`${name} as a shared log`, () => {
    let logs: LogsUnderTest;
    let log: SharedLog;
    const append = (...marks: readonly string[]) => appendMarks(logs, ...marks);

    beforeEach(async () => {
      logs = await open(100_000);
      log = logs.log;
    });

    afterEach(() => {
      log.close();
    });

    test('packs are numbered from 1 without gaps, each log by itself', async () => {
      const other = new Answers();
      expect(await append('a', 'b')).toEqual([1, 2]);
      log.append('d', [mark('x'), mark('y')], other);
      expect(await append('c')).toEqual([3]);
      expect(other.got).toEqual([1]);
    });

    test('followers hear each pack once and in order, from where they ask', async () => {
      const all = new Ear();
      const later = new Ear();
      log.follow(ROOM, 0, all);
      await append('a', 'b');
      log.follow(ROOM, 1, later);
      await append('c');
      expect(all.packs).toEqual(['1 a', '2 b', '3 c']);
      expect(later.packs).toEqual(['2 b', '3 c']);
    });

    test('the entries of a pack arrive together and as they were', async () => {
      const packs: Pack[] = [];
      const pack: Pack = [
        { ...mark('tea\ud83c\udf75'), seen: 3 },
        { kind: 'away', session: 'a.1.1', n: 2, atMs: 5, seen: 3, base: 0, reason: null },
      ];
      log.follow(ROOM, 0, Object.assign(new Ear(), { pack: (_seq: number, entries: Pack) => packs.push(entries) }));
      log.append(ROOM, pack, new Answers());
      await logs.settle();
      expect(packs).toEqual([pack]);
    });

    test('one who has stopped hears nothing more, and goes on where it was', async () => {
      const ear = new Ear();
      const following = log.follow(ROOM, 0, ear);
      await append('a');
      following.stop();
      following.stop();
      await append('b', 'c');
      expect(ear.packs).toEqual(['1 a']);
      expect(following.applied).toBe(1);
      log.follow(ROOM, following.applied, ear);
      await logs.settle();
      expect(ear.packs).toEqual(['1 a', '2 b', '3 c']);
    });

    test('a follower may stop while it is called', async () => {
      await append('a', 'b');
      const ear = new Ear();
      const following = log.follow(ROOM, 2, ear);
      ear.onPack = () => {
        log.append(ROOM, [mark('d')], new Answers());
        following.stop();
      };
      await append('c');
      await append('e');
      expect(ear.packs).toEqual(['3 c']);
      expect(following.applied).toBe(3);
    });

    test('a follower may append while it is called, and hears of that afterwards, as all others do', async () => {
      const first = new Ear();
      const second = new Ear();
      first.onPack = (seq) => {
        if (seq < 4) log.append(ROOM, [mark(`after ${seq}`)], new Answers());
        first.heard.push('done');
      };
      log.follow(ROOM, 0, first);
      log.follow(ROOM, 0, second);
      await append('a');
      expect(first.packs).toEqual(['1 a', 'done', '2 after 1', 'done', '3 after 2', 'done', '4 after 3', 'done']);
      expect(second.packs).toEqual(['1 a', '2 after 1', '3 after 2', '4 after 3']);
    });

    test('an appended pack is there for others', async () => {
      await append('a', 'b');
      const other = await logs.another();
      const ear = new Ear();
      other.follow(ROOM, 0, ear);
      await logs.settle();
      await append('c');
      expect(ear.packs).toEqual(['1 a', '2 b', '3 c']);
    });

    test('a pack without entries, or with too many, is refused and takes no number', async () => {
      const answers = new Answers();
      log.append(ROOM, [], answers);
      log.append(ROOM, Array<Pack[0]>(MAX_PACK_ENTRIES + 1).fill(mark('a')), answers);
      log.append(ROOM, Array<Pack[0]>(MAX_PACK_ENTRIES).fill(mark('a')), answers);
      await logs.settle();
      // A refusal need not wait for those before it.
      expect(answers.got).toEqual(['invalid', 'invalid', 1]);
    });

    test('the same pack may be appended twice, and is there twice', async () => {
      const ear = new Ear();
      log.follow(ROOM, 0, ear);
      expect(await append('a', 'a')).toEqual([1, 2]);
      expect(ear.packs).toEqual(['1 a', '2 a']);
    });

    test('packs that are kept no longer are reported as missing, and the rest follows', async () => {
      logs = await open(3);
      log = logs.log;
      await append('a', 'b', 'c', 'd', 'e');
      const fromStart = new Ear();
      const fromGap = new Ear();
      const fromKept = new Ear();
      log.follow(ROOM, 0, fromStart);
      log.follow(ROOM, 1, fromGap);
      log.follow(ROOM, 2, fromKept);
      await logs.settle();
      await append('f');
      expect(fromStart.packs).toEqual(['missing 1-2', '3 c', '4 d', '5 e', '6 f']);
      expect(fromGap.packs).toEqual(['missing 2-2', '3 c', '4 d', '5 e', '6 f']);
      expect(fromKept.packs).toEqual(['3 c', '4 d', '5 e', '6 f']);
    });

    test('one who has applied more than there is learns that the end is lost, and goes on from there', async () => {
      await append('a', 'b');
      const ear = new Ear();
      log.follow(ROOM, 5, ear);
      await logs.settle();
      await append('c');
      expect(ear.packs).toEqual(['regressed 5-2', '3 c']);
    });

    test('one who follows learns once when it has heard all that was there before', async () => {
      const early = new Ear();
      log.follow(ROOM, 0, early);
      // What is appended meanwhile may be there already when it is first asked.
      await logs.settle();
      await append('a', 'b');
      const all = new Ear();
      const last = new Ear();
      const lost = new Ear();
      log.follow(ROOM, 0, all);
      log.follow(ROOM, 2, last);
      log.follow(ROOM, 5, lost);
      await logs.settle();
      await append('c');
      expect(early.course).toEqual(['caught up', '1 a', '2 b', '3 c']);
      expect(all.course).toEqual(['1 a', '2 b', 'caught up', '3 c']);
      expect(last.course).toEqual(['caught up', '3 c']);
      expect(lost.course).toEqual(['regressed 5-2', 'caught up', '3 c']);
    });

    test(`one who is 1,000 packs of ${packEntries} behind hears all of them in order`, async () => {
      const answers = new Answers();
      for (let n = 1; n <= 1000; n += 1) log.append(ROOM, Array<Pack[0]>(packEntries).fill(mark(String(n))), answers);
      await logs.settle();
      const ear = new Ear();
      log.follow(ROOM, 0, ear);
      await logs.settle();
      const expected = Array.from({ length: 1000 }, (_, index) => `${index + 1} ${index + 1}`);
      expect(ear.packs.map((words) => words.split(',')[0])).toEqual(expected);
    });

    test('a reader gets what it asks for and no more, and where the log begins and ends', async () => {
      logs = await open(3);
      log = logs.log;
      await append('a', 'b', 'c', 'd', 'e');
      const read = async (after: number, maxPacks: number) => {
        const reading = log.read(ROOM, { after, maxPacks });
        await logs.settle();
        const excerpt = await reading;
        if (excerpt === null) throw new Error('away');
        const { packs, ...ends } = excerpt;
        return [packs.map((one) => `${one.seq} ${one.kind === 'pack' ? marksOf(one.entries).join() : one.kind}`), ends];
      };
      expect(await read(0, 10)).toEqual([['3 c', '4 d', '5 e'], { first: 3, top: 5 }]);
      expect(await read(3, 1)).toEqual([['4 d'], { first: 3, top: 5 }]);
      expect(await read(5, 10)).toEqual([[], { first: 3, top: 5 }]);
    });

    test('a lease lasts as long as it is renewed, and is forgotten when somebody says so', async () => {
      const asked = async <T>(promise: Promise<T>): Promise<T> => {
        await logs.settle();
        return promise;
      };
      expect(await asked(log.lease('a.1', 1000))).toBe(true);
      expect(await asked(log.lease('b.1', 1000))).toBe(true);
      expect(await asked(log.expired())).toEqual([]);
      await logs.pass(600);
      await asked(log.lease('a.1', 1000));
      await logs.pass(600);
      expect(await asked(log.expired())).toEqual(['b.1']);
      expect(await asked(log.living())).toEqual(['a.1']);
      await asked(log.forget('b.1'));
      expect(await asked(log.expired())).toEqual([]);
      await logs.pass(600);
      expect(await asked(log.expired())).toEqual(['a.1']);
      expect(await asked(log.living())).toEqual([]);
    });

    test('a closed log takes nothing, calls nobody and can be closed again', async () => {
      const ear = new Ear();
      log.follow(ROOM, 0, ear);
      await append('a');
      log.close();
      log.close();
      expect(await append('b')).toEqual(['closed']);
      log.follow(ROOM, 0, ear).stop();
      log.follow(ROOM, 7, ear);
      expect(await log.read(ROOM, { after: 0, maxPacks: 1 })).toBeNull();
      expect(await log.lease('a.1', 1000)).toBe(false);
      expect(await log.expired()).toBeNull();
      expect(await log.living()).toBeNull();
      expect(await log.forget('a.1')).toBe(false);
      expect(ear.packs).toEqual(['1 a']);
    });
  });
}

/**
 * The further promises of an implementation whose logs are elsewhere.
 *
 * @param isPutBack - whether those who have applied packs put them back into a log that has lost them
 */
export function describeRemoteLog(name: string, open: Open<RemoteLogsUnderTest>, isPutBack = false): void {
  describe(`${name} as a log that is elsewhere`, () => {
    let logs: RemoteLogsUnderTest;
    let log: SharedLog;
    const append = (...marks: readonly string[]) => appendMarks(logs, ...marks);

    beforeEach(async () => {
      logs = await open(100_000);
      log = logs.log;
    });

    afterEach(() => {
      log.close();
    });

    if (isPutBack) {
      test('packs that a log has lost are put back under their numbers by those who have them', async () => {
        const nodes = [log, await logs.another()];
        const ears = nodes.map(() => new Ear());
        nodes.forEach((node, index) => node.follow(ROOM, 0, ears[index] ?? new Ear()));
        await append('a', 'b', 'c', 'd');
        await logs.loseEnd(ROOM, 2);
        await logs.settle();
        await append('e');
        await logs.loseEnd(ROOM, 0);
        await logs.settle();
        const late = new Ear();
        log.follow(ROOM, 0, late);
        await append('f');
        const whole = ['1 a', '2 b', '3 c', '4 d', '5 e', '6 f'];
        for (const ear of ears) expect(ear.packs.filter((word) => !word.startsWith('restored'))).toEqual(whole);
        // One node puts back what is missing, and the other one may look only afterwards.
        expect([...new Set(ears.flatMap(({ losses }) => losses))].sort()).toEqual(['1-5', '3-4']);
        expect(late.packs).toEqual(whole);
      });
    }

    test('one who follows while the end is lost learns of it, even if other packs have the numbers again', async () => {
      const quiet = new Ear();
      const busy = new Ear();
      log.follow(ROOM, 0, quiet);
      log.follow('r:#b', 0, busy);
      for (const text of ['a', 'b', 'c']) log.append('r:#b', [mark(text)], new Answers());
      await append('a', 'b', 'c');
      await logs.loseEnd(ROOM, 1);
      await logs.loseEnd('r:#b', 1);
      for (const text of ['x', 'y', 'z']) log.append('r:#b', [mark(text)], new Answers());
      await logs.settle();
      const lost = isPutBack ? 'restored 2-3' : 'regressed 3-1';
      expect(quiet.packs).toEqual(['1 a', '2 b', '3 c', lost]);
      // What can have no place any more is appended anew.
      const [again, anew] = isPutBack ? [', 2 again', ['5 b', '6 c']] : ['', []];
      expect(busy.packs).toEqual(['1 a', '2 b', '3 c', `regressed 3-1${again}`, '2 x', '3 y', '4 z', ...anew]);
    });

    test('one who follows across a cut hears everything once, and of the cut', async () => {
      const ear = new Ear();
      log.follow(ROOM, 0, ear);
      await append('a');
      await logs.cut();
      const other = await logs.another();
      other.append(ROOM, [mark('b')], new Answers());
      await logs.settle();
      await append('c');
      expect(ear.packs).toEqual(['1 a', '2 b', '3 c']);
      expect(ear.course.filter((word) => word === 'caught up')).toEqual(['caught up']);
      const words = ear.heard.filter((word) => word === 'away' || word === 'back');
      expect(words).toEqual(words.map((_word, index) => (index % 2 === 0 ? 'away' : 'back')));
      expect(words.at(-1)).toBe('back');
    });

    test('what several append at once has one order, without gaps, and all hear it', async () => {
      const nodes = [log, await logs.another(), await logs.another()];
      const ears = nodes.map(() => new Ear());
      const appended: Appended[] = [];
      nodes.forEach((node, index) => node.follow(ROOM, 0, ears[index] ?? new Ear()));
      for (let n = 0; n < 60; n += 1) {
        nodes.forEach((node, index) => {
          const [text, answer] = [`${index}.${n}`, new Answers()];
          appended.push({ text, answer });
          node.append(ROOM, [mark(text)], answer);
        });
        if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await logs.settle();
      expect(ears[0]?.packs).toHaveLength(180);
      expect(appended.filter(({ answer }) => typeof answer.got[0] !== 'number')).toEqual([]);
      expectOneOrder(ears, appended);
    });
  });
}
