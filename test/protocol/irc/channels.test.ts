/** JOIN, PART, TOPIC, NAMES, LIST, INVITE, KICK: modern.ircdocs.horse "Channel Operations". */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from './irc-client.js';

describe('JOIN', () => {
  test('is told to all, and answered with the topic and the names ("JOIN message")', async () => {
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

  test('takes many channels with their keys, and 0 leaves all', async () => {
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
  ])('of %j is answered %s', async (name, answer) => {
    const ann = await (await startIrc()).client('ann');
    expect(numerics(await ann.ask(`JOIN ${name}`))).toEqual([answer]);
  });

  test('is bounded in number', async () => {
    const ann = await (await startIrc({ limits: { maxRooms: 2 } })).client('ann');
    expect(numerics(await ann.ask('JOIN #a,#b,#c'), '405')).toEqual(['405 #c :You have joined too many channels']);
  });

  test('is refused by ban, invitation, key and limit, and an invitation lets in', async () => {
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
});

describe('PART', () => {
  test('is told with its reason, for many channels, and refused where one is not', async () => {
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

describe('TOPIC', () => {
  test('is set, told, asked for, cut and cleared', async () => {
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
    expect(await ann.ask(`TOPIC #a :${'é'.repeat(240)}`)).toEqual([`:ann!ann@127.0.0.1 TOPIC #a :${'é'.repeat(195)}`]);
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

describe('NAMES', () => {
  test('shows ranks, all of them with multi-prefix, and masks with userhost-in-names', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    await ann.ask('MODE #a +v ann');
    const bob = await server.client('bob', { caps: 'multi-prefix userhost-in-names', join: '#a' });
    expect(numerics(await ann.ask('NAMES #a'), '353')).toEqual(['353 = #a :@ann bob']);
    expect(numerics(await bob.ask('NAMES #a'), '353')).toEqual(['353 = #a :@+ann!ann@127.0.0.1 bob!bob@127.0.0.1']);
  });

  test('hides secret channels and invisible users from outsiders', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a,#s' });
    await ann.ask('MODE #s +s', 'MODE ann +i');
    const bob = await server.client('bob');
    expect(numerics(await bob.ask('NAMES #a,#s,#none', 'NAMES'))).toEqual([
      '366 #a :End of /NAMES list',
      '366 #s :End of /NAMES list',
      '366 #none :End of /NAMES list',
      '366 * :End of /NAMES list',
    ]);
    expect(numerics(await ann.ask('NAMES #s'), '353')).toEqual(['353 @ #s :@ann']);
  });

  test('of several channels is answered one by one ("NAMES message")', async () => {
    const ann = await (await startIrc()).client('ann', { join: '#a,#b' });
    expect(numerics(await ann.ask('NAMES #a,#none,#b'))).toEqual([
      '353 = #a :@ann',
      '366 #a :End of /NAMES list',
      '366 #none :End of /NAMES list',
      '353 = #b :@ann',
      '366 #b :End of /NAMES list',
    ]);
  });

  test('of many members comes in lines within the limit', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    for (let index = 0; index < 40; index += 1) await server.client(`member-with-a-long-nick-${index}`, { join: '#a' });
    const lines = (await ann.ask('NAMES #a')).filter((line) => line.includes(' 353 '));
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(510);
    expect(lines.flatMap((line) => line.slice(line.lastIndexOf(':') + 1).split(' '))).toHaveLength(41);
  });
});

describe('LIST', () => {
  test('tells channels with their size and topic, by name, mask and ELIST conditions', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#one,#two,#secret' });
    await server.client('bob', { join: '#two' });
    await ann.ask('TOPIC #two :second', 'MODE #secret +s');
    const eve = await server.client('eve');
    const listed = async (query: string) =>
      numerics(await eve.ask(`LIST ${query}`), '322').map((line) => line.slice(4));
    const all = await eve.ask('LIST');
    expect(numerics(all)).toEqual([
      '321 Channel :Users  Name',
      '322 #one 1 :',
      '322 #two 2 :second',
      '323 :End of /LIST',
    ]);
    expect(await listed('#TWO')).toEqual(['#two 2 :second']);
    expect(await listed('#two,#secret,#none')).toEqual(['#two 2 :second']);
    expect(await listed('#one,#two >1')).toEqual(['#two 2 :second']);
    expect(await listed('#two fdmux.local')).toEqual(['#two 2 :second']);
    expect(await listed('#t*')).toEqual(['#two 2 :second']);
    expect(await listed('!#t*')).toEqual(['#one 1 :']);
    expect(await listed('>1')).toEqual(['#two 2 :second']);
    expect(await listed('<2,>0')).toEqual(['#one 1 :']);
    expect(await listed('C>10')).toEqual([]);
    expect(await listed('C<10')).toHaveLength(2);
    expect(await listed('T<10')).toEqual(['#two 2 :second']);
    expect(numerics(await ann.ask('LIST'), '322').join()).toContain('#secret');
  });
});

describe('INVITE', () => {
  test('tells the guest, answers 341, and tells operators with invite-notify', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    const max = await server.client('max', { caps: 'invite-notify', join: '#a' });
    const eve = await server.client('eve');
    await ann.ask('MODE #a +o max');
    await bob.heard();
    await max.heard();
    expect(numerics(await ann.ask('INVITE eve #a'), '341')).toEqual(['341 eve #a']);
    expect(await eve.heard()).toEqual([':ann!ann@127.0.0.1 INVITE eve #a']);
    expect(await max.heard()).toEqual([':ann!ann@127.0.0.1 INVITE eve #a']);
    expect(await bob.heard()).toEqual([]);
    expect(numerics(await eve.ask('INVITE'))).toEqual(['336 #a', '337 :End of /INVITE list']);
    await eve.ask('AWAY :out');
    expect(numerics(await ann.ask('INVITE eve #a'))).toEqual(['341 eve #a', '301 eve :out']);
  });

  test.each([
    ['INVITE bob', '461 INVITE :Not enough parameters'],
    ['INVITE nobody #a', '401 nobody :No such nick/channel'],
    ['INVITE bob #none', '403 #none :No such channel'],
    ['INVITE bob #other', "442 #other :You're not on that channel"],
    ['INVITE bob #a', '443 bob #a :is already on channel'],
  ])('%s is answered %s', async (line, answer) => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    await server.client('bob', { join: '#a,#other' });
    await ann.heard();
    expect(numerics(await ann.ask(line))).toEqual([answer]);
  });

  test('to an invite-only channel takes a rank', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    await server.client('eve');
    expect(numerics(await bob.ask('INVITE eve #a'))).toEqual(['341 eve #a']);
    await ann.ask('MODE #a +i');
    expect(numerics(await bob.ask('INVITE eve #a'))).toEqual(["482 #a :You're not channel operator"]);
  });
});

describe('KICK', () => {
  test('puts people out, with the nick for a reason unless one is given', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    const eve = await server.client('eve', { join: '#a' });
    await ann.heard();
    await bob.heard();
    expect(await ann.ask('KICK #a bob,eve')).toEqual([
      ':ann!ann@127.0.0.1 KICK #a bob :ann',
      ':ann!ann@127.0.0.1 KICK #a eve :ann',
    ]);
    expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 KICK #a bob :ann']);
    expect(await eve.heard()).toEqual([':ann!ann@127.0.0.1 KICK #a bob :ann', ':ann!ann@127.0.0.1 KICK #a eve :ann']);
    await bob.ask('JOIN #a');
    await ann.heard();
    expect(await ann.ask('KICK #a bob :enough')).toEqual([':ann!ann@127.0.0.1 KICK #a bob :enough']);
  });

  test.each([
    ['KICK #a', '461 KICK :Not enough parameters'],
    ['KICK #none bob', '403 #none :No such channel'],
    ['KICK #other bob', "442 #other :You're not on that channel"],
    ['KICK #a nobody', "441 nobody #a :They aren't on that channel"],
    ['KICK #b bob', "482 #b :You're not channel operator"],
  ])('%s is answered %s', async (line, answer) => {
    const server = await startIrc();
    const bob = await server.client('bob', { join: '#b,#other' });
    const ann = await server.client('ann', { join: '#a,#b' });
    await bob.ask('JOIN #a');
    await ann.heard();
    expect(numerics(await ann.ask(line))).toEqual([answer]);
  });

  test('does not reach above one rank', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    const eve = await server.client('eve', { join: '#a' });
    await ann.ask('MODE #a +hh bob eve');
    await bob.heard();
    expect(numerics(await bob.ask('KICK #a ann', 'KICK #a eve'))).toEqual([
      "482 #a :You're not channel operator",
      "482 #a :You're not channel operator",
    ]);
    await ann.ask('MODE #a -h eve');
    await bob.heard();
    expect(await bob.ask('KICK #a eve')).toEqual([':bob!bob@127.0.0.1 KICK #a eve :bob']);
    await eve.heard();
  });
});
