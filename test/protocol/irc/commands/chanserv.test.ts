/** CHANSERV and CS, and messages to ChanServ. */
import { describe, expect, test } from 'vitest';
import { DEFAULT_ACCOUNT_SETTINGS } from '../../../../src/accounts/account-service.js';
import { signUp, startWithAccounts } from '../account-clients.js';
import { numerics } from '../irc-client.js';

/** What the service has said in an answer. */
const said = (lines: readonly string[]): string[] =>
  lines
    .map((line) => /^(?:@\S+ )?:ChanServ!ChanServ@fdmux\.local NOTICE \S+ :(.*)$/.exec(line)?.[1])
    .filter((text) => text !== undefined);

/** Ann, who has registered #a, and is in it. */
async function registered() {
  const server = await startWithAccounts();
  const ann = await signUp(server, 'ann');
  await ann.ask('JOIN #a');
  const lines = await ann.ask('PRIVMSG ChanServ :REGISTER #a');
  return { server, ann, lines };
}

describe('ChanServ', () => {
  test('registers a channel, whose founder owns it', async () => {
    const { ann, lines } = await registered();
    expect(lines).toEqual([
      ':fdmux.local MODE #a +q ann',
      ':ChanServ!ChanServ@fdmux.local NOTICE ann :#a is registered, and you are its founder',
    ]);
    expect(said(await ann.ask('CS REGISTER #a'))).toEqual(['This channel is registered already']);
    expect(said(await ann.ask('CS INFO #a')).slice(0, 2)).toEqual(['Channel: #a', 'Founder: ann']);
    expect(said(await ann.ask('CS LIST'))).toEqual(['#a: founder', 'End of the list']);
  });

  test('keeps a channel that is empty, with topic and modes', async () => {
    const { server, ann } = await registered();
    await ann.ask('TOPIC #a :tea', 'MODE #a +sk key', 'PART #a');
    const bob = await server.client('bob');
    expect(numerics(await bob.ask('JOIN #a'))).toEqual(['475 #a :Cannot join channel (+k)']);
    const back = await ann.ask('JOIN #a');
    expect(numerics(back, '332', '353')).toEqual(['332 #a :tea', '353 @ #a :~ann']);
    expect(numerics(await ann.ask('MODE #a'), '324')).toEqual(['324 #a +nstk key']);
  });

  test('registers for operators alone, and for those who have logged in', async () => {
    const server = await startWithAccounts();
    const bob = await server.client('bob', { join: '#a' });
    expect(said(await bob.ask('CS REGISTER #a'))).toEqual(['Log in first: /msg NickServ IDENTIFY <password>']);
    const ann = await signUp(server, 'ann');
    expect(said(await ann.ask('CS REGISTER #a'))).toEqual(['You are not in that channel']);
    await ann.ask('JOIN #a');
    expect(said(await ann.ask('CS REGISTER #a'))).toEqual(['You may not do that in this channel']);
    expect(said(await ann.ask('CS REGISTER #none'))).toEqual(['There is no such channel']);
  });

  test('gives accounts their ranks when they enter, and others hear of that', async () => {
    const { server, ann } = await registered();
    const bob = await signUp(server, 'bob');
    expect(said(await ann.ask('CS ACCESS #a ADD nobody OP'))).toEqual(['There is no account nobody']);
    expect(said(await ann.ask('CS ACCESS #a ADD BOB op'))).toEqual(['bob has the level operator in #a']);
    expect(numerics(await bob.ask('JOIN #a'), '353')).toEqual(['353 = #a :~ann @bob']);
    expect((await ann.heard()).at(-1)).toMatch(/ MODE #a \+o bob$/);
    expect(said(await ann.ask('CS ACCESS #a LIST'))).toEqual([
      'Access to #a:',
      'ann: founder',
      'bob: @ operator',
      'End of the list',
    ]);
    expect(await ann.ask('CS ACCESS #a DEL bob')).toEqual([
      ':fdmux.local MODE #a -o bob',
      ':ChanServ!ChanServ@fdmux.local NOTICE ann :bob has no access in #a',
    ]);
    expect(said(await bob.ask('CS ACCESS #a LIST'))).toEqual(['You may not do that in this channel']);
    expect(said(await bob.ask('CS ACCESS #a ADD bob OP'))).toEqual(['You may not do that in this channel']);
  });

  test('gives no ranks to an account that waits for its code: it may become somebody else’s', async () => {
    const accounts = { ...DEFAULT_ACCOUNT_SETTINGS, emailCommand: ['true'] };
    const server = await startWithAccounts({ accounts });
    const ann = await signUp(server, 'ann');
    await ann.ask('JOIN #a', 'CS REGISTER #a');
    await (await server.client('bob')).ask('REGISTER * bob@example.org :sesame');
    for (const line of ['CS ACCESS #a ADD bob OP', 'CS TRANSFER #a bob']) {
      expect(said(await ann.ask(line))).toEqual(['There is no account bob']);
    }
  });

  test('gives ranks by the letters of modes', async () => {
    const { server, ann } = await registered();
    const bob = await signUp(server, 'bob');
    await bob.ask('JOIN #a');
    await ann.heard();
    expect((await ann.ask('CS AMODE #a +v bob'))[0]).toBe(':fdmux.local MODE #a +v bob');
    expect(said(await ann.ask('CS AMODE #a'))).toContain('bob: + voice');
    await ann.ask('CS AMODE #a -v bob');
    expect(said(await ann.ask('CS AMODE #a'))).not.toContain('bob: + voice');
  });

  test('bans an account', async () => {
    const { server, ann } = await registered();
    const eve = await signUp(server, 'eve');
    expect(await ann.ask('CS ACCESS #a ADD eve BAN')).toEqual([
      ':ann!ann@127.0.0.1 MODE #a +b ~a:eve',
      ':ChanServ!ChanServ@fdmux.local NOTICE ann :eve is banned',
    ]);
    expect(numerics(await eve.ask('JOIN #a'))).toEqual(['474 #a :Cannot join channel (+b)']);
    expect(said(await ann.ask('CS ACCESS #a LIST'))).toContain('eve: banned');
    await ann.ask('CS ACCESS #a DEL eve');
    expect((await eve.ask('JOIN #a'))[0]).toMatch(/ JOIN #a$/);
  });

  test('changes nothing for its founder, nor for those who are on no list', async () => {
    const { server, ann } = await registered();
    const eve = await signUp(server, 'eve');
    await eve.ask('JOIN #a');
    await ann.heard();
    const isFounder = 'ann is the founder: hand the channel over first';
    for (const words of ['ADD ann VOICE', 'ADD ANN BAN', 'DEL ann']) {
      expect((await ann.ask(`CS ACCESS #a ${words}`)).join().toLowerCase()).toContain(isFounder);
    }
    expect(said(await ann.ask('CS AMODE #a -q ann'))).toEqual([isFounder]);
    expect(said(await ann.ask('CS ACCESS #a DEL eve'))).toEqual(['eve is not on the list']);
    for (const words of ['ADD', 'DEL', 'SHOW']) {
      expect(said(await ann.ask(`CS ACCESS #a ${words}`))).toEqual([
        'Usage: ACCESS <channel> LIST | ADD <account> <level> | DEL <account>',
      ]);
    }
    expect(said(await ann.ask('CS ACCESS #a'))).toEqual(['Access to #a:', 'ann: founder', 'End of the list']);
    // Strangers do not learn who is on it.
    await ann.ask('CS ACCESS #a ADD eve VOICE');
    const bob = await server.client('bob');
    for (const name of ['eve', 'bob']) {
      expect(said(await bob.ask(`CS ACCESS #a DEL ${name}`))).toEqual(['You may not do that in this channel']);
    }
  });

  test('changes ranks for those who have access, also from outside', async () => {
    const { server, ann } = await registered();
    const bob = await server.client('bob', { join: '#a' });
    await ann.ask('PART #a');
    await bob.heard();
    expect(said(await ann.ask('CS OP #a bob'))).toEqual(['Done']);
    expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 MODE #a +o bob']);
    expect(said(await ann.ask('CS DEVOICE #a nobody'))).toEqual(['There is no such nick']);
    expect(said(await ann.ask('CS DEOP #a bob'))).toEqual(['Done']);
    expect(numerics(await bob.ask('NAMES #a'), '353')).toEqual(['353 = #a :bob']);
    const eve = await signUp(server, 'eve');
    expect(said(await eve.ask('CS OP #a eve'))).toEqual(['You may not do that in this channel']);
  });

  test('hands a channel over', async () => {
    const { server, ann } = await registered();
    await signUp(server, 'bob');
    expect(said(await ann.ask('CS TRANSFER #a bob'))).toEqual(['bob is the founder of #a now']);
    expect(said(await ann.ask('CS DROP #a'))).toEqual(['You may not do that in this channel']);
  });

  test('ends a registration', async () => {
    const { server, ann } = await registered();
    expect(said(await ann.ask('CS UNREGISTER #a'))).toEqual(['#a is not registered any more']);
    await ann.ask('PART #a');
    expect(numerics(await (await server.client('bob')).ask('JOIN #a'), '353')).toEqual(['353 = #a :@bob']);
    expect(said(await ann.ask('CS INFO #a'))).toEqual(['This channel is not registered']);
  });

  test('lets its founder in whatever keeps others out', async () => {
    const { server, ann } = await registered();
    const bob = await server.client('bob', { join: '#a' });
    await ann.ask('MODE #a +oi bob');
    await bob.ask('MODE #a +b *!*@*', 'MODE #a -q ann');
    await ann.ask('PART #a');
    expect((await ann.ask('JOIN #a'))[0]).toMatch(/ JOIN #a$/);
  });
});
