/** TOPIC: RFC 2812 section 3.2.4; modern, "TOPIC message". */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

describe('TOPIC', () => {
  test('is set, announced, shown, cut and cleared', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    await ann.heard();
    expect(numerics(await ann.ask('TOPIC #a'))).toEqual(['331 #a :No topic is set']);
    expect(await ann.ask('TOPIC #a :one')).toEqual([':ann!ann@127.0.0.1 TOPIC #a :one']);
    expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 TOPIC #a :one']);
    expect(await ann.ask('TOPIC #a :one')).toEqual([]);
    expect(await bob.heard()).toEqual([]);
    expect(numerics(await bob.ask('TOPIC #a'), '332')).toEqual(['332 #a :one']);
    expect(await ann.ask(`TOPIC #a :${'é'.repeat(240)}`)).toEqual([`:ann!ann@127.0.0.1 TOPIC #a :${'é'.repeat(162)}`]);
    await ann.ask('TOPIC #a :');
    expect(numerics(await ann.ask('TOPIC #a'))).toEqual(['331 #a :No topic is set']);
  });

  test('is refused to outsiders, and with +t to those without a rank', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob');
    expect(numerics(await bob.ask('TOPIC #a :x', 'TOPIC #none :x'))).toEqual([
      "442 #a :You're not on that channel",
      '403 #none :No such channel',
    ]);
    await bob.ask('JOIN #a');
    expect(numerics(await bob.ask('TOPIC #a :x'))).toEqual(["482 #a :You're not channel operator"]);
    await ann.ask('MODE #a +h bob');
    expect((await bob.ask('TOPIC #a :x')).at(-1)).toBe(':bob!bob@127.0.0.1 TOPIC #a :x');
  });
});
