/** What logs of any kind make of a history that takes nothing more. */
import { expect } from 'vitest';
import { SHARED_PRIVATE_LOG } from '../../src/log/log-name.js';
import type { StoreLogs } from '../../src/store/store-access.js';
import { Answers } from '../log/contract.js';
import { mark } from '../log/entries.js';
import { until } from '../support/deadline.js';

/** Appends to logs without packs: what is said is refused until the history takes lines again, the rest goes on. */
export async function appendWhileFull(logs: StoreLogs): Promise<void> {
  const history = { isBehind: true, isFull: true, whenStored: () => Promise.resolve() };
  logs.keepAfter(history);
  const answers = new Answers();
  for (const log of ['r:#a', SHARED_PRIVATE_LOG, 'd'] as const) logs.append(log, [mark('a')], answers);
  await until(() => answers.got.length === 3, 'the answers to appends');
  expect(answers.got).toEqual(['unknown', 'unknown', 1]);
  history.isFull = false;
  logs.append('r:#a', [mark('b')], answers);
  await until(() => answers.got.length === 4, 'the answer to an append');
  expect(answers.got.at(-1)).toBe(1);
}
