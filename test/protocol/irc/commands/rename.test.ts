/** RENAME: IRCv3 channel-rename. */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc, untagged } from '../irc-client.js';

const caps = 'draft/channel-rename';

async function withRoom(name = '#boaring') {
  const server = await startIrc({ irc: { operators: [{ name: 'root', password: 'pw', masks: ['*@*'], host: null }] } });
  const ann = await server.client('ann', { caps, join: name });
  const bob = await server.client('bob', { caps, join: name });
  const old = await server.client('old', { join: name });
  await ann.heard();
  await bob.heard();
  return { server, ann, bob, old };
}

describe('examples of the specification', () => {
  test('renaming a channel with a reason', async () => {
    const { ann, bob } = await withRoom();
    const renamed = [':ann!ann@127.0.0.1 RENAME #boaring #boring :Typo fix'];
    expect(await ann.ask('RENAME #boaring #boring :Typo fix')).toEqual(renamed);
    expect(await bob.heard()).toEqual(renamed);
  });

  test('renaming a channel without a reason', async () => {
    const { ann } = await withRoom('#coding');
    expect(await ann.ask('RENAME #coding #programming')).toEqual([':ann!ann@127.0.0.1 RENAME #coding #programming :']);
  });

  test('renaming a channel when the capability has not been negotiated', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#foo' });
    const bob = await server.client('bob', { join: '#foo' });
    await ann.ask('TOPIC #foo :Topic of the renamed channel');
    await bob.heard();
    const burst = (nick: string): unknown[] => [
      `:${nick}!${nick}@127.0.0.1 PART #foo :Changing the channel name`,
      `:${nick}!${nick}@127.0.0.1 JOIN #bar`,
      `:fdmux.local 332 ${nick} #bar :Topic of the renamed channel`,
      expect.stringMatching(`^:fdmux.local 333 ${nick} #bar ann!ann@127.0.0.1 \\d+$`),
      `:fdmux.local 353 ${nick} = #bar :@ann bob`,
      `:fdmux.local 366 ${nick} #bar :End of /NAMES list`,
    ];
    expect(await ann.ask('RENAME #foo #bar :Changing the channel name')).toEqual(burst('ann'));
    expect(await bob.heard()).toEqual(burst('bob'));
  });

  test('failing because the user does not have the appropriate privileges', async () => {
    const { bob, ann } = await withRoom('#aniki');
    expect(numerics(await bob.ask('RENAME #aniki #aneki'))).toEqual(["482 #aniki :You're not channel operator"]);
    await ann.ask('MODE #aniki +h bob');
    expect(numerics(await bob.ask('RENAME #aniki #aneki'), '482')).toHaveLength(1);
  });

  test('failing because the new channel name already exists', async () => {
    const { server, ann } = await withRoom('#evil');
    await server.client('max', { join: '#good' });
    expect(await ann.ask("RENAME #evil #GOOD :Don't be evil")).toEqual([
      ':fdmux.local FAIL RENAME CHANNEL_NAME_IN_USE #evil #GOOD :The channel name is already taken',
    ]);
  });

  test('failing because the server disallows changing prefix types', async () => {
    const { ann } = await withRoom('#global');
    expect(await ann.ask('RENAME #global %local')).toEqual([
      ':fdmux.local FAIL RENAME CANNOT_RENAME #global %local :You cannot change a channel prefix type',
    ]);
  });

  test('failing because it has been renamed recently', async () => {
    const { ann } = await withRoom('#0');
    for (const index of [0, 1, 2]) expect(await ann.ask(`RENAME #${index} #${index + 1}`)).toHaveLength(1);
    expect(await ann.ask('RENAME #3 #4')).toEqual([
      ':fdmux.local FAIL RENAME CANNOT_RENAME #3 #4 :This channel has been renamed recently',
    ]);
  });
});

