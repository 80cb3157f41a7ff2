/** Channel modes of the field: C as ergo and Unreal have it, masks that mute, M and R. */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

const mute = (sign: string, mask: string) => `:ann!ann@127.0.0.1 MODE #a ${sign} ${mask}`;

describe('a channel with +C', () => {
  async function withoutQueries() {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    expect(await ann.ask('MODE #a +C')).toContain(':ann!ann@127.0.0.1 MODE #a +C');
    await bob.heard();
    return { ann, bob };
  }

  test.each(['\u0001PING 1473523796 918320\u0001', '\u0001VERSION\u0001', '\u0001VERSION', '\u0001ACTIONS x\u0001'])(
    'refuses %j, from operators too',
    async (text) => {
      const { ann, bob } = await withoutQueries();
      const refused = ['404 #a :Cannot send to channel (+C)'];
      expect(numerics(await ann.ask(`PRIVMSG #a :${text}`))).toEqual(refused);
      expect(numerics(await bob.ask(`PRIVMSG #a :${text}`))).toEqual(refused);
      expect(await bob.ask(`NOTICE #a :${text}`)).toEqual([]);
      expect(await ann.heard()).toEqual([]);
    },
  );

  test.each(['\u0001ACTION hi\u0001', '\u0001ACTION\u0001', 'say \u0001VERSION\u0001', 'hello'])(
    'lets %j through',
    async (text) => {
      const { ann, bob } = await withoutQueries();
      await ann.ask(`PRIVMSG #a :${text}`);
      expect(await bob.heard()).toEqual([`:ann!ann@127.0.0.1 PRIVMSG #a :${text}`]);
    },
  );

  test('shows the mode, and is open to queries again after -C', async () => {
    const { ann, bob } = await withoutQueries();
    expect(numerics(await bob.ask('MODE #a'), '324')).toEqual(['324 #a +Cnt']);
    await ann.ask('MODE #a -C', 'PRIVMSG #a :\u0001VERSION\u0001');
    expect((await bob.heard()).at(-1)).toBe(':ann!ann@127.0.0.1 PRIVMSG #a :\u0001VERSION\u0001');
  });
});

describe('a mask that mutes', () => {
  test('is announced as a kind of ban, as is one of an account', async () => {
    const ann = await (await startIrc()).connect();
    ann.send('NICK ann', 'USER ann 0 * :ann');
    const tokens = numerics(await ann.heard(), '005').flatMap((line) => line.split(' '));
    expect(tokens).toEqual(expect.arrayContaining(['EXTBAN=~,am', 'ACCOUNTEXTBAN=a', 'CHANMODES=Ibe,k,l,CHMRimnst']));
  });

  test('lets its target in, and keeps it silent until it is removed', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    expect(await ann.ask('MODE #a +b m:BOB')).toEqual([mute('+b', '~m:BOB!*@*')]);
    const bob = await server.client('bob', { caps: 'echo-message', join: '#a' });
    await ann.heard();
    expect(numerics(await bob.ask('PRIVMSG #a :hi'))).toEqual(['404 #a :Cannot send to channel (+b)']);
    expect(numerics(await bob.ask('NICK shout'))).toEqual([
      '435 shout #a :Cannot change nickname while banned or muted on channel',
    ]);
    expect(await ann.heard()).toEqual([]);
    expect(await ann.ask('MODE #a -b m:bob!*@*')).toEqual([mute('-b', '~m:bob!*@*')]);
    expect((await bob.ask('PRIVMSG #a :hi')).at(-1)).toBe(':bob!bob@127.0.0.1 PRIVMSG #a :hi');
    expect(await ann.heard()).toEqual([':bob!bob@127.0.0.1 PRIVMSG #a :hi']);
  });

  test('keeps an outsider silent, too', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob');
    await ann.ask('MODE #a -n+b m:bob');
    expect(numerics(await bob.ask('PRIVMSG #a :hi'))).toEqual(['404 #a :Cannot send to channel (+b)']);
  });

  test.each([
    ['a voice', '+v bob', true],
    ['an exception of its own kind', '+e m:*!bob@*', true],
    ['an exception to bans', '+e *!bob@*', false],
  ])('with %s: MODE #a %s, may speak: %s', async (_, change, maySpeak) => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    await ann.ask('MODE #a +b m:bob', `MODE #a ${change}`);
    await bob.heard();
    expect(numerics(await bob.ask('PRIVMSG #a :hi'), '404')).toHaveLength(maySpeak ? 0 : 1);
  });

  test('stands in the list of its letter, and is not the ban of the same mask', async () => {
    const server = await startIrc({ irc: { maxMasks: 4 } });
    const ann = await server.client('ann', { join: '#a' });
    await ann.ask('MODE #a +bb bob m:bob', 'MODE #a +e m:eve', 'MODE #a -b bob');
    const listed = async (letter: string) =>
      numerics(await ann.ask(`MODE #a ${letter}`)).map((line) => line.split(' ').slice(0, 3).join(' '));
    expect(await listed('b')).toEqual(['367 #a ~m:bob!*@*', '368 #a :End']);
    expect(await listed('e')).toEqual(['348 #a ~m:eve!*@*', '349 #a :End']);
    await ann.ask('MODE #a +bb m:one ~m:two');
    expect(numerics(await ann.ask('MODE #a +b m:more'))).toEqual(['478 #a m:more :Channel list is full']);
  });

  test.each([
    ['b', 'm:'],
    ['b', 'm:r:spam'],
    ['b', '~q:bob!*@*'],
    ['I', 'm:bob'],
    ['b', '~a:'],
    ['b', '~a:ann!*@*'],
    ['I', '~m:~a:ann'],
  ])('is refused as +%s %s', async (letter, mask) => {
    const ann = await (await startIrc()).client('ann', { join: '#a' });
    expect(numerics(await ann.ask(`MODE #a +${letter} ${mask}`))).toEqual([`696 #a ${letter} ${mask} :Invalid mask`]);
  });
});

