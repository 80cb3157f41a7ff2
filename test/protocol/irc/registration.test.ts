/** CAP, PASS, NICK, USER, QUIT, PING: modern.ircdocs.horse "Connection Messages"; IRCv3 capability-negotiation. */
import { describe, expect, test } from 'vitest';
import { hashPassword } from '../../../src/protocol/password.js';
import { numerics, startIrc } from './irc-client.js';

describe('registration', () => {
  test('NICK and USER in either order are answered 001 to 005, LUSERS and MOTD ("Connection Registration")', async () => {
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

  test('ISUPPORT tells what is supported, at most thirteen tokens a line ("RPL_ISUPPORT")', async () => {
    const ann = await (await startIrc()).connect();
    const lines = numerics(await ann.ask('NICK ann', 'USER a 0 * :Ann'), '005');
    for (const line of lines)
      expect(line.split(' ').length - 1).toBeLessThanOrEqual(13 + 'are supported by this server'.split(' ').length);
    const all = lines.join(' ');
    for (const token of [
      'CASEMAPPING=ascii',
      'CHANLIMIT=#:1000',
      'CHANMODES=Ibe,k,l,imnst',
      'CHANTYPES=#',
      'ELIST=CMNTU',
      'EXCEPTS=e',
      'INVEX=I',
      'MODES=12',
      'NETWORK=fdmux',
      'NICKLEN=30',
      'PREFIX=(qaohv)~&@%+',
      'STATUSMSG=~&@%+',
      'TARGMAX=JOIN:,KICK:,KILL:1,LIST:,NAMES:1,NOTICE:4,PART:,PRIVMSG:4,TAGMSG:4,WHOIS:1,WHOWAS:1',
      'TOPICLEN=390',
      'UTF8ONLY',
      'WHOX',
      'BOT=B',
      'SAFELIST',
      'LINELEN=512',
    ]) {
      expect(all).toContain(` ${token}`);
    }
  });

  test('before it is complete other commands are answered 451, after it USER and PASS are answered 462', async () => {
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

  test('USER needs four parameters and a real name', async () => {
    const ann = await (await startIrc()).connect();
    expect(numerics(await ann.ask('NICK ann', 'USER a 0 *', 'USER a 0 * :'))).toEqual([
      '461 USER :Not enough parameters',
      '461 USER :Not enough parameters',
    ]);
  });

  test('a nick that somebody takes meanwhile is asked for again', async () => {
    const server = await startIrc();
    const slow = await server.connect();
    await slow.ask('NICK ann');
    await server.client('ann');
    expect(numerics(await slow.ask('USER a 0 * :Slow'))).toEqual(['433 ann :Nickname is already in use']);
    expect(numerics(await slow.ask('NICK bob'), '001')).toHaveLength(1);
  });

  test('who does not register in time is told and closed', async () => {
    const server = await startIrc({ limits: { registrationTimeoutMs: 50 } });
    const ann = await server.connect();
    expect(await ann.rest()).toEqual(['ERROR :Closing Link: 127.0.0.1 (Registration timed out)']);
  });
});

describe('PASS', () => {
  test.each(['in clear', 'hashed'])(
    'with a password %s, the right one is let in and a wrong one is told 464 and closed',
    async (form) => {
      const server = await startIrc({ irc: { password: form === 'hashed' ? await hashPassword('secret') : 'secret' } });
      const ann = await server.connect();
      expect(numerics(await ann.ask('PASS secret', 'NICK ann', 'USER a 0 * :Ann'), '001')).toHaveLength(1);
      const eve = await server.connect();
      eve.send('PASS wrong', 'NICK eve', 'USER e 0 * :Eve');
      expect(await eve.rest()).toEqual([
        ':fdmux.local 464 * :Password incorrect',
        'ERROR :Closing Link: 127.0.0.1 (Bad password)',
      ]);
      const late = await server.connect();
      late.send('NICK late', 'USER e 0 * :Late', 'PASS secret');
      expect((await late.rest())[0]).toBe(':fdmux.local 464 * :Password incorrect');
    },
  );
});

describe('CAP', () => {
  test('LS lists, holds registration until END, and REQ takes all or nothing', async () => {
    const ann = await (await startIrc()).connect();
    const [listed = ''] = await ann.ask('CAP LS 302', 'NICK ann', 'USER a 0 * :Ann');
    for (const name of [
      'server-time',
      'message-tags',
      'multi-prefix',
      'userhost-in-names',
      'away-notify',
      'account-notify',
      'extended-join',
      'invite-notify',
      'chghost',
      'setname',
      'cap-notify',
      'echo-message',
      'batch',
      'labeled-response',
      'standard-replies',
      'extended-monitor',
    ]) {
      expect(listed).toContain(name);
    }
    expect(await ann.ask('CAP REQ :multi-prefix nonsense')).toEqual([':fdmux.local CAP * NAK :multi-prefix nonsense']);
    expect(await ann.ask('CAP LIST')).toEqual([':fdmux.local CAP * LIST :cap-notify']);
    expect(await ann.ask('CAP REQ :multi-prefix echo-message')).toEqual([
      ':fdmux.local CAP * ACK :multi-prefix echo-message',
    ]);
    expect(await ann.ask('CAP REQ :-echo-message')).toEqual([':fdmux.local CAP * ACK :-echo-message']);
    expect(await ann.ask('CAP LIST')).toEqual([':fdmux.local CAP * LIST :cap-notify multi-prefix']);
    expect(numerics(await ann.ask('CAP END'), '001')).toHaveLength(1);
    expect(await ann.ask('CAP END')).toEqual([]);
  });

  test('an unknown subcommand is answered 410', async () => {
    const ann = await (await startIrc()).connect();
    expect(numerics(await ann.ask('CAP SING'))).toEqual(['410 SING :Invalid CAP command']);
    expect(numerics(await ann.ask('CAP'))).toEqual(['461 CAP :Not enough parameters']);
  });
});

describe('NICK', () => {
  test('is told to those who share a channel, once, and to the one who changes it', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a,#b' });
    const bob = await server.client('bob', { join: '#a,#b' });
    const eve = await server.client('eve');
    await ann.heard();
    expect(await ann.ask('NICK anna')).toEqual([':ann!ann@127.0.0.1 NICK anna']);
    expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 NICK anna']);
    expect(await eve.heard()).toEqual([]);
    expect(await ann.ask('NICK anna')).toEqual([]);
    expect(await ann.ask('NICK ANNA')).toEqual([':anna!ann@127.0.0.1 NICK ANNA']);
  });

  test.each([
    ['NICK', '431 :No nickname given'],
    ['NICK :', '431 :No nickname given'],
    ['NICK *', '432 * :Erroneous nickname'],
    ['NICK 1st', '432 1st :Erroneous nickname'],
    ['NICK #chan', '432 #chan :Erroneous nickname'],
    ['NICK :with space', '432 * :Erroneous nickname'],
    ['NICK a.b', '432 a.b :Erroneous nickname'],
    [`NICK ${'x'.repeat(31)}`, `432 ${'x'.repeat(31)} :Erroneous nickname`],
    ['NICK BOB', '433 BOB :Nickname is already in use'],
  ])('%s is answered %s', async (line, answer) => {
    const server = await startIrc();
    await server.client('bob');
    expect(numerics(await (await server.client('ann')).ask(line))).toEqual([answer]);
  });
});

describe('PING and QUIT', () => {
  test('PING is answered with its token, in order', async () => {
    const ann = await (await startIrc()).client('ann');
    expect(await ann.ask('PING one', 'PING :two words', 'PING')).toEqual([
      ':fdmux.local PONG fdmux.local :one',
      ':fdmux.local PONG fdmux.local :two words',
      ':fdmux.local 461 ann PING :Not enough parameters',
    ]);
    expect(numerics(await ann.ask('PING :'))).toEqual(['409 :No origin specified']);
  });

  test('QUIT is answered ERROR and told to those who share a channel', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    ann.send('QUIT :good night');
    expect((await ann.rest()).at(-1)).toBe('ERROR :Closing Link: 127.0.0.1 (Quit: good night)');
    expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 QUIT :Quit: good night']);
    const cat = await server.client('cat', { join: '#a' });
    await bob.heard();
    cat.send('QUIT');
    await cat.rest();
    expect(await bob.heard()).toEqual([':cat!cat@127.0.0.1 QUIT :Quit: ']);
  });

  test('a lost connection is a QUIT with its reason', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    ann.peer.reset();
    expect(await bob.line()).toBe(':ann!ann@127.0.0.1 QUIT :Connection reset by peer');
  });

  test('a silent client is asked for a sign of life, and closed without one', async () => {
    const server = await startIrc({ limits: { pingIntervalMs: 60, pingTimeoutMs: 60 } });
    const ann = await server.connect();
    ann.send('NICK ann', 'USER a 0 * :Ann');
    const lines = await ann.rest();
    expect(lines.at(-2)).toBe('PING :fdmux.local');
    expect(lines.at(-1)).toMatch(/^ERROR :Closing Link: 127\.0\.0\.1 \(Ping timeout: \d+ seconds\)$/);
  });
});
