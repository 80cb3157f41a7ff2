/** PRIVMSG: RFC 2812 section 3.3.1; modern, "PRIVMSG message". Behaviour that NOTICE shares is tested for both here. */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

describe('PRIVMSG and NOTICE', () => {
  test('reach all others in a channel, and one person, unchanged', async () => {
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

  test('accept several targets, each once, up to TARGMAX', async () => {
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
  ])('%s gets %s, and the NOTICE no answer', async (line, answer) => {
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

  test('to somebody who is away get 301', async () => {
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

  test('are cut between characters if the source makes a line too long', async () => {
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
