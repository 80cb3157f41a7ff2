/** Bytes over many connections, while system calls of the addon fail as they lawfully may. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DEADLINE_MS } from '../support/deadline.js';
import { packagePath, run } from '../support/processes.js';
import { ANY_TIME, faultShim, hasShim, LEVEL_TRIGGERED } from './shim.js';

/** How fdmux waits, and what may fail meanwhile. */
export const WAYS = [
  { backend: 'epoll', trigger: 'level', rates: LEVEL_TRIGGERED },
  { backend: 'epoll', trigger: 'edge', rates: ANY_TIME },
  { backend: 'poll', trigger: 'level', rates: LEVEL_TRIGGERED },
  { backend: 'select', trigger: 'level', rates: LEVEL_TRIGGERED },
] as const;

/** Much, or little for every day. */
export interface Amount {
  readonly ways: readonly (typeof WAYS)[number][];
  readonly seeds: readonly number[];
  readonly connections: number;
  readonly bytes: number;
}

/** Defines the tests on some backends and triggers, with fdmux on either side of node:net. */
export function testByteIntegrity({ ways, seeds, connections, bytes }: Amount): void {
  const deadlineMs = 6 * DEADLINE_MS;

  describe.skipIf(!hasShim).each(ways)('faults on $backend, $trigger-triggered', ({ backend, trigger, rates }) => {
    const shim = faultShim();
    describe.each(['server', 'client'])('with fdmux as the %s', (side) => {
      test.each(seeds)(
        `seed %i: every byte of ${connections} connections arrives once, in order, and no fd is left`,
        { timeout: deadlineMs + 5_000 },
        async (seed) => {
          const numbers = [connections, bytes, seed].map(String);
          const args = [join(__dirname, 'byte-integrity.cjs'), packagePath('dist/index.js'), side, backend, trigger];
          const env = shim.environment(rates, seed);
          const ended = await run(process.execPath, [...args, ...numbers], { env, deadlineMs });
          expect(ended).toMatchObject({ stdout: 'whole\n', stderr: '', code: 0 });
        },
      );
    });

    test('each of the faults has been met', () => {
      expect(shim.missing(rates)).toEqual([]);
    });
  });
}
