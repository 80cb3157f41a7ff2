/** Accounts of a server that keeps data. */
import { expect, test } from 'vitest';
import { startServer } from '../cli/chat-server.js';
import { connectPeer } from '../support/peers.js';
import { temporaryFolder } from '../support/temporary.js';

test('an account that was made is there after kill -9 and another start', async () => {
  const data = temporaryFolder();
  const first = await startServer(['--data', data]);
  const ann = await connectPeer(first.ircPort);
  await ann.write('NICK ann\r\nUSER a 0 * :Ann\r\nREGISTER * * sesame\r\n');
  expect(await ann.lineLike(/ REGISTER SUCCESS /)).toBe(':fdmux.local REGISTER SUCCESS ann :Your account is ready');
  first.process.kill('SIGKILL');
  await first.process.ended();

  const second = await startServer(['--data', data]);
  const again = await connectPeer(second.ircPort);
  const response = Buffer.from('\0ann\0sesame').toString('base64');
  await again.write(`CAP REQ :sasl\r\nAUTHENTICATE PLAIN\r\nAUTHENTICATE ${response}\r\n`);
  await again.lineLike(/ 903 /);
});
