/** The server keeps the promises of RPL_ISUPPORT, and reports their changes. */
import { expect, test } from 'vitest';
import { isupportChanges } from '../../../src/protocol/irc/isupport.js';
import { DEFAULT_IRC_SETTINGS } from '../../../src/protocol/irc/settings.js';
import { loadConfig } from '../../../src/server/config/load.js';
import type { ServerConfig } from '../../../src/server/config/server-config.js';
import { numerics, startIrc, tagsOf } from './irc-client.js';

const operators = [{ name: 'root', password: 'pw', masks: ['*@*'], host: 'h'.repeat(63) }];

test.for([
  [30, 64],
  [64, 100],
] as const)(
  'a topic and a reason of the promised length arrive whole (nicks of %i, channels of %i)',
  async ([nicks, names]) => {
    const server = await startIrc({ irc: { operators, nickLength: nicks, channelLength: names, topicLength: 400 } });
    const channel = `#${'c'.repeat(names - 1)}`;
    const nick = 'N'.repeat(nicks);
    const ann = await server.connect();
    const welcome = (await ann.ask(`NICK ${nick}`, `USER ${'u'.repeat(16)} 0 * :Ann`)).join(' ');
    const promised = (name: string): number => Number(new RegExp(` ${name}=(\\d+)`).exec(welcome)?.[1]);
    await ann.ask('OPER root pw', `JOIN ${channel}`);
    const bob = await server.client('B'.repeat(nicks), { join: channel });
    const topic = `${'t'.repeat(promised('TOPICLEN') - 1)}!`;
    await ann.ask(`TOPIC ${channel} :${topic}`);
    expect((await bob.heard()).at(-1)?.split(' :').at(-1)).toBe(topic);
    expect(
      numerics(await bob.ask(`TOPIC ${channel}`), '332')[0]
        ?.split(' :')
        .at(-1),
    ).toBe(topic);
    const reason = `${'r'.repeat(promised('KICKLEN') - 1)}!`;
    await ann.ask(`KICK ${channel} ${'B'.repeat(nicks)} :${reason}`);
    expect((await bob.heard()).at(-1)?.split(' :').at(-1)).toBe(reason);
  },
);

test('REHASH reports changed tokens to clients, and to the operator what waits for a restart', async () => {
  const base = await loadConfig({ ircPort: 0, without: ['plain'] });
  const read: ServerConfig = {
    ...base,
    backend: 'poll',
    lobby: '#hall',
    irc: { ...base.irc, operators, nickLength: 20, maxMonitored: 7, serverName: 'other.example' },
  };
  const server = await startIrc({ irc: { operators }, readConfig: () => Promise.resolve(read) });
  const ann = await server.client('ann');
  const bob = await server.client('bob');
  const guest = await server.connect();
  await ann.ask('OPER root pw');
  const answer = await ann.ask('REHASH');
  expect(answer).toContain(':fdmux.local NOTICE ann :these keys wait for a restart: backend, lobby, server.name');
  expect(numerics(await bob.heard(), '005')).toEqual([
    '005 KICKLEN=300 MONITOR=7 NICKLEN=20 TOPICLEN=335 :are supported by this server',
  ]);
  expect(numerics(answer, '005')).toHaveLength(1);
  expect(numerics(await ann.ask('REHASH'), '005')).toEqual([]);
  expect(numerics(await guest.heard(), '005')).toEqual([]);
});

test('a token that is gone is reported with a minus', () => {
  expect(isupportChanges(['A', 'B=1', 'C=1'], ['A', 'C=2', 'D'])).toEqual(['-B', 'C=2', 'D']);
  expect(DEFAULT_IRC_SETTINGS.topicLength).toBeGreaterThan(325);
});

test('a label is returned whole or not at all', async () => {
  const ann = await (await startIrc()).client('ann', { caps: 'labeled-response batch' });
  const longest = `\\:${'x'.repeat(63)}`;
  const labelOf = async (label: string) => tagsOf((await ann.ask(`@label=${label} TIME`))[0] ?? '')['label'];
  expect(await labelOf(longest)).toBe(longest);
  expect(await labelOf('x'.repeat(65))).toBeUndefined();
  expect(await labelOf('é'.repeat(33))).toBeUndefined();
});