test('a renamed channel keeps its members, ranks, modes, masks and topic', async () => {
  const { server, ann, bob } = await withRoom('#a');
  await ann.ask('TOPIC #a :tea', 'MODE #a +mkb secret eve', 'MODE #a +v bob', 'RENAME #a #b');
  await bob.heard();
  expect(numerics(await bob.ask('MODE #b'), '324')).toEqual(['324 #b +mntk secret']);
  expect(numerics(await bob.ask('MODE #b b'), '367')).toHaveLength(1);
  expect(numerics(await bob.ask('NAMES #b'), '353')).toEqual(['353 = #b :@ann +bob old']);
  await bob.ask('PRIVMSG #b :hi');
  expect((await ann.heard()).at(-1)).toBe(':bob!bob@127.0.0.1 PRIVMSG #b :hi');
  const eve = await server.client('eve');
  expect(numerics(await eve.ask('JOIN #b secret'))).toEqual(['474 #b :Cannot join channel (+b)']);
});

test('the old name is free: who joins it opens another channel, and both live on', async () => {
  const { server, ann, bob } = await withRoom('#a');
  await ann.ask('RENAME #a #b');
  await bob.heard();
  const max = await server.client('max', { join: '#a' });
  expect(numerics(await max.ask('NAMES #a'), '353')).toEqual(['353 = #a :@max']);
  await max.ask('PRIVMSG #a :alone');
  expect(await ann.heard()).toEqual([]);
  // And round again: the channel takes its first name when that is free.
  expect(await ann.ask('RENAME #b #a')).toEqual([
    ':fdmux.local FAIL RENAME CHANNEL_NAME_IN_USE #b #a :The channel name is already taken',
  ]);
  await max.ask('PART #a');
  expect(await ann.ask('RENAME #b #a')).toEqual([':ann!ann@127.0.0.1 RENAME #b #a :']);
  await max.ask('JOIN #a');
  expect(
    numerics(await max.ask('NAMES #a'), '353')[0]
      ?.split(':')[1]
      ?.split(' ')
      .sort(),
  ).toEqual(['@ann', 'bob', 'old', 'max'].sort());
});

test('a channel that everybody has left under another name is gone', async () => {
  const { server, ann, bob, old } = await withRoom('#a');
  await ann.ask('RENAME #a #b');
  for (const client of [ann, bob, old]) await client.ask('PART #b');
  const max = await server.client('max', { join: '#b' });
  expect(numerics(await max.ask('NAMES #b', 'NAMES #a'), '353')).toEqual(['353 = #b :@max']);
});

test('a change of case alone is shown by RENAME, and is nothing to leave a channel for', async () => {
  const { ann, bob, old } = await withRoom('#tea');
  const renamed = [':ann!ann@127.0.0.1 RENAME #tea #Tea :'];
  expect(await ann.ask('RENAME #tea #Tea')).toEqual(renamed);
  expect(await bob.heard()).toEqual(renamed);
  expect(await old.heard()).toEqual([]);
  expect(numerics(await old.ask('MODE #tea'), '324')).toEqual(['324 #Tea +nt']);
  expect(untagged(await ann.ask('RENAME #tea #Tea'))[0]).toContain('FAIL RENAME CHANNEL_NAME_IN_USE');
});

test.each(['#', '#a:b', `#${'x'.repeat(70)}`])('a channel cannot be called %s', async (name) => {
  const { ann } = await withRoom('#a');
  const [answer] = await ann.ask(`RENAME #a ${name}`);
  expect(answer).toMatch(/ FAIL RENAME CANNOT_RENAME #a /);
});

test('an outsider renames nothing, and does not learn of a secret channel', async () => {
  const { server, ann } = await withRoom('#a');
  const eve = await server.client('eve', { caps });
  expect(numerics(await eve.ask('RENAME #a #b'))).toEqual(["442 #a :You're not on that channel"]);
  expect(numerics(await eve.ask('RENAME #none #b'))).toEqual(['403 #none :No such channel']);
  await ann.ask('MODE #a +s');
  expect(numerics(await eve.ask('RENAME #a #b'))).toEqual(['403 #a :No such channel']);
  await eve.ask('OPER root pw');
  expect(await eve.ask('RENAME #a #b')).toEqual([':eve!eve@127.0.0.1 RENAME #a #b :']);
});
