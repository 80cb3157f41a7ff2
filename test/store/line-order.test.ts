import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SharedWrites } from '../../src/store/shared-writes.js';
import type { Failure } from '../../src/store/store-error.js';
import { StoredHistory } from '../../src/store/stored-history.js';
import { saidAt } from '../support/history-lines.js';
import { HeldStore } from './held-store.js';
import { ShelvedLines } from './shelved-lines.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const SHELVES = ['r:#a', 'r:#b'] as const;
const DOWN: Failure = { code: 'ERR_STORE_CONNECTION', message: 'down' };

/** How a batch ends: it is written and answered, or not written, or written without an answer. */
type End = 'written' | 'failed' | 'unanswered';

/** A node with a history in a database that may fail. */
class Node {
  readonly #lines: ShelvedLines;
  readonly #store: HeldStore;
  readonly history: StoredHistory;
  #others = new Set<string>();
  applied = 0;
  isDead = false;

  constructor(lines: ShelvedLines) {
    this.#lines = lines;
    this.#store = new HeldStore(
      (parts) =>
        new SharedWrites({
          ...parts,
          isOthers: (shelf) => this.#others.has(shelf),
          areThere: (asked) => Promise.resolve(asked.map((write) => lines.has(write))),
        }),
    );
    this.history = new StoredHistory(this.#store.access);
  }

  believe(others: readonly string[]): void {
    this.#others = new Set(others);
  }

  /** Ends the batch under way, if there is one. */
  async end(how: End): Promise<void> {
    const batch = this.#store.batches.shift();
    if (batch === undefined || this.isDead) return;
    const lines = batch.writes.filter((write) => write.kind === 'line');
    if (how !== 'failed') for (const line of lines) this.#lines.put(line);
    batch.answer(how === 'written' ? batch.writes.map(() => 1) : DOWN);
    await turn();
  }
}

test('whatever fails, and whoever dies, the lines that are there are the first ones, in their order', async () => {
  const node = fc.nat(2);
  const how = fc.constantFrom<End>('written', 'written', 'failed', 'unanswered');
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('apply' as const), node }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('end' as const), node, how }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 1_500 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('believe' as const), node, others: fc.subarray([...SHELVES]) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const), node: fc.nat(1) }) },
  );
  const said = fc.array(fc.constantFrom(...SHELVES), { minLength: 1, maxLength: 20, size: 'max' });
  await fc.assert(
    fc.asyncProperty(said, fc.array(step, { maxLength: 120, size: 'max' }), async (log, steps) => {
      const lines = new ShelvedLines();
      const nodes = [new Node(lines), new Node(lines), new Node(lines)];
      const all = (shelf: string): number[] => log.flatMap((one, index) => (one === shelf ? [index + 1] : []));
      const apply = (one: Node): void => {
        const shelf = log[one.applied];
        if (shelf === undefined) return;
        one.applied += 1;
        one.history.record(shelf, saidAt(one.applied));
      };
      const check = (): void => {
        for (const shelf of SHELVES) {
          expect(lines.of(shelf)).toEqual(all(shelf).slice(0, lines.of(shelf).length));
        }
      };
      for (const each of steps) {
        if (each.kind === 'pass') await vi.advanceTimersByTimeAsync(each.ms);
        else {
          const one = nodes[each.node];
          if (one === undefined || one.isDead) continue;
          if (each.kind === 'apply') {
            apply(one);
            // What is applied next goes into another batch.
            await turn();
          } else if (each.kind === 'end') await one.end(each.how);
          else if (each.kind === 'believe') one.believe(each.others);
          else one.isDead = true;
        }
        check();
      }
      for (const one of nodes.filter(({ isDead }) => !isDead)) {
        while (one.applied < log.length) apply(one);
        for (let round = 0; round < 30; round += 1) {
          await vi.advanceTimersByTimeAsync(1_000);
          await one.end('written');
          check();
        }
      }
      for (const shelf of SHELVES) expect(lines.of(shelf)).toEqual(all(shelf));
      for (const one of nodes) one.history.close();
    }),
    { numRuns: 30 },
  );
}, 60_000);
