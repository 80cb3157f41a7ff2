/** SETNAME: IRCv3 setname. */
import { expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

test('SETNAME changes the real name, and is announced to those who asked for it', async () => {
  const server = await startIrc();
  const ann = await server.client('ann', { caps: 'setname', join: '#a' });
  const bob = await server.client('bob', { caps: 'setname', join: '#a' });
  await ann.heard();
  expect(await ann.ask('SETNAME :New Name')).toEqual([':ann!ann@127.0.0.1 SETNAME :New Name']);
  expect(await bob.heard()).toEqual([':ann!ann@127.0.0.1 SETNAME :New Name']);
  expect(numerics(await bob.ask('WHOIS ann'), '311')).toEqual(['311 ann ann 127.0.0.1 * :New Name']);
  expect(await ann.ask(`SETNAME :${'x'.repeat(200)}`)).toEqual([
    ':fdmux.local FAIL SETNAME INVALID_REALNAME :Realname is not valid',
  ]);
});
