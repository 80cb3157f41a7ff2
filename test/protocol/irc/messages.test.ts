/** PRIVMSG, NOTICE, TAGMSG: modern "Sending Messages"; IRCv3 message-tags, server-time, echo-message, bot mode, labeled-response, batch. */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc, tagsOf, untagged } from './irc-client.js';

describe('PRIVMSG and NOTICE', () => {
  test('reach all others of a channel, and one person, as they were said', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    await ann.heard();
    expect(
      await ann.ask('PRIVMSG #A :hello  there ', 'NOTICE #a :note', 'PRIVMSG BOB :\x01VERSION\x01', 'PRIVMSG #a word'),
    ).toEqual([]);
    expect(await bob.heard()).toEqual([
      ':ann!ann@127.0.0.1 PRIVMSG #a :hello  there ',
      ':ann!ann@127.0.0.1 NOTICE #a :note',
      ':ann!ann@127.0.0.1 PRIVMSG bob :\x01VERSION\x01',
      ':ann!ann@127.0.0.1 PRIVMSG #a :word',
    ]);
    expect(await ann.ask('PRIVMSG ann :to myself')).toEqual([':ann!ann@127.0.0.1 PRIVMSG ann :to myself']);
  });

  test('take several targets, each once, up to TARGMAX', async () => {
    const server = await startIrc();
    const ann = await server.client('ann');
    const bob = await server.client('bob', { join: '#a,#b' });
    await ann.ask('JOIN #a,#b');
    await bob.heard();
    await ann.ask('PRIVMSG #a,#b,bob,#A,BOB :hi');
    expect(await bob.heard()).toEqual([
      ':ann!ann@127.0.0.1 PRIVMSG #a :hi',
      ':ann!ann@127.0.0.1 PRIVMSG #b :hi',
      ':ann!ann@127.0.0.1 PRIVMSG bob :hi',
    ]);
    expect(numerics(await ann.ask('PRIVMSG a,b,c,d,e :hi'))).toEqual(['407 a,b,c,d,e :Too many recipients']);
  });

  test.each([
    ['PRIVMSG', '411 :No recipient given (PRIVMSG)'],
    ['PRIVMSG bob', '412 :No text to send'],
    ['PRIVMSG bob :', '412 :No text to send'],
    ['PRIVMSG nobody :x', '401 nobody :No such nick/channel'],
    ['PRIVMSG #none :x', '403 #none :No such channel'],
    ['PRIVMSG #b :x', '404 #b :Cannot send to channel (+n)'],
  ])('%s is answered %s, and the NOTICE not at all', async (line, answer) => {
    const server = await startIrc();
    await server.client('bob', { join: '#b' });
    const ann = await server.client('ann');
    expect(numerics(await ann.ask(line))).toEqual([answer]);
    expect(await ann.ask(line.replace('PRIVMSG', 'NOTICE'))).toEqual([]);
  });

  test('are refused in a moderated channel and to the banned, unless a rank or an exception helps', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    const say = async () => numerics(await bob.ask('PRIVMSG #a :x'));
    await ann.ask('MODE #a +m');
    expect(await say()).toEqual(['404 #a :Cannot send to channel (+m)']);
    await ann.ask('MODE #a +v bob');
    expect(await say()).toEqual([]);
    await ann.ask('MODE #a -m-v+b bob bob');
    expect(await say()).toEqual(['404 #a :Cannot send to channel (+b)']);
    await ann.ask('MODE #a +e bob');
    expect(await say()).toEqual([]);
  });

  test('to somebody who is away are answered 301', async () => {
    const server = await startIrc();
    const bob = await server.client('bob');
    const ann = await server.client('ann');
    await bob.ask('AWAY :out for lunch');
    expect(numerics(await ann.ask('PRIVMSG bob :x'))).toEqual(['301 bob :out for lunch']);
    expect(await ann.ask('NOTICE bob :x')).toEqual([]);
  });

  test('with a sign before the channel reach that rank and above (STATUSMSG)', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    const eve = await server.client('eve', { join: '#a' });
    await ann.ask('MODE #a +v bob');
    for (const client of [bob, eve]) await client.heard();
    await eve.ask('PRIVMSG @#a :ops', 'PRIVMSG +#a :voices', 'NOTICE @+#a :both');
    expect(await ann.heard()).toEqual([
      ':eve!eve@127.0.0.1 PRIVMSG @#a :ops',
      ':eve!eve@127.0.0.1 PRIVMSG +#a :voices',
      ':eve!eve@127.0.0.1 NOTICE @+#a :both',
    ]);
    expect(await bob.heard()).toEqual([
      ':eve!eve@127.0.0.1 PRIVMSG +#a :voices',
      ':eve!eve@127.0.0.1 NOTICE @+#a :both',
    ]);
  });

  test('are cut between characters where the source makes a line too long', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    await ann.ask(`PRIVMSG #a :x${'é'.repeat(248)}`);
    const [line = ''] = await bob.heard();
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(510);
    expect(Buffer.byteLength(line)).toBeGreaterThanOrEqual(509);
    expect(line).toMatch(/:xé+$/);
  });
});

describe('tags', () => {
  test('server-time, msgid and client tags go to those who asked for them', async () => {
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

  test('TAGMSG reaches those with message-tags only, and is unknown to others', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { caps: 'message-tags', join: '#a' });
    const bob = await server.client('bob', { caps: 'message-tags', join: '#a' });
    const max = await server.client('max', { join: '#a' });
    await bob.heard();
    expect(await ann.ask('@+typing=active TAGMSG #a')).toHaveLength(2);
    expect(untagged(await bob.heard())).toEqual([':ann!ann@127.0.0.1 TAGMSG #a']);
    expect(numerics(await max.ask('TAGMSG #a'))).toEqual(['421 TAGMSG :Unknown command']);
    expect(numerics(await ann.ask('TAGMSG'))).toEqual(['411 :No recipient given (TAGMSG)']);
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
});

describe('echo-message', () => {
  test('gives the sender what the others get, with the same msgid', async () => {
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

  test('is on the refusal of a line, too', async () => {
    const ann = await (await startIrc()).client('ann', { caps });
    expect(await ann.ask(`@label=long PING ${'x'.repeat(510)}`)).toEqual([
      '@label=long :fdmux.local 417 ann :Input line was too long',
    ]);
    await ann.peer.write(Buffer.from('@label=bytes PING \xff\r\n', 'latin1'));
    expect(await ann.heard()).toEqual([
      '@label=bytes :fdmux.local FAIL PING INVALID_UTF8 :Message rejected, your line is not valid UTF-8',
    ]);
  });

  test('is only for those who asked for it', async () => {
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
