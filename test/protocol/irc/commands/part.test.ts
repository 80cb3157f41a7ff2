/** PART: RFC 2812 section 3.2.2; modern, "PART message". */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

describe('PART', () => {
  test('is announced with its reason, for many channels, and refused for those that the client is not in', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a,#b' });
    const bob = await server.client('bob', { join: '#a,#c' });
    await ann.heard();
    expect(await bob.ask('PART #a,#b,#none :so long')).toEqual([
      ':bob!bob@127.0.0.1 PART #a :so long',
      ":fdmux.local 442 bob #b :You're not on that channel",
      ':fdmux.local 403 bob #none :No such channel',
    ]);
    expect(await ann.heard()).toEqual([':bob!bob@127.0.0.1 PART #a :so long']);
    expect(numerics(await bob.ask('PART'))).toEqual(['461 PART :Not enough parameters']);
  });
});
