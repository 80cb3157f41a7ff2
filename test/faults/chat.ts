/** The chat server, while system calls of its addon fail as they lawfully may. */
import { describe, expect, test } from 'vitest';
import { join, startServer, VARIANTS } from '../cli/chat-server.js';
import { DEADLINE_MS } from '../support/deadline.js';
import type { Peer } from '../support/peers.js';
import { ANY_TIME, faultShim, hasShim, LEVEL_TRIGGERED } from './shim.js';

/** Accepting goes on when the kernel has fds and memory again. */
const EXHAUSTED = { 'accept-emfile': 200, 'accept-enfile': 100, 'accept-enobufs': 100, 'accept-enomem': 100 };

/** How many lines may be under way: less than a send queue holds. */
const WINDOW = 50;

export interface Amount {
  readonly seeds: readonly number[];
  readonly readers: number;
  readonly lines: number;
}

/** Takes the next `count` lines that somebody says, and checks their numbers. */
async function hearNumbers(reader: Peer, first: number, count: number): Promise<void> {
  for (let number = first; number < first + count; number += 1) {
    expect(await reader.lineLike(/ say: /, 3 * DEADLINE_MS)).toMatch(new RegExp(` say: ${number} x+$`));
  }
}

/** Defines the tests on every backend and trigger. */
export function testChatUnderFaults({ seeds, readers, lines }: Amount): void {
  describe.skipIf(!hasShim).each(VARIANTS)('faults on $backend, $trigger-triggered', ({ backend, trigger }) => {
    const shim = faultShim();
    const rates = { ...(trigger === 'edge' ? ANY_TIME : LEVEL_TRIGGERED), ...EXHAUSTED };

    test.each(seeds)(
      `seed %i: each of ${readers} readers hears ${lines} lines, once and in order`,
      { timeout: 12 * DEADLINE_MS },
      async (seed) => {
        const env = shim.environment(rates, seed);
        const server = await startServer(['--backend', backend, '--trigger', trigger], { env });
        const speaker = await join(server);
        const peers: Peer[] = [];
        for (let count = 0; count < readers; count += 1) peers.push(await join(server, speaker));
        for (let first = 0; first < lines; first += WINDOW) {
          const count = Math.min(WINDOW, lines - first);
          for (let number = first; number < first + count; number += 1) {
            await speaker.write(`${number} ${'x'.repeat(1 + ((number * 37) % 400))}\n`);
          }
          await Promise.all(peers.map((peer) => hearNumbers(peer, first, count)));
        }
        server.process.kill('SIGTERM');
        expect(await server.process.ended()).toMatchObject({ code: 0 });
      },
    );
  });
}
