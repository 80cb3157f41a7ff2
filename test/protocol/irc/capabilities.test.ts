/**
 * Capabilities that change messages: message-tags, server-time, bot mode, echo-message, labeled-response,
 * extended-join.
 */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc, tagsOf, untagged } from './irc-client.js';

test('server-time, msgid and client tags reach only clients that asked for them', async () => {
  const server = await startIrc();
  const ann = await server.client('ann', { caps: 'message-tags', join: '#a' });
  const bob = await server.client('bob', { caps: 'message-tags server-time', join: '#a' });
  const eve = await server.client('eve', { caps: 'server-time', join: '#a' });
  const max = await server.client('max', { join: '#a' });
  for (const client of [ann, bob, eve]) await client.heard();
  await ann.ask('@+typing=active;evil=1;+bad\x00key;+draft/reply=a\\sb PRIVMSG #a :hi');
  const [toBob = ''] = await bob.heard();
  expect(tagsOf(toBob)).toMatchObject({ '+typing': 'active', '+draft/reply': 'a\\sb', msgid: expect.any(String) });
  expect(tagsOf(toBob)['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(tagsOf(toBob)).not.toHaveProperty('evil');
  const [toEve = ''] = await eve.heard();
  expect(Object.keys(tagsOf(toEve))).toEqual(['time']);
  expect(await max.heard()).toEqual([':ann!ann@127.0.0.1 PRIVMSG #a :hi']);
});

test('a tags section is bounded (message-tags, "Size limit")', async () => {
  const server = await startIrc();
  const ann = await server.client('ann', { caps: 'message-tags echo-message', join: '#a' });
  const fits = `@+a=${'x'.repeat(4091)}`;
  expect(untagged(await ann.ask(`${fits} PRIVMSG #a :${'y'.repeat(400)}`))).toEqual([
    `:ann!ann@127.0.0.1 PRIVMSG #a :${'y'.repeat(400)}`,
  ]);
  expect(numerics(await ann.ask(`${fits}x PRIVMSG #a :y`))).toEqual(['417 :Input line was too long']);
});

test('a bot is marked (IRCv3 bot mode)', async () => {
  const server = await startIrc();
  const bot = await server.client('bot', { join: '#a' });
  const ann = await server.client('ann', { caps: 'message-tags', join: '#a' });
  expect(await bot.ask('MODE bot +B')).toContain(':bot!bot@127.0.0.1 MODE bot +B');
  await bot.ask('PRIVMSG #a :beep');
  expect(tagsOf((await ann.heard())[0] ?? '')).toHaveProperty('bot');
  expect(numerics(await ann.ask('WHOIS bot'), '335')).toEqual(['335 bot :is a bot']);
});

describe('echo-message', () => {
  test('sends the sender the same line as the others, with the same msgid', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { caps: 'echo-message message-tags', join: '#a' });
    const bob = await server.client('bob', { caps: 'message-tags', join: '#a' });
    await ann.heard();
    const [echo = ''] = await ann.ask('PRIVMSG #a :hi');
    const [heard = ''] = await bob.heard();
    expect(echo).toBe(heard);
    expect(untagged(await ann.ask('PRIVMSG bob :hi', 'NOTICE bob :hi'))).toEqual([
      ':ann!ann@127.0.0.1 PRIVMSG bob :hi',
      ':ann!ann@127.0.0.1 NOTICE bob :hi',
    ]);
    expect(numerics(await ann.ask('PRIVMSG nobody :hi'))).toHaveLength(1);
  });
});

describe('labeled-response', () => {
  test('needs batch ("Dependencies")', async () => {
    const ann = await (await startIrc()).client('ann', { caps: 'labeled-response' });
    expect(await ann.ask('@label=one WHOIS nobody')).toEqual([
      ':fdmux.local 401 ann nobody :No such nick/channel',
      ':fdmux.local 318 ann nobody :End of /WHOIS list',
    ]);
    expect((await ann.ask('CAP REQ :batch', '@label=two PING x')).at(-1)).toMatch(/^@label=two :fdmux\.local PONG /);
  });

  const caps = 'labeled-response batch echo-message message-tags';

  test('puts the label on one line, a batch around several, and ACK in place of none', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { caps });
    expect(await ann.ask('@label=one PONG x')).toEqual(['@label=one :fdmux.local ACK']);
    expect(await ann.ask('@label=two PING x')).toEqual(['@label=two :fdmux.local PONG fdmux.local :x']);
    const batch = await ann.ask('@label=three JOIN #a');
    const reference = /BATCH \+(\S+) labeled-response$/.exec(batch[0] ?? '')?.[1] ?? '';
    expect(tagsOf(batch[0] ?? '')).toEqual({ label: 'three' });
    expect(batch.slice(1, -1).map((line) => tagsOf(line)['batch'])).toEqual(batch.slice(1, -1).map(() => reference));
    expect(batch.at(-1)).toBe(`:fdmux.local BATCH -${reference}`);
    expect(tagsOf((await ann.ask('@label=four PRIVMSG #a :x'))[0] ?? '')).toMatchObject({ label: 'four' });
    expect(await ann.ask('@label=five NONSENSE')).toEqual([
      '@label=five :fdmux.local 421 ann NONSENSE :Unknown command',
    ]);
  });

  test('also labels the refusal of a line', async () => {
    const ann = await (await startIrc()).client('ann', { caps });
    expect(await ann.ask(`@label=long PING ${'x'.repeat(510)}`)).toEqual([
      '@label=long :fdmux.local 417 ann :Input line was too long',
    ]);
    await ann.peer.write(Buffer.from('@label=bytes PING \xff\r\n', 'latin1'));
    expect(await ann.heard()).toEqual([
      '@label=bytes :fdmux.local FAIL PING INVALID_UTF8 :Message rejected, your line is not valid UTF-8',
    ]);
  });

  test('is only for clients that asked for it', async () => {
    const ann = await (await startIrc()).client('ann', { caps: 'message-tags' });
    expect(await ann.ask('@label=one PING x')).toEqual([':fdmux.local PONG fdmux.local :x']);
  });

  test('does not label what others say in the meantime', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { caps });
    await ann.ask('MONITOR + ann,annabel');
    const lines = await ann.ask('@label=n NICK annabel');
    expect(lines.filter((line) => 'label' in tagsOf(line))).toEqual(['@label=n :ann!ann@127.0.0.1 NICK annabel']);
    expect(untagged(lines)).toContain(':fdmux.local 730 annabel :annabel!ann@127.0.0.1');
  });
});

test('extended-join shows account and real name', async () => {
  const server = await startIrc();
  const bob = await server.client('bob', { caps: 'extended-join', join: '#a' });
  await server.client('ann', { join: '#a' });
  expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 JOIN #a * :Real ann']);
});
