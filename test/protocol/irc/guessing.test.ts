/** A thousand wrong passwords at once, and everybody else meanwhile. */
import { expect, vi } from 'vitest';
import { testOfSources } from '../../support/of-sources.js';
import { plainLines } from '../../support/sasl.js';
import { type IrcClient, startIrc } from './irc-client.js';

const hashes = vi.hoisted(() => ({ running: 0, most: 0, total: 0, ends: new Array<() => void>() }));

// A hash takes until the test says so: nobody else may have to wait for one.
vi.mock(import('../../../src/accounts/password.js'), async (importOriginal) => ({
  ...(await importOriginal()),
  verifyInVain: () => {
    hashes.total += 1;
    hashes.running += 1;
    hashes.most = Math.max(hashes.most, hashes.running);
    return new Promise<false>((resolve) => {
      hashes.ends.push(() => {
        hashes.running -= 1;
        resolve(false);
      });
    });
  },
}));

const CLIENTS = 100;
const GUESSES = 10;
const DEADLINE_MS = 20_000;

testOfSources(
  'of a thousand guesses two are hashed at once, most are turned away, and others talk as if nothing was',
  { tags: ['needs-sources'], timeout: 30_000 },
  async () => {
    const server = await startIrc({ limits: { maxPasswordDelayMs: 0 } });
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    const guess = plainLines('nobody', 'guess');
    const guessers = await Promise.all(Array.from({ length: CLIENTS }, () => server.connect()));
    for (const guesser of guessers) {
      guesser.send(...Array.from({ length: GUESSES }, () => guess).flat());
    }
    // 66 clients wait for a hash; the others are answered every time.
    let left = CLIENTS - 66;
    await new Promise<void>((resolve) => {
      const answer = async (guesser: IrcClient): Promise<void> => {
        for (let number = 0; number < GUESSES; number += 1) await guesser.peer.lineLike(/ 904 /, DEADLINE_MS);
        left -= 1;
        if (left === 0) resolve();
      };
      // Those that wait are cut off in the end.
      for (const guesser of guessers) answer(guesser).catch(() => undefined);
    });
    for (let number = 0; number < 20; number += 1) {
      await ann.ask(`PRIVMSG #a :${number}`);
      expect(await bob.peer.lineLike(/ PRIVMSG /)).toBe(`:ann!ann@127.0.0.1 PRIVMSG #a :${number}`);
    }
    expect(hashes).toMatchObject({ running: 2, most: 2, total: 2 });
    expect(left).toBe(0);
    // When the server ends, nothing waits for a hash any more.
    for (const guesser of guessers) guesser.peer.reset();
  },
);
