/** JOIN: RFC 2812 section 3.2.1; modern, "JOIN message". */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

describe('JOIN', () => {
  test('is announced to all, and answered with the topic and the names ("JOIN message")', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    await ann.ask('TOPIC #a :about a');
    const bob = await server.client('bob');
    const lines = await bob.ask('JOIN #A');
    expect(lines[0]).toBe(':bob!bob@127.0.0.1 JOIN #a');
    expect(numerics(lines).map((line) => line.replace(/\d{10}$/, 'TIME'))).toEqual([
      '332 #a :about a',
      '333 #a ann!ann@127.0.0.1 TIME',
      '353 = #a :@ann bob',
      '366 #a :End of /NAMES list',
    ]);
    expect(await ann.heard()).toEqual([':bob!bob@127.0.0.1 JOIN #a']);
    expect(await bob.ask('JOIN #a')).toEqual([]);
  });

  test('accepts many channels with their keys, and 0 leaves all', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a,#b' });
    await ann.ask('MODE #a +k alpha', 'MODE #b +k beta');
    const bob = await server.client('bob');
    expect(numerics(await bob.ask('JOIN #a,#b,#c alpha,wrong'), '366', '475')).toEqual([
      '366 #a :End of /NAMES list',
      '475 #b :Cannot join channel (+k)',
      '366 #c :End of /NAMES list',
    ]);
    expect(await bob.ask('JOIN 0')).toEqual([':bob!bob@127.0.0.1 PART #a', ':bob!bob@127.0.0.1 PART #c']);
  });

  test.each([
    ['nochan', '403 nochan :No such channel'],
    ['#with\x07bell', '476 #with\x07bell :Bad Channel Mask'],
    ['#', '476 # :Bad Channel Mask'],
    [`#${'x'.repeat(64)}`, `403 #${'x'.repeat(64)} :No such channel`],
  ])('of %j gets %s', async (name, answer) => {
    const ann = await (await startIrc()).client('ann');
    expect(numerics(await ann.ask(`JOIN ${name}`))).toEqual([answer]);
  });

  test('is limited in number', async () => {
    const ann = await (await startIrc({ limits: { maxRooms: 2 } })).client('ann');
    expect(numerics(await ann.ask('JOIN #a,#b,#c'), '405')).toEqual(['405 #c :You have joined too many channels']);
  });

  test('is refused by a ban, +i, a key or a limit, and an invitation overrides them', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob');
    const attempt = async () => numerics(await bob.ask('JOIN #a'));
    await ann.ask('MODE #a +l 1');
    expect(await attempt()).toEqual(['471 #a :Cannot join channel (+l)']);
    await ann.ask('MODE #a +i');
    expect(await attempt()).toEqual(['473 #a :Cannot join channel (+i)']);
    await ann.ask('MODE #a +b bob!*@*');
    expect(await attempt()).toEqual(['474 #a :Cannot join channel (+b)']);
    await ann.ask('MODE #a +e *!*@127.0.0.1', 'MODE #a +I bob', 'MODE #a -l');
    expect((await attempt())[0]).toMatch(/^353/);
    await bob.ask('PART #a');
    await ann.ask('MODE #a -e *!*@127.0.0.1', 'MODE #a -I bob', 'INVITE bob #a');
    expect((await bob.ask('JOIN #a')).slice(0, 2)).toEqual([
      ':ann!ann@127.0.0.1 INVITE bob #a',
      ':bob!bob@127.0.0.1 JOIN #a',
    ]);
  });

  test.each([
    ['a control character', '#a\u0003b'],
    ['a C1 control character', '#a\u009bb'],
    ['a bell', '#a\u0007b'],
    ['a tab', '#a\tb'],
    ['an override of the direction', '#a\u202eb'],
    ['an isolate', '#a\u2066b'],
    ['a direction mark', '#a\u200fb'],
    ['an Arabic letter mark', '#a\u061cb'],
    ['a no-break space', '#a\u00a0b'],
    ['a narrow no-break space', '#a\u202fb'],
    ['a wide space', '#a\u3000b'],
    ['a word joiner', '#a\u2060b'],
    ['a zero-width space', '#a\u200bb'],
    ['a byte order mark', '#a\ufeffb'],
    ['a soft hyphen', '#a\u00adb'],
    ['a blank letter', '#a\u3164b'],
    ['a colon', '#a:b'],
  ])('refuses a name with %s in it', async (_, name) => {
    const ann = await (await startIrc()).client('ann');
    expect(numerics(await ann.ask(`JOIN ${name}`))).toEqual([`476 ${name} :Bad Channel Mask`]);
  });

  test('accepts names in any script', async () => {
    const ann = await (await startIrc()).client('ann');
    for (const name of ['#中文', '#עברית', '#c++', '#a/b', '#é']) {
      expect(await ann.ask(`JOIN ${name}`)).toContain(`:ann!ann@127.0.0.1 JOIN ${name}`);
    }
  });
});
