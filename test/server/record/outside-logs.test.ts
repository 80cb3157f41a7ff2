import { expect, test } from 'vitest';
import type { LogName, Pack } from '../../../src/log/entry.js';
import { MemoryLog } from '../../../src/log/memory-log.js';
import type { AppendAnswer, SharedLog } from '../../../src/log/shared-log.js';
import type { LogBorder } from '../../../src/server/record/outside-logs.js';
import { OutsideLogs } from '../../../src/server/record/outside-logs.js';
import type { StoreLogs } from '../../../src/store/store-access.js';
import { Answers, describeSharedLog, Ear } from '../../log/contract.js';
import { mark } from '../../log/entries.js';

const ROOM = 'r:#a';

/** Logs as a store has them. */
function storeLogs(log: SharedLog, topOf: (name: LogName) => number = () => 0): StoreLogs {
  return {
    append: (name, pack, answer) => log.append(name, pack, answer),
    follow: (name, after, sink) => log.follow(name, after, sink),
    read: (name, range) => log.read(name, range),
    lease: (node, ms) => log.lease(node, ms),
    expired: () => log.expired(),
    living: () => log.living(),
    forget: (node) => log.forget(node),
    close: () => log.close(),
    states: [],
    isTakingWrites: true,
    topOf,
    stateOf: () => Promise.resolve(null),
    keep: () => undefined,
    keepAfter: () => undefined,
  };
}

/** Reports that have passed a border, by the numbers of their inlets. */
type Passed = (readonly [inlet: number, report: unknown])[];

/** A border that lets reports through in a later turn, and writes them down as JSON has them. */
class WatchedBorder implements LogBorder {
  readonly passed: Passed = [];
  #inlets = 0;

  inlet: LogBorder['inlet'] = (_, take) => {
    this.#inlets += 1;
    const number = this.#inlets;
    let isClosed = false;
    return {
      put: (report) => {
        setImmediate(() => {
          if (isClosed) return;
          const written: unknown = JSON.parse(JSON.stringify(report));
          this.passed.push([number, written]);
          take(report);
        });
      },
      close: () => {
        isClosed = true;
      },
    };
  };

  topOf = (_: LogName, look: () => number): number => look();
}

/** A border behind which there are no logs: it brings what has passed another one. */
class BroughtBorder implements LogBorder {
  readonly #takers: ((value: unknown) => boolean)[] = [];

  inlet: LogBorder['inlet'] = (isReport, take) => {
    this.#takers.push((value) => {
      if (!isReport(value)) return false;
      take(value);
      return true;
    });
    return { put: () => undefined, close: () => undefined };
  };

  topOf = (): number => 0;

  bring(passed: Passed): boolean[] {
    return passed.map(([inlet, report]) => this.#takers[inlet - 1]?.(report) ?? false);
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function outside(logs: StoreLogs | null, border: LogBorder): OutsideLogs {
  return new OutsideLogs({ logs, states: [], border });
}

describeSharedLog('OutsideLogs', (maxEntries) => {
  let nowMs = 0;
  const memory = new MemoryLog({ maxEntries, maxBytes: Infinity, now: () => nowMs });
  return {
    log: outside(storeLogs(memory), new WatchedBorder()),
    another: () => outside(storeLogs(memory), new WatchedBorder()),
    settle,
    pass: (ms) => {
      nowMs += ms;
    },
  };
});

/** Logs that pass packs on as other processes do: as bytes, so that they are not the ones that were appended. */
function copying(log: SharedLog): StoreLogs {
  return {
    ...storeLogs(log),
    append: (name, pack, answer) => {
      const copy: Pack = structuredClone(pack);
      log.append(name, copy, answer);
    },
  };
}

test.each([
  ['of this process', storeLogs],
  ['that others have had as well', copying],
])('what logs report is reported again without them, with packs %s', async (_, wrap) => {
  const talk = (logs: OutsideLogs): { ear: Ear; answers: Answers } => {
    const ear = new Ear();
    const answers = new Answers();
    logs.follow(ROOM, 0, ear);
    for (const text of ['a', 'b']) logs.append(ROOM, [mark(text)], answers);
    logs.append(ROOM, [], answers);
    return { ear, answers };
  };
  const border = new WatchedBorder();
  const then = talk(outside(wrap(new MemoryLog()), border));
  await settle();
  expect(then.ear.packs).toEqual(['1 a', '2 b']);
  expect(then.answers.got).toEqual([1, 2, 'invalid']);

  const again = new BroughtBorder();
  const now = talk(outside(null, again));
  expect(now.ear.heard).toEqual([]);
  expect(again.bring(border.passed)).toEqual(border.passed.map(() => true));
  expect(now.ear.heard).toEqual(then.ear.heard);
  expect(now.answers.got).toEqual(then.answers.got);
});

test('what is no report is not taken', () => {
  const border = new BroughtBorder();
  const logs = outside(null, border);
  const answers = new Answers();
  const ear = new Ear();
  logs.append(ROOM, [mark('a')], answers);
  logs.follow(ROOM, 0, ear);
  const wrong = [{ kind: 'appended' }, { kind: 'failed', why: 'x' }, { kind: 'caught-up' }, 7, null];
  expect(border.bring(wrong.map((report) => [1, report]))).toEqual(wrong.map(() => false));
  const alsoWrong = [
    { kind: 'pack', seq: 1 },
    { kind: 'missing', from: 1 },
    { kind: 'appended', seq: 1 },
  ];
  expect(border.bring(alsoWrong.map((report) => [2, report]))).toEqual(alsoWrong.map(() => false));
  expect([answers.got, ear.heard]).toEqual([[], []]);
});

test('a follower that has stopped, or whose logs are closed, receives nothing that was on its way', async () => {
  const logs = outside(storeLogs(new MemoryLog()), new WatchedBorder());
  const [one, other] = [new Ear(), new Ear()];
  const following = logs.follow(ROOM, 0, one);
  logs.follow(ROOM, 0, other);
  await settle();
  const answers = new Answers();
  logs.append(ROOM, [mark('a')], answers);
  following.stop();
  logs.close();
  await settle();
  expect([one.packs, other.packs, answers.got]).toEqual([[], [], [1]]);
  expect(following.applied).toBe(0);
});

test('the end of a log is the one that the server has been given', async () => {
  const answered: AppendAnswer[] = [];
  const memory = new MemoryLog();
  const late = {
    ...storeLogs(memory, () => 7),
    append: (...[, , answer]: Parameters<SharedLog['append']>) => {
      answered.push(answer);
    },
  };
  const logs = outside(late, new WatchedBorder());
  expect(logs.topOf(ROOM)).toBe(7);
  logs.append(ROOM, [mark('a')], new Answers());
  answered[0]?.appended(8);
  expect(logs.topOf(ROOM)).toBe(7);
  await settle();
  expect(logs.topOf(ROOM)).toBe(8);
});
