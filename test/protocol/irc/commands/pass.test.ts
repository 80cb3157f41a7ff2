/** PASS: RFC 2812 section 3.1.1; modern, "PASS message". */
import { describe, expect, test } from 'vitest';
import { hashPassword } from '../../../../src/accounts/password.js';
import { numerics, startIrc } from '../irc-client.js';

describe('PASS', () => {
  test('guessing gets slower over any number of connections, and the right password is accepted after a wait', async () => {
    const server = await startIrc({ irc: { password: 'secret' }, limits: { maxPasswordDelayMs: 200 } });
    const startedMs = performance.now();
    for (let guess = 0; guess < 7; guess += 1) {
      const eve = await server.connect();
      eve.send(`PASS wrong${guess}`, `NICK eve${guess}`, 'USER e 0 * :Eve');
      expect((await eve.rest())[0]).toBe(':fdmux.local 464 * :Password incorrect');
    }
    const ann = await server.connect();
    expect(numerics(await ann.ask('PASS secret', 'NICK ann', 'USER a 0 * :Ann'), '001')).toHaveLength(1);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(780);
  });

  test.each(['in clear', 'hashed'])(
    'with a password %s, the right one is accepted and a wrong one gets 464 and is closed',
    async (form) => {
      const server = await startIrc({ irc: { password: form === 'hashed' ? await hashPassword('secret') : 'secret' } });
      const ann = await server.connect();
      expect(numerics(await ann.ask('PASS secret', 'NICK ann', 'USER a 0 * :Ann'), '001')).toHaveLength(1);
      const eve = await server.connect();
      eve.send('PASS wrong', 'NICK eve', 'USER e 0 * :Eve');
      expect(await eve.rest()).toEqual([
        ':fdmux.local 464 * :Password incorrect',
        'ERROR :Closing Link: 127.0.0.1 (Bad password)',
      ]);
      const late = await server.connect();
      late.send('NICK late', 'USER e 0 * :Late', 'PASS secret');
      expect((await late.rest())[0]).toBe(':fdmux.local 464 * :Password incorrect');
    },
  );
});
