/** MODE: RFC 2812 sections 3.1.5 and 3.2.3; modern, "MODE message", "Channel Modes", "User Modes". */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc, untagged } from '../irc-client.js';

describe('channel modes', () => {
  test('are shown by 324 and 329, the key to members only', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob');
    await ann.ask('MODE #a +kl secret 10');
    const [modes, created] = numerics(await ann.ask('MODE #a'));
    expect(modes).toBe('324 #a +ntkl secret 10');
    expect(created).toMatch(/^329 #a \d{10}$/);
    expect(numerics(await bob.ask('MODE #a'), '324')).toEqual(['324 #a +ntkl * 10']);
    expect(numerics(await bob.ask('MODE #none'))).toEqual(['403 #none :No such channel']);
  });

  test('are listed once per line, after the changes of the line', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    await ann.ask('MODE #a +bb one two');
    const answer = await ann.ask(`MODE #a ${'b'.repeat(200)}+t-t${'e'.repeat(100)}+i`);
    expect(numerics(answer).map((line) => line.slice(0, 3))).toEqual(['367', '367', '368', '349']);
    expect(answer[0]).toBe(':ann!ann@127.0.0.1 MODE #a -t+i');
  });

  test('that are invalid are refused once each, and at most sixteen per line', async () => {
    const ann = await (await startIrc()).client('ann', { join: '#a' });
    expect(numerics(await ann.ask(`MODE #a ${'z'.repeat(400)}`))).toHaveLength(1);
    expect(numerics(await ann.ask(`MODE #a ${'o'.repeat(400)}`))).toHaveLength(1);
    const letters = Array.from({ length: 60 }, (_, index) => String.fromCodePoint(0x400 + index)).join('');
    expect(numerics(await ann.ask(`MODE #a ${letters}`))).toHaveLength(16);
  });

  test('change in one announcement of what took effect', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    await ann.heard();
    const changed = ':ann!ann@127.0.0.1 MODE #a +ims-t+ovl bob bob 5';
    expect(await ann.ask('MODE #a +im+s-t+ovl bob bob 5')).toEqual([changed]);
    expect(await bob.heard()).toEqual([changed]);
    expect(await ann.ask('MODE #a +i-t', 'MODE #a -l', 'MODE #a -l')).toEqual([':ann!ann@127.0.0.1 MODE #a -l']);
  });

  test.each([
    ['+l', '696 #a l * :You must specify a limit'],
    ['+l x', '696 #a l x :Invalid limit'],
    ['+l 0', '696 #a l 0 :Invalid limit'],
    ['+l -5', '696 #a l -5 :Invalid limit'],
    ['+k', '696 #a k * :You must specify a key'],
    ['+k :with space', '696 #a k * :Invalid key'],
    ['+k a,b', '696 #a k * :Invalid key'],
    [`+k ${'x'.repeat(33)}`, '696 #a k * :Invalid key'],
    ['+X', '472 X :is unknown mode char to me'],
    ['+o nobody', '401 nobody :No such nick/channel'],
    ['+o bob', "441 bob #a :They aren't on that channel"],
  ])('MODE #a %s gets %s', async (change, answer) => {
    const server = await startIrc();
    await server.client('bob');
    const ann = await server.client('ann', { join: '#a' });
    expect(numerics(await ann.ask(`MODE #a ${change}`))).toEqual([answer]);
  });

  test('a key is removed whatever is given for it, and shown as *', async () => {
    const ann = await (await startIrc()).client('ann', { join: '#a' });
    await ann.ask('MODE #a +k one');
    expect(await ann.ask('MODE #a -k two')).toEqual([':ann!ann@127.0.0.1 MODE #a -k *']);
  });

  test.each([
    ['b', '367', '368', 'End of channel ban list'],
    ['e', '348', '349', 'End of channel exception list'],
    ['I', '346', '347', 'End of channel invite exception list'],
  ])('the list of +%s is kept, shown and limited', async (letter, entry, end, text) => {
    const server = await startIrc({ irc: { maxMasks: 3 } });
    const ann = await server.client('ann', { join: '#a' });
    expect(await ann.ask(`MODE #a +${letter}${letter}${letter} nick user@host a!b@c`)).toEqual([
      `:ann!ann@127.0.0.1 MODE #a +${letter}${letter}${letter} nick!*@* *!user@host a!b@c`,
    ]);
    expect(numerics(await ann.ask(`MODE #a +${letter} more`))).toEqual(['478 #a more :Channel list is full']);
    expect(await ann.ask(`MODE #a -${letter} NICK!*@*`)).toEqual([`:ann!ann@127.0.0.1 MODE #a -${letter} NICK!*@*`]);
    const bob = await server.client('bob');
    const lines = numerics(await bob.ask(`MODE #a ${letter}`)).map((line) => line.replace(/\d{10}$/, 'TIME'));
    expect(lines).toEqual([
      `${entry} #a *!user@host ann!ann@127.0.0.1 TIME`,
      `${entry} #a a!b@c ann!ann@127.0.0.1 TIME`,
      `${end} #a :${text}`,
    ]);
  });

  test.each([
    ['*!*@127.0.0.0/8', '*!*@127.0.0.0/8', true],
    ['127.0.0.1', '*!*@127.0.0.1', true],
    ['127.9.9.9/8', '*!*@127.0.0.0/8', true],
    ['*!*@::ffff:127.0.0.1', '*!*@127.0.0.1', true],
    ['*!*@127.0.0.1/32', '*!*@127.0.0.1/32', true],
    ['*!*@127.0.0.2/31', '*!*@127.0.0.2/31', false],
    ['staff.example', '*!*@staff.example', true],
    ['2001:db8::1/32', '*!*@2001:db8::/32', false],
  ])('+b %s bans %s, by the address and by the host that others see', async (typed, mask, isOut) => {
    const server = await startIrc({
      irc: { operators: [{ name: 'root', password: 'pw', masks: ['*@127.0.0.0/8'], host: 'staff.example' }] },
    });
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob');
    await bob.ask('OPER root pw');
    expect(await ann.ask(`MODE #a +b ${typed}`)).toEqual([`:ann!ann@127.0.0.1 MODE #a +b ${mask}`]);
    expect(numerics(await bob.ask('JOIN #a'), '474')).toEqual(isOut ? ['474 #a :Cannot join channel (+b)'] : []);
    expect(untagged(await ann.ask(`MODE #a -b ${typed}`)).at(-1)).toBe(`:ann!ann@127.0.0.1 MODE #a -b ${mask}`);
  });

  test('refuse a mask of a kind that would match nobody', async () => {
    const ann = await (await startIrc()).client('ann', { join: '#a' });
    expect(numerics(await ann.ask('MODE #a +b r:spam?name'))).toEqual(['696 #a b r:spam?name :Invalid mask']);
  });

  test('need a rank, and are refused once without it', async () => {
    const server = await startIrc({
      irc: { operators: [{ name: 'root', password: 'pw', masks: ['*@*'], host: null }] },
    });
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    const refused = ["482 #a :You're not channel operator"];
    expect(numerics(await bob.ask('MODE #a +imv bob'))).toEqual(refused);
    await ann.ask('MODE #a +h bob');
    await bob.heard();
    expect(await bob.ask('MODE #a +mv bob')).toEqual([':bob!bob@127.0.0.1 MODE #a +mv bob']);
    expect(numerics(await bob.ask('MODE #a +o bob'))).toEqual(refused);
    expect(numerics(await bob.ask('MODE #a -o ann'))).toEqual(refused);
    expect(numerics(await ann.ask('MODE #a +q ann'))).toEqual(refused);
    await ann.ask('OPER root pw');
    expect(await ann.ask('MODE #a +qa ann ann')).toEqual([':ann!ann@127.0.0.1 MODE #a +qa ann ann']);
    expect(numerics(await bob.ask('NAMES #a'), '353')).toEqual(['353 = #a :~ann %bob']);
  });

  test('of a secret channel are hidden from outsiders', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    await ann.ask('MODE #a +s');
    const bob = await server.client('bob');
    expect(numerics(await bob.ask('MODE #a', 'TOPIC #a'))).toEqual([
      '403 #a :No such channel',
      '403 #a :No such channel',
    ]);
  });
});

describe('user modes', () => {
  test('are set, shown and removed; an unknown one gets 501, and +o is not available', async () => {
    const ann = await (await startIrc()).client('ann');
    expect(await ann.ask('MODE ann +iw-w')).toEqual([':ann!ann@127.0.0.1 MODE ann +iw-w']);
    expect(numerics(await ann.ask('MODE ann'))).toEqual(['221 +i']);
    expect(await ann.ask('MODE ann +o')).toEqual([]);
    expect(numerics(await ann.ask('MODE ann +Z'))).toEqual(['501 :Unknown MODE flag']);
  });

  test('of others cannot be seen or changed', async () => {
    const server = await startIrc();
    await server.client('bob');
    const ann = await server.client('ann');
    expect(numerics(await ann.ask('MODE bob', 'MODE nobody +i', 'MODE'))).toEqual([
      "502 :Can't change mode for other users",
      '401 nobody :No such nick/channel',
      '461 MODE :Not enough parameters',
    ]);
  });
});
