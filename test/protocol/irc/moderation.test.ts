/** Permissions that hold for all commands: members who may not speak, channels that outsiders may not know of. */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from './irc-client.js';

const operator = { name: 'root', password: 'pw', masks: ['*@*'], host: null };

/**
 * Sets up a channel with an operator and a member who may not speak; `reader` hears everything that members may hear.
 */
async function withSilenced(modes: string) {
  const server = await startIrc({ irc: { operators: [operator] } });
  const ann = await server.client('ann', { join: '#a,#free' });
  const bob = await server.client('bob', { join: '#a,#free' });
  const reader = await server.client('reader', { caps: 'setname away-notify', join: '#a' });
  await ann.ask(`MODE #a ${modes}`);
  await bob.heard();
  await reader.heard();
  return { server, ann, bob, reader };
}

describe.each([
  ['banned', '-t+b bob!*@*'],
  ['muted', '-t+b m:bob!*@*'],
  ['in a moderated channel', '-t+m'],
])('somebody who is %s', (_, modes) => {
  test.each([
    ['NICK SHOUT', '435 SHOUT #a :Cannot change nickname while banned or muted on channel'],
    ['NICK BOB', '435 BOB #a :Cannot change nickname while banned or muted on channel'],
    ['TOPIC #a :shout', '404 #a :Cannot send to channel'],
    ['PRIVMSG @#a :shout', '404 #a :Cannot send to channel'],
    ['TAGMSG #a', '421 TAGMSG :Unknown command'],
  ])('gets no reply to %s but %s', async (line, answer) => {
    const { bob, reader } = await withSilenced(modes);
    expect(numerics(await bob.ask(line)).map((text) => text.replace(/ \(\+[bm]\)$/, ''))).toEqual([answer]);
    expect(await reader.heard()).toEqual([]);
  });

  test('leaves without a word', async () => {
    const { bob, reader } = await withSilenced(modes);
    expect(await bob.ask('PART #a :shout')).toEqual([':bob!bob@127.0.0.1 PART #a']);
    expect(await reader.heard()).toEqual([':bob!bob@127.0.0.1 PART #a']);
  });

  test('quits without a word', async () => {
    const { bob, reader } = await withSilenced(modes);
    bob.send('QUIT :shout');
    expect((await bob.rest()).at(-1)).toBe('ERROR :Closing Link: 127.0.0.1 (Quit: )');
    expect(await reader.line()).toBe(':bob!bob@127.0.0.1 QUIT :Quit: ');
  });

  test('keeps its real name', async () => {
    const { bob, reader } = await withSilenced(modes);
    expect(await bob.ask('SETNAME :shout')).toEqual([
      ':fdmux.local FAIL SETNAME CANNOT_CHANGE_REALNAME :You may not speak in a channel that you are in',
    ]);
    expect(await reader.heard()).toEqual([]);
  });

  test('is away without a reason in rooms where it may not speak', async () => {
    const { server, bob, reader } = await withSilenced(modes);
    const free = await server.client('free', { caps: 'away-notify', join: '#free' });
    await bob.heard();
    expect(numerics(await bob.ask('AWAY :shout'), '306')).toHaveLength(1);
    expect(await reader.heard()).toEqual([]);
    expect(await free.heard()).toEqual([':bob!bob@127.0.0.1 AWAY :shout']);
    await bob.ask('AWAY');
    expect(await reader.heard()).toEqual([':bob!bob@127.0.0.1 AWAY']);
  });

  test('may do all of it with a voice, or as an operator', async () => {
    const { ann, bob } = await withSilenced(modes);
    await ann.ask('MODE #a +v bob');
    await bob.heard();
    expect(await bob.ask('NICK bobby')).toEqual([':bob!bob@127.0.0.1 NICK bobby']);
    await ann.ask('MODE #a -v bobby');
    await ann.ask('MODE #a +b bobby');
    await bob.ask('OPER root pw');
    expect(await bob.ask('NICK robert')).toEqual([':bobby!bob@127.0.0.1 NICK robert']);
  });
});

test('somebody who joins a moderated channel while away says nothing by it', async () => {
  const { ann, bob, reader } = await withSilenced('+m');
  await bob.ask('AWAY :shout', 'PART #a', 'JOIN #a');
  expect(await reader.heard()).toEqual([':bob!bob@127.0.0.1 PART #a', ':bob!bob@127.0.0.1 JOIN #a']);
  await ann.ask('MODE #a -m');
  await bob.ask('PART #a', 'JOIN #a');
  expect((await reader.heard()).at(-1)).toBe(':bob!bob@127.0.0.1 AWAY :shout');
});

describe('a secret channel', () => {
  test.each([
    'MODE CHANNEL',
    'MODE CHANNEL b',
    'MODE CHANNEL +o eve',
    'TOPIC CHANNEL',
    'TOPIC CHANNEL :x',
    'NAMES CHANNEL',
    'WHO CHANNEL',
    'WHO CHANNEL %cn',
    'LIST CHANNEL',
    'LIST',
    'LIST *s*',
    'PART CHANNEL',
    'KICK CHANNEL ann',
    'KICK CHANNEL nobody',
    'INVITE eve CHANNEL',
    'INVITE ann CHANNEL',
    'PRIVMSG CHANNEL :x',
    'PRIVMSG @CHANNEL :x',
    'NOTICE CHANNEL :x',
  ])('does not exist for %s of an outsider', async (template) => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#secret' });
    await ann.ask('MODE #secret +s', 'TOPIC #secret :hidden');
    const eve = await server.client('eve');
    const answers = async (name: string) => {
      const lines = await eve.ask(template.replace('CHANNEL', name));
      return lines.map((line) => line.replaceAll(name, 'CHANNEL'));
    };
    expect(await answers('#SECRET')).toEqual(await answers('#nosuch'));
    expect(await answers('#secret')).toEqual(await answers('#nosuch'));
    expect(await ann.heard()).toEqual([]);
  });

  test('is not shown with its members', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#secret' });
    await ann.ask('MODE #secret +s');
    const eve = await server.client('eve');
    const lines = await eve.ask('WHOIS ann', 'WHO ann', 'WHO ann %cn', 'WHO *', 'USERHOST ann', 'INVITE', 'STATS m');
    expect(lines.join('\n')).not.toContain('#secret');
  });
});
