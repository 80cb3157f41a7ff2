import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Shelf } from '../../src/history/line.js';
import { LateLines } from '../../src/store/late-lines.js';
import type { Write } from '../../src/store/tasks.js';
import { saidAt } from '../support/history-lines.js';
import { ShelvedLines } from './shelved-lines.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const SHELVES = ['r:#a', 'r:#b'] as const;
const line = (shelf: Shelf, seq: number): Write => ({ kind: 'line', shelf, line: saidAt(seq) });

/** Describes a write in a word or two. */
const words = (write: Write): string =>
  write.kind === 'line' ? `${write.shelf} ${write.line.seq}${write.isLate === true ? ' late' : ''}` : write.kind;

interface LinesUnderTest {
  readonly late: LateLines;
  readonly written: string[];
  /** The lines that it has asked for. */
  readonly asked: string[];
}

/** @param there - the lines that another node has written */
function lateLines(isOthers: (shelf: string) => boolean, there: ReadonlySet<string> = new Set()): LinesUnderTest {
  const [written, asked]: [string[], string[]] = [[], []];
  const areThere = (lines: readonly Write<'line'>[]): Promise<boolean[]> => {
    asked.push(...lines.map(words));
    return Promise.resolve(lines.map((one) => there.has(words(one))));
  };
  return { late: new LateLines({ isOthers, areThere, write: (write) => written.push(words(write)) }), written, asked };
}

