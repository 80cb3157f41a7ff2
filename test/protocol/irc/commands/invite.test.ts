/** INVITE: RFC 2812 section 3.2.7; modern, "INVITE message". */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

describe('INVITE', () => {
  test('reaches the guest, gets 341, and is shown to operators with invite-notify', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    const max = await server.client('max', { caps: 'invite-notify', join: '#a' });
    const eve = await server.client('eve');
    await ann.ask('MODE #a +o max');
    await bob.heard();
    await max.heard();
    expect(numerics(await ann.ask('INVITE eve #a'), '341')).toEqual(['341 eve #a']);
    expect(await eve.heard()).toEqual([':ann!ann@127.0.0.1 INVITE eve #a']);
    expect(await max.heard()).toEqual([':ann!ann@127.0.0.1 INVITE eve #a']);
    expect(await bob.heard()).toEqual([]);
    expect(numerics(await eve.ask('INVITE'))).toEqual(['336 #a', '337 :End of /INVITE list']);
    await eve.ask('AWAY :out');
    expect(numerics(await ann.ask('INVITE eve #a'))).toEqual(['341 eve #a', '301 eve :out']);
  });

  test.each([
    ['INVITE bob', '461 INVITE :Not enough parameters'],
    ['INVITE nobody #a', '401 nobody :No such nick/channel'],
    ['INVITE bob #none', '403 #none :No such channel'],
    ['INVITE bob #other', "442 #other :You're not on that channel"],
    ['INVITE bob #a', '443 bob #a :is already on channel'],
  ])('%s gets %s', async (line, answer) => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    await server.client('bob', { join: '#a,#other' });
    await ann.heard();
    expect(numerics(await ann.ask(line))).toEqual([answer]);
  });

  test('lifts what its giver may lift: bans, key, limit and all for an operator, nothing for others', async () => {
    const server = await startIrc({
      irc: { operators: [{ name: 'root', password: 'pw', masks: ['*@*'], host: null }] },
    });
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    const eve = await server.client('eve');
    await ann.ask('MODE #a +bl eve 2');
    await bob.ask('INVITE eve #a');
    expect(numerics(await eve.ask('JOIN #a'))).toEqual(['474 #a :Cannot join channel (+b)']);
    await ann.ask('MODE #a -b eve');
    expect(numerics(await eve.ask('JOIN #a'))).toEqual(['471 #a :Cannot join channel (+l)']);
    await ann.ask('MODE #a +kib door eve', 'INVITE eve #a');
    expect(await eve.ask('JOIN #a')).toContain(':eve!eve@127.0.0.1 JOIN #a');
    // It has been used.
    expect(numerics(await eve.ask('INVITE', 'PART #a', 'JOIN #a'))).toEqual([
      '337 :End of /INVITE list',
      '474 #a :Cannot join channel (+b)',
    ]);
    await bob.ask('OPER root pw', 'INVITE eve #a', 'MODE bob -o');
    expect(numerics(await eve.ask('JOIN #a'))).toEqual(['474 #a :Cannot join channel (+b)']);
  });

  test('to an invite-only channel needs a rank', async () => {
    const server = await startIrc();
    const ann = await server.client('ann', { join: '#a' });
    const bob = await server.client('bob', { join: '#a' });
    await server.client('eve');
    expect(numerics(await bob.ask('INVITE eve #a'))).toEqual(['341 eve #a']);
    await ann.ask('MODE #a +i');
    expect(numerics(await bob.ask('INVITE eve #a'))).toEqual(["482 #a :You're not channel operator"]);
  });
});
