/** TAGMSG: IRCv3 message-tags, "The TAGMSG tag-only message". */
import { expect, test } from 'vitest';
import { numerics, startIrc, untagged } from '../irc-client.js';

test('TAGMSG reaches those with message-tags only, and is unknown to others', async () => {
  const server = await startIrc();
  const ann = await server.client('ann', { caps: 'message-tags', join: '#a' });
  const bob = await server.client('bob', { caps: 'message-tags', join: '#a' });
  const max = await server.client('max', { join: '#a' });
  await bob.heard();
  expect(await ann.ask('@+typing=active TAGMSG #a')).toHaveLength(2);
  expect(untagged(await bob.heard())).toEqual([':ann!ann@127.0.0.1 TAGMSG #a']);
  expect(numerics(await max.ask('TAGMSG #a'))).toEqual(['421 TAGMSG :Unknown command']);
  expect(numerics(await ann.ask('TAGMSG'))).toEqual(['411 :No recipient given (TAGMSG)']);
});
