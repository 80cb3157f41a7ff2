/** REHASH: RFC 2812 section 4.2; modern, "REHASH message". */
import { expect, test } from 'vitest';
import { loadConfig } from '../../../../src/server/config/load.js';
import { numerics, startIrc } from '../irc-client.js';

const operator = (changes: object = {}) => ({ name: 'root', password: 'pw', masks: ['*@*'], host: null, ...changes });

test('REHASH applies a changed configuration without dropping anybody, and keeps the old one if the new is invalid', async () => {
  const base = await loadConfig({ ircPort: 0, without: ['plain'] });
  let isBroken = false;
  const server = await startIrc({
    irc: { operators: [operator()] },
    readConfig: async () => {
      if (isBroken) throw new Error('fdmux.json: motd: must be a list of lines');
      return { ...base, irc: { ...base.irc, operators: [operator()], motd: ['fresh'] } };
    },
  });
  const ann = await server.client('ann', { join: '#a' });
  await ann.ask('OPER root pw');
  expect(numerics(await ann.ask('REHASH', 'MOTD'), '382', '372')).toEqual([
    '382 fdmux.json :Rehashing',
    '372 :- fresh',
  ]);
  isBroken = true;
  expect(await ann.ask('REHASH')).toContain(':fdmux.local NOTICE ann :fdmux.json: motd: must be a list of lines');
  expect(numerics(await ann.ask('MOTD', 'NAMES #a'), '372', '353')).toEqual(['372 :- fresh', '353 = #a :@ann']);
});
