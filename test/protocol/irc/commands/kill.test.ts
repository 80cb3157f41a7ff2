/** KILL: RFC 2812 section 3.7.1; modern, "KILL message". */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

const operator = (changes: object = {}) => ({ name: 'root', password: 'pw', masks: ['*@*'], host: null, ...changes });

test('KILL disconnects somebody with a reason', async () => {
  const server = await startIrc({ irc: { operators: [operator()] } });
  const ann = await server.client('ann', { join: '#a' });
  const bob = await server.client('bob');
  expect(numerics(await bob.ask('KILL ann :x', 'WALLOPS :x', 'REHASH', 'DIE'))).toEqual(
    Array.from({ length: 4 }, () => "481 :Permission Denied- You're not an IRC operator"),
  );
  await ann.ask('OPER root pw');
  await bob.ask('JOIN #a');
  await ann.heard();
  expect(await ann.ask('KILL bob :spam')).toEqual([':bob!bob@127.0.0.1 QUIT :Killed (ann (spam))']);
  expect((await bob.rest()).slice(-2)).toEqual([
    ':ann!ann@127.0.0.1 KILL bob :spam',
    'ERROR :Closing Link: 127.0.0.1 (Killed (ann (spam)))',
  ]);
  expect(numerics(await ann.ask('KILL bob', 'KILL fdmux.local', 'KILL'))).toEqual([
    '401 bob :No such nick/channel',
    "483 :You can't kill a server!",
    '461 KILL :Not enough parameters',
  ]);
});
