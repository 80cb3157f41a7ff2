/** How a connection is registered: modern, "Connection Registration". */
import { expect, test } from 'vitest';
import { numerics, startIrc } from './irc-client.js';

test('NICK and USER in either order get 001 to 005, LUSERS and MOTD ("Connection Registration")', async () => {
  const server = await startIrc({ irc: { motd: ['first', 'second'] } });
  const ann = await server.connect();
  const lines = await ann.ask('USER a 0 * :Ann', 'NICK ann');
  expect(numerics(lines).map((line) => line.slice(0, 3))).toEqual([
    '001',
    '002',
    '003',
    '004',
    '005',
    '005',
    '005',
    '251',
    '252',
    '253',
    '254',
    '255',
    '265',
    '266',
    '375',
    '372',
    '372',
    '376',
  ]);
  expect(lines[0]).toBe(':fdmux.local 001 ann :Welcome to the fdmux Network, ann!a@127.0.0.1');
  expect(numerics(lines, '372')).toEqual(['372 :- first', '372 :- second']);
});

test('ISUPPORT lists the features, at most thirteen tokens per line ("RPL_ISUPPORT")', async () => {
  const ann = await (await startIrc()).connect();
  const lines = numerics(await ann.ask('NICK ann', 'USER a 0 * :Ann'), '005');
  for (const line of lines)
    expect(line.split(' ').length - 1).toBeLessThanOrEqual(13 + 'are supported by this server'.split(' ').length);
  const all = lines.join(' ');
  for (const token of [
    'CASEMAPPING=ascii',
    'CHANLIMIT=#:1000',
    'CHANMODES=Ibe,k,l,CHMRimnst',
    'CHANTYPES=#',
    'CHATHISTORY=100',
    'ELIST=CMNTU',
    'EXCEPTS=e',
    'INVEX=I',
    'MODES=12',
    'MSGREFTYPES=msgid,timestamp',
    'NETWORK=fdmux',
    'NICKLEN=30',
    'PREFIX=(qaohv)~&@%+',
    'STATUSMSG=~&@%+',
    'TARGMAX=JOIN:,KICK:,KILL:1,LIST:,NAMES:1,NOTICE:4,PART:,PRIVMSG:4,TAGMSG:4,WHOIS:1,WHOWAS:1',
    'KICKLEN=295',
    'TOPICLEN=325',
    'UTF8ONLY',
    'WHOX',
    'BOT=B',
    'SAFELIST',
    'LINELEN=512',
  ]) {
    expect(all).toContain(` ${token}`);
  }
});

test('before it is complete other commands get 451, after it USER and PASS get 462', async () => {
  const ann = await (await startIrc()).connect();
  expect(numerics(await ann.ask('JOIN :', 'PRIVMSG x :y'))).toEqual([
    '451 :You have not registered',
    '451 :You have not registered',
  ]);
  await ann.ask('NICK ann', 'USER a 0 * :Ann');
  expect(numerics(await ann.ask('USER a 0 * :Ann', 'PASS x'))).toEqual([
    '462 :You may not reregister',
    '462 :You may not reregister',
  ]);
});

test('a nick that somebody takes in the meantime must be chosen again', async () => {
  const server = await startIrc();
  const slow = await server.connect();
  await slow.ask('NICK ann');
  await server.client('ann');
  expect(numerics(await slow.ask('USER a 0 * :Slow'))).toEqual(['433 ann :Nickname is already in use']);
  expect(numerics(await slow.ask('NICK bob'), '001')).toHaveLength(1);
});

test('a client that does not register in time is notified and closed', async () => {
  const server = await startIrc({ limits: { registrationTimeoutMs: 50 } });
  const ann = await server.connect();
  expect(await ann.rest()).toEqual(['ERROR :Closing Link: 127.0.0.1 (Registration timed out)']);
});
