/** What belongs to accounts, after a server that keeps data has been killed. */
import { expect, test } from 'vitest';
import { startServer } from '../cli/chat-server.js';
import { logInByPlain } from '../support/sasl.js';
import { temporaryFolder } from '../support/temporary.js';
import { ask, client, stop } from './keeping.js';

test('nicks, registered rooms and members that stay are back', async () => {
  const data = temporaryFolder();
  const first = await startServer(['--data', data]);
  const ann = await client(first, 'ann');
  await ask(ann, 'NS REGISTER sesame', /logged in as ann$/);
  await ask(ann, 'JOIN #stays', / 366 /);
  await ask(ann, 'JOIN #empty', / 366 /);
  await ask(ann, 'CS REGISTER #empty', /you are its founder$/);
  await ask(ann, 'TOPIC #empty :tea', / TOPIC /);
  await ask(ann, 'PART #empty', / PART /);
  const eve = await client(first, 'eve');
  await ask(eve, 'NS REGISTER sesame', /logged in as eve$/);
  await ask(eve, 'NS SET ENFORCE none', /Anybody may use/);
  await ask(ann, 'NS SET ALWAYS-ON on', /You stay/);
  // The answer to it follows all writes before it.
  await ask(ann, 'NS INFO', /Always on: yes/);
  const cid = await client(first, 'cid');
  await ask(cid, 'NS REGISTER sesame', /logged in as cid$/);
  await stop(first, 'SIGKILL');

  const second = await startServer(['--data', data]);
  const bob = await client(second, 'bob');
  await ask(bob, 'NICK ann', / 433 /);
  await ask(bob, 'NICK cid', /FAIL NICK NICKNAME_RESERVED cid /);
  expect(await ask(bob, 'JOIN #stays', / 353 /)).toMatch(/@ann/);
  expect(await ask(bob, 'JOIN #empty', / 332 /)).toMatch(/:tea$/);
  expect(await bob.lineLike(/ 353 /)).toMatch(/ :bob$/);
  expect(await ask(bob, 'WHOIS ann', / 301 /)).toMatch(/:Not connected$/);
  await ask(bob, 'NICK eve', /^:bob!\S+ NICK eve$/);
  const again = await client(second, 'other');
  await logInByPlain(again, 'ann', 'sesame');
  await ask(again, 'JOIN #empty', / 353 /);
  await ask(again, 'CS INFO #empty', /Founder: ann$/);
  await stop(second, 'SIGTERM');
});