test("another node's lines wait, and are written late", async () => {
  const { late, written } = lateLines((shelf) => shelf === 'r:#b');
  late.write(line('r:#a', 1));
  late.write(line('r:#b', 2));
  expect(written).toEqual(['r:#a 1']);
  expect(late.isBusy).toBe(true);
  await vi.advanceTimersByTimeAsync(499);
  late.write(line('r:#b', 3));
  await vi.advanceTimersByTimeAsync(4_500);
  expect(written).toEqual(['r:#a 1']);
  await vi.advanceTimersByTimeAsync(1);
  expect(written).toEqual(['r:#a 1', 'r:#b 2 late', 'r:#b 3 late']);
  expect(late.isBusy).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

test('lines whose last one is there are not written, and only that one is asked for', async () => {
  const { late, written, asked } = lateLines(() => true, new Set(['r:#a 2']));
  const answered: number[] = [];
  const answer = { written: (result: number) => answered.push(result), failed: () => undefined };
  for (const seq of [1, 2]) late.write(line('r:#a', seq), answer);
  late.write(line('r:#b', 3));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked).toEqual(['r:#a 2', 'r:#b 3']);
  expect(written).toEqual([]);
  expect(answered).toEqual([1, 1]);
  expect(late.isBusy).toBe(true);
});

test('lines that another node writes seconds later are not written, and those behind them wait, too', async () => {
  const there = new Set<string>();
  const { late, written } = lateLines(() => true, there);
  for (let seq = 1; seq <= 12; seq += 1) {
    late.write(line('r:#a', seq));
    if (seq > 4) there.add(`r:#a ${seq - 4}`);
    await vi.advanceTimersByTimeAsync(500);
  }
  for (let seq = 9; seq <= 12; seq += 1) there.add(`r:#a ${seq}`);
  await vi.advanceTimersByTimeAsync(1_500);
  expect(written).toEqual([]);
  expect(late.isBusy).toBe(false);
});

test('in a hurry, lines are asked for at once, and those behind a pending question after that', async () => {
  const { late, written, asked } = lateLines(() => true, new Set(['r:#a 1', 'r:#b 2']));
  late.write(line('r:#a', 1));
  late.write(line('r:#b', 2));
  late.hurry();
  late.write(line('r:#b', 3));
  late.hurry();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toEqual(['r:#a 1', 'r:#b 2', 'r:#b 3']);
  expect(written).toEqual(['r:#b 3 late']);
  expect(vi.getTimerCount()).toBe(0);
});

test('lines are written if it cannot be found out whether they are there', async () => {
  const written: string[] = [];
  const areThere = (): Promise<never> => Promise.reject(new Error('away'));
  const late = new LateLines({ isOthers: () => true, areThere, write: (write) => written.push(words(write)) });
  late.write(line('r:#a', 1));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(written).toEqual(['r:#a 1 late']);
});

test('a line that may be there already does not wait', () => {
  const { late, written } = lateLines(() => true);
  late.write({ kind: 'line', shelf: 'r:#a', line: saidAt(1), isLate: true });
  expect(written).toEqual(['r:#a 1 late']);
  expect(late.isBusy).toBe(false);
});

test('lines that wait are written before later lines of their shelves, and before what they must precede', () => {
  const others = new Set<string>(SHELVES);
  const { late, written } = lateLines((shelf) => others.has(shelf));
  late.write(line('r:#a', 1));
  late.write(line('r:#b', 2));
  late.write({ kind: 'keep', log: 'r:#a', seq: 1, state: '' });
  late.write(line('r:#a', 3));
  late.write({ kind: 'mark', owner: 'a:ann', target: '#a', atMs: 1 });
  late.write({ kind: 'shelf-drop', shelf: 's:a' });
  late.write(line('r:#a', 4));
  late.write(line('r:#b', 5));
  others.delete('r:#b');
  late.write(line('r:#b', 6));
  const first = ['r:#a 1 late', 'keep', 'mark', 'r:#b 2 late', 'r:#a 3 late', 'shelf-drop'];
  expect(written).toEqual([...first, 'r:#b 5 late', 'r:#b 6']);
});

test('not more lines wait than memory is meant for', () => {
  const { late, written } = lateLines(() => true);
  for (let seq = 1; seq <= 50_000; seq += 1) late.write(line('r:#a', seq));
  expect(50_000 - written.length).toBeLessThanOrEqual(20_000);
});

/** A node that applies logs, and may die at any time. */
class Node {
  readonly #database: ShelvedLines;
  readonly late: LateLines;
  /** The writes that it has sent, and that the database has not got yet. */
  #sent: Write<'line'>[] = [];
  #others = new Set<string>();
  applied = 0;
  isDead = false;

  constructor(database: ShelvedLines) {
    this.#database = database;
    this.late = new LateLines({
      isOthers: (shelf) => this.#others.has(shelf),
      areThere: (lines) => Promise.resolve(lines.map((write) => database.has(write))),
      write: (write) => {
        if (write.kind === 'line' && !this.isDead) this.#sent.push(write);
      },
    });
  }

  believe(others: readonly string[]): void {
    this.#others = new Set(others);
  }

  deliver(count = Infinity): void {
    for (const write of this.#sent.splice(0, count)) this.#database.put(write);
  }

  die(): void {
    this.isDead = true;
    this.#sent = [];
  }
}

test('whoever dies, and whatever nodes believe of each other, each line is there in its place', async () => {
  const node = fc.nat(2);
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('apply' as const), node }) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('deliver' as const), node, count: fc.integer({ min: 1, max: 4 }) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 700 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('ask' as const), node }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('believe' as const), node, others: fc.subarray([...SHELVES]) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const), node: fc.nat(1) }) },
  );
  const said = fc.array(fc.constantFrom(...SHELVES), { minLength: 1, maxLength: 40, size: 'max' });
  await fc.assert(
    fc.asyncProperty(said, fc.array(step, { maxLength: 150, size: 'max' }), async (log, steps) => {
      const database = new ShelvedLines();
      const nodes = [new Node(database), new Node(database), new Node(database)];
      const upTo = (count: number, shelf: string): number[] =>
        log.slice(0, count).flatMap((one, index) => (one === shelf ? [index + 1] : []));
      const apply = (one: Node): void => {
        const shelf = log[one.applied];
        if (shelf === undefined) return;
        one.applied += 1;
        one.late.write(line(shelf, one.applied));
      };
      for (const each of steps) {
        if (each.kind === 'pass') {
          await vi.advanceTimersByTimeAsync(each.ms);
          continue;
        }
        const one = nodes[each.node];
        if (one === undefined || one.isDead) continue;
        if (each.kind === 'apply') apply(one);
        else if (each.kind === 'deliver') one.deliver(each.count);
        else if (each.kind === 'believe') one.believe(each.others);
        else if (each.kind === 'die') one.die();
        else {
          one.late.hurry();
          await vi.advanceTimersByTimeAsync(0);
          one.deliver();
          for (const shelf of SHELVES) {
            const wanted = upTo(one.applied, shelf);
            expect(database.of(shelf).slice(0, wanted.length)).toEqual(wanted);
          }
        }
        // However far it is, what is there is the beginning.
        for (const shelf of SHELVES) {
          expect(database.of(shelf)).toEqual(upTo(log.length, shelf).slice(0, database.of(shelf).length));
        }
      }
      for (const one of nodes.filter(({ isDead }) => !isDead)) {
        while (one.applied < log.length) apply(one);
        await vi.advanceTimersByTimeAsync(10_000);
        one.deliver();
      }
      for (const shelf of SHELVES) expect(database.of(shelf)).toEqual(upTo(log.length, shelf));
    }),
  );
});
