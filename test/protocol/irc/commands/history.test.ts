/** HISTORY: what was said before, by hand. */
import { expect, test } from 'vitest';
import { numerics, startIrc, untagged } from '../irc-client.js';

const time = expect.stringMatching(/./);

test('shows the last lines with their times to a client that asks for nothing else', async () => {
  const ann = await (await startIrc()).client('ann', { join: '#channel' });
  await ann.ask('PRIVMSG #channel :one', 'PRIVMSG #channel :two', 'PRIVMSG #channel :\u0001ACTION waves\u0001');
  const lines = await ann.ask('HISTORY #channel 2');
  expect(lines).toEqual([time, time]);
  expect(lines[0]).toMatch(/^:ann!ann@127\.0\.0\.1 PRIVMSG #channel :\[\d\d:\d\d:\d\d\] two$/);
  expect(lines[1]).toMatch(/^:ann!ann@127\.0\.0\.1 PRIVMSG #channel :\u0001ACTION \[\d\d:\d\d:\d\d\] waves\u0001$/);
  expect(await ann.ask('HISTORY #channel')).toHaveLength(3);
});

test('a channel that one is not in is as none', async () => {
  const server = await startIrc();
  await server.client('ann', { join: '#channel' });
  const eve = await server.client('eve');
  expect(numerics(await eve.ask('HISTORY #channel'))).toEqual(["442 #channel :You're not on that channel"]);
  expect(numerics(await eve.ask('HISTORY *'))).toEqual(['401 * :No such nick/channel']);
});

test('without lines it says so', async () => {
  const ann = await (await startIrc()).client('ann');
  expect(await ann.ask('HISTORY bob')).toEqual([':fdmux.local NOTICE ann :Nothing is kept of bob']);
});

test('with onJoin, those who enter and cannot ask get the last lines', async () => {
  const server = await startIrc({ irc: { history: { pageLines: 100, onJoin: 2 } } });
  const ann = await server.client('ann', { join: '#channel' });
  await ann.ask('PRIVMSG #channel :one', 'PRIVMSG #channel :two', 'PRIVMSG #channel :three');
  const old = await server.client('old', { caps: 'server-time batch' });
  const lines = await old.ask('JOIN #channel');
  expect(untagged(lines).slice(-4)).toEqual([
    expect.stringMatching(/^:fdmux\.local BATCH \+\S+ chathistory #channel$/),
    ':ann!ann@127.0.0.1 PRIVMSG #channel :two',
    ':ann!ann@127.0.0.1 PRIVMSG #channel :three',
    expect.stringMatching(/^:fdmux\.local BATCH -/),
  ]);
  const able = await server.client('able', { caps: 'server-time batch draft/chathistory' });
  expect((await able.ask('JOIN #channel')).at(-1)).toContain(' 366 ');
});
