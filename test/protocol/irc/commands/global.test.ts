/** GLOBAL, and messages to a mask of servers (RFC 2812 section 3.3.1, "PRIVMSG $*.fi"). */
import { describe, expect, test } from 'vitest';
import { connectPeer } from '../../../support/peers.js';
import { type IrcClient, type IrcTestServer, numerics, startIrc } from '../irc-client.js';

const operators = [
  { name: 'root', password: 'pw', masks: ['*@*'], host: null },
  { name: 'helper', password: 'pw', masks: ['*@*'], host: null, privileges: ['kill', 'wallops'] as const },
];

async function people(): Promise<{ server: IrcTestServer; ann: IrcClient; bob: IrcClient; eve: IrcClient }> {
  const server = await startIrc({ irc: { operators }, listeners: [{}, { protocol: 'plain' }] });
  const ann = await server.client('ann');
  await ann.ask('OPER root pw');
  return { server, ann, bob: await server.client('bob', { join: '#a' }), eve: await server.client('eve') };
}

test('GLOBAL sends a notice to everybody, in a channel or not, on IRC and on plain lines, and to the operator', async () => {
  const { server, ann, bob, eve } = await people();
  const plain = await connectPeer(server.ports[1] ?? 0);
  await (await connectPeer(server.ports[1] ?? 0)).write('here\n');
  await plain.lineLike(/say: here/);
  const line = ':ann!ann@127.0.0.1 NOTICE $$* :maintenance at noon';
  expect(await ann.ask('GLOBAL :maintenance at noon')).toEqual([line]);
  expect(await bob.heard()).toEqual([line]);
  expect(await eve.heard()).toEqual([line]);
  expect(await plain.lineLike(/maintenance/)).toMatch(/ ann announces: maintenance at noon$/);
  expect(server.records.filter(({ message }) => message === 'broadcast')).toHaveLength(1);
  expect(numerics(await ann.ask('GLOBAL :'))).toEqual(['461 GLOBAL :Not enough parameters']);
});

describe.each(['NOTICE', 'PRIVMSG'])('%s', (command) => {
  test.each(['$$*', '$*', '$$fdmux.local', '$fdmux.*', '$$FDMUX.local'])('to %s reaches everybody', async (target) => {
    const { ann, bob, eve } = await people();
    const line = `:ann!ann@127.0.0.1 ${command} $$* :hear me`;
    expect(await ann.ask(`${command} ${target} :hear me`)).toEqual([line]);
    expect([await bob.heard(), await eve.heard()]).toEqual([[line], [line]]);
  });

  test('to other servers reaches nobody', async () => {
    const { ann, bob } = await people();
    expect(numerics(await ann.ask(`${command} $*.elsewhere :x`, `${command} $$ :x`))).toEqual([
      '402 $*.elsewhere :No such server',
      '402 $$ :No such server',
    ]);
    expect(await bob.heard()).toEqual([]);
  });

  test('takes the privilege global', async () => {
    const { bob, eve } = await people();
    expect(numerics(await bob.ask(`${command} $$* :x`))).toEqual([
      "481 :Permission Denied- You're not an IRC operator",
    ]);
    await bob.ask('OPER helper pw');
    expect(numerics(await bob.ask(`${command} $$* :x`, 'GLOBAL :x'))).toEqual([
      '481 :Permission Denied- You need the privilege global',
      '481 :Permission Denied- You need the privilege global',
    ]);
    expect(await eve.heard()).toEqual([]);
  });
});
