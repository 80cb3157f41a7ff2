/** What a server brings back after it has stopped, wherever it keeps that. */
import { describe, expect, test } from 'vitest';
import { startServer } from '../cli/chat-server.js';
import { projectPath } from '../support/processes.js';
import { ask, client, configuration, stop } from './keeping.js';

/** The time of a message, in milliseconds since the epoch. */
const timeOf = (line: string): number => Date.parse(/[@;]time=([^; ]+)/.exec(line)?.[1] ?? '');

/** Sets the clock of a process back by an hour, for whatever asks Node.js. */
const CLOCK_SET_BACK = projectPath('test/server/children/clock-set-back.cjs');

/**
 * Declares the tests.
 *
 * @param name - where it is kept
 * @param newStore - makes an empty place, and returns it as `store` in a configuration
 * @param signals - what ends the server
 */
export function describeKeeping(
  name: string,
  newStore: () => object | Promise<object>,
  signals: readonly ('SIGKILL' | 'SIGTERM')[] = ['SIGKILL', 'SIGTERM'],
): void {
  describe.each(signals)(`after %s and another start, with ${name}`, (signal) => {
    test('rooms are as they were, and those who come back have their ranks', async () => {
      const config = configuration({ store: await newStore() });
      const first = await startServer(['--config', config]);
      const ann = await client(first, 'ann');
      const bob = await client(first, 'bob');
      await ask(ann, 'JOIN #tea', / 366 /);
      await ask(bob, 'JOIN #tea', / 366 /);
      await ask(ann, 'TOPIC #tea :which tea', / TOPIC /);
      await ask(ann, 'MODE #tea +bik *!*@evil.example sesame', / MODE /);
      const id = /@msgid=([^-]+)-/.exec(await ask(ann, 'PRIVMSG #tea :hello', /PRIVMSG #tea :hello/))?.[1];
      await stop(first, signal);

      const second = await startServer(['--config', config]);
      const cid = await client(second, 'cid');
      await ask(cid, 'JOIN #tea sesame', / 473 cid #tea /);
      const bobAgain = await client(second, 'bob');
      expect(await ask(bobAgain, 'JOIN #tea', / 353 /)).toMatch(/ :bob$/);
      const annAgain = await client(second, 'ann');
      expect(await ask(annAgain, 'JOIN #tea', / 332 /)).toMatch(/:which tea$/);
      expect(await annAgain.lineLike(/ 353 /)).toMatch(/@ann/);
      await bobAgain.lineLike(/^:ann!\S+ MODE #tea \+o ann$/);
      expect(await ask(annAgain, 'MODE #tea', / 324 /)).toMatch(/ \+\w*i\w*k\w* sesame$/);
      expect(await ask(annAgain, 'MODE #tea +b', / 367 /)).toContain('#tea *!*@evil.example ann!');
      // An id names its message for as long as that is kept.
      expect(await ask(annAgain, 'PRIVMSG #tea :again', /PRIVMSG #tea :again/)).toContain(`@msgid=${String(id)}-`);
      await stop(second, 'SIGTERM');
    });

    test('times in a room never go back, though the clock was set back before the next start', async () => {
      const config = configuration({ store: await newStore() });
      const first = await startServer(['--config', config]);
      const ann = await client(first, 'ann');
      await ask(ann, 'CAP REQ server-time', / ACK /);
      await ask(ann, 'JOIN #left', / 366 /);
      const before = timeOf(await ask(ann, 'PRIVMSG #left :hello', /PRIVMSG #left :hello/));
      await ask(ann, 'PART #left', / PART /);
      await stop(first, signal);

      const env = { NODE_OPTIONS: `--require ${CLOCK_SET_BACK}`, BUN_OPTIONS: `--preload ${CLOCK_SET_BACK}` };
      const second = await startServer(['--config', config], { env });
      const again = await client(second, 'ann');
      await ask(again, 'CAP REQ server-time', / ACK /);
      expect(timeOf(await ask(again, 'JOIN #left', / JOIN #left/))).toBeGreaterThanOrEqual(before);
      expect(timeOf(await ask(again, 'JOIN #other', / JOIN #other/))).toBeLessThan(before);
      await stop(second, 'SIGTERM');
    });

    test('bans of the server hold, and a room that all had left is gone', async () => {
      const config = configuration({
        store: await newStore(),
        operators: [{ name: 'root', password: 'sesame' }],
      });
      const first = await startServer(['--config', config]);
      const ann = await client(first, 'ann');
      await ask(ann, 'OPER root sesame', / 381 /);
      await ask(ann, 'KLINE *@192.0.2.7 :no', / KLINE |NOTICE ann /);
      await ask(ann, 'JOIN #left', / 366 /);
      await ask(ann, 'TOPIC #left :gone', / TOPIC /);
      await ask(ann, 'PART #left', / PART /);
      await stop(first, signal);

      const second = await startServer(['--config', config]);
      const again = await client(second, 'ann');
      await ask(again, 'OPER root sesame', / 381 /);
      expect(await ask(again, 'STATS k', / 216 /)).toContain('192.0.2.7');
      await ask(again, 'JOIN #left', / 353 /);
      expect(await ask(again, 'TOPIC #left', / 33[12] /)).toMatch(/ 331 /);
      await stop(second, 'SIGTERM');
    });
  });
}