describe('a mask of an account', () => {
  test.each([
    ['b', '~a:Eve', '~a:Eve', '367'],
    ['b', 'a:eve', '~a:eve', '367'],
    ['b', '~account:eve', '~a:eve', '367'],
    ['b', '~a:*', '~a:*', '367'],
    ['b', 'm:~a:eve', '~m:~a:eve', '367'],
    ['e', '~a:eve', '~a:eve', '348'],
    ['I', '~a:eve', '~a:eve', '346'],
  ])('is set as +%s %s, shown as %s, and removed in any spelling', async (letter, typed, shown, numeric) => {
    const ann = await (await startIrc()).client('ann', { join: '#a' });
    expect(await ann.ask(`MODE #a +${letter} ${typed}`)).toEqual([mute(`+${letter}`, shown)]);
    expect(numerics(await ann.ask(`MODE #a ${letter}`), numeric)[0]).toContain(`${numeric} #a ${shown} `);
    expect(await ann.ask(`MODE #a -${letter} ${shown.toLowerCase()}`)).toHaveLength(1);
    expect(numerics(await ann.ask(`MODE #a ${letter}`), numeric)).toEqual([]);
  });
});

describe('one who has not logged in', () => {
  async function withModes(modes: string) {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    await ann.ask(`MODE #a ${modes}`);
    return { ann, bob: await server.client('bob') };
  }

  test('does not enter a channel with +R', async () => {
    const { ann, bob } = await withModes('+R');
    expect(numerics(await ann.ask('MODE #a'), '324')).toEqual(['324 #a +Rnt']);
    expect(numerics(await bob.ask('JOIN #a'))).toEqual(['477 #a :You must be logged in to an account for this']);
  });

  test.each([
    ['an invitation', 'INVITE bob #a'],
    ['a mask of those who need none', 'MODE #a +I bob'],
  ])('enters it by %s', async (_, line) => {
    const { ann, bob } = await withModes('+R');
    await ann.ask(line);
    await bob.heard();
    expect((await bob.ask('JOIN #a'))[0]).toBe(':bob!bob@127.0.0.1 JOIN #a');
  });

  test('listens only in a channel with +M, until it gets a voice', async () => {
    const { ann, bob } = await withModes('+M');
    await bob.ask('JOIN #a');
    expect(numerics(await bob.ask('PRIVMSG #a :hi'))).toEqual(['404 #a :Cannot send to channel (+M)']);
    await ann.ask('MODE #a +v bob');
    await bob.heard();
    expect(await bob.ask('PRIVMSG #a :hi')).toEqual([]);
  });

  test('sends nothing to somebody with the user mode R', async () => {
    const server = await startIrc();
    const [ann, bob] = [await server.client('ann'), await server.client('bob')];
    expect(await ann.ask('MODE ann +R')).toEqual([':ann!ann@127.0.0.1 MODE ann +R']);
    expect(numerics(await bob.ask('PRIVMSG ann :hi'))).toEqual([
      '477 ann :You must be logged in to an account for this',
    ]);
    expect(await bob.ask('NOTICE ann :hi')).toEqual([]);
    expect(await ann.heard()).toEqual([]);
    expect(numerics(await ann.ask('MODE ann'))).toEqual(['221 +R']);
    await ann.ask('MODE ann -R');
    await bob.ask('PRIVMSG ann :hi');
    expect(await ann.heard()).toEqual([':bob!bob@127.0.0.1 PRIVMSG ann :hi']);
  });
});
