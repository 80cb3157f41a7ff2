/** Peers with the wrong port: their bytes are neither said nor run as commands. */
import { expect, test } from 'vitest';
import { connectPeer } from '../../support/peers.js';
import { startIrc } from './irc-client.js';

const LINES = 'NICK evil\r\nUSER e 0 * :e\r\nJOIN #lobby\r\nPRIVMSG #lobby :pwned\r\n';
const HELLO = Buffer.concat([Buffer.from('16030102000100', 'hex'), Buffer.from(`\n${LINES}`)]);
const openings: readonly (readonly [string, string | Uint8Array])[] = [
  ['an HTTP request', `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n${LINES}`],
  ['an HTTP request whose target is longer than any line', `POST /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n${LINES}`],
  ['the preface of HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${LINES}`],
  ['a TLS hello', HELLO],
];

test.for(openings)('%s is closed with a reason on both ports', async ([, opening]) => {
  const server = await startIrc({ listeners: [{}, { protocol: 'plain' }] });
  const ann = await server.client('ann', { join: '#lobby' });
  for (const port of server.ports) {
    const peer = await connectPeer(port);
    void peer.write(opening);
    expect((await peer.ended()).toString()).toMatch(/this port is for chat, not for (?:HTTP|TLS)/);
  }
  const heard = await ann.heard();
  expect(heard.filter((line) => /PRIVMSG|pwned|Host:|evil/.test(line))).toEqual([]);
});

test('a request that arrives in pieces is not said, even after a pause', async () => {
  const server = await startIrc({ listeners: [{}, { protocol: 'plain', quietMs: 1 }] });
  const ann = await server.client('ann', { join: '#lobby' });
  const peer = await connectPeer(server.ports[1] ?? 0);
  await peer.write('POST /sa');
  expect((await peer.ended()).toString()).toContain('not for HTTP');
  expect((await ann.heard()).filter((line) => line.includes('PRIVMSG'))).toEqual([]);
});
