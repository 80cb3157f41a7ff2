/** A conversation on a server, which is the same on every way of waiting. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { replay } from '../../src/server/replay/replay.js';
import type { Peer } from '../support/peers.js';
import { temporaryFolder } from '../support/temporary.js';
import { anonymize, join as joinLobby, startServer, type Variant } from './chat-server.js';

/** Says a line and returns what each of the hearers hears of it. */
async function say(speaker: Peer, line: string | Uint8Array, hearers: readonly Peer[]): Promise<string[]> {
  await speaker.write(line);
  return Promise.all(hearers.map((hearer) => hearer.line()));
}

async function converse(args: readonly string[]): Promise<string[]> {
  const server = await startServer(args);
  const ann = await joinLobby(server);
  const bob = await joinLobby(server, ann);
  const eve = await joinLobby(server, ann);
  const ports = [ann.port, bob.port, eve.port];
  const transcript = [await bob.line()];
  transcript.push(...(await say(ann, 'hello, all\n', [bob, eve])));
  transcript.push(...(await say(bob, 'hello, ann\r\n', [ann, eve])));
  transcript.push(...(await say(eve, '你好 😀\n', [ann, bob])));
  // Several lines in one packet, one line in several, and one that ends in no newline.
  transcript.push(...(await say(ann, 'one\ntwo\nthree\n', [bob, eve])));
  for (const hearer of [bob, bob, eve, eve]) transcript.push(await hearer.line());
  await bob.write('in ');
  transcript.push(...(await say(bob, 'pieces\n', [ann, eve])));
  transcript.push(...(await say(eve, 'no newline', [ann, bob])));
  transcript.push(...(await say(ann, Buffer.from('bad \xff\0\x1b[2J bytes\n', 'latin1'), [bob, eve])));
  transcript.push(...(await say(eve, `${'x'.repeat(9000)}\n`, [eve])));
  transcript.push(...(await say(eve, 'EXIT\n', [ann, bob])));
  await eve.ended();
  bob.end();
  transcript.push(await ann.line());
  await bob.ended();
  server.process.kill('SIGTERM');
  transcript.push(await ann.line());
  await ann.ended();
  transcript.push(`exit ${(await server.process.ended()).code}`);
  return transcript.map((line) => anonymize(line, ports));
}

const EXPECTED = [
  'peer 2 joined',
  ...Array.from({ length: 2 }, () => 'peer 0 say: hello, all'),
  ...Array.from({ length: 2 }, () => 'peer 1 say: hello, ann'),
  ...Array.from({ length: 2 }, () => 'peer 2 say: 你好 😀'),
  ...Array.from({ length: 2 }, () => 'peer 0 say: one'),
  ...Array.from({ length: 2 }, () => ['peer 0 say: two', 'peer 0 say: three']).flat(),
  ...Array.from({ length: 2 }, () => 'peer 1 say: in pieces'),
  ...Array.from({ length: 2 }, () => 'peer 2 say: no newline'),
  ...Array.from({ length: 2 }, () => 'peer 0 say: bad \ufffd\ufffd\ufffd[2J bytes'),
  'server: that line was longer than 8192 bytes and was not sent',
  ...Array.from({ length: 2 }, () => 'peer 2 left'),
  'peer 1 left',
  'server: the server is shutting down',
  'exit 0',
];

/** Tests that it yields what it should, and so does its recording. */
export function describeTranscript(variants: readonly Variant[]): void {
  describe.each(variants)('on $backend, $trigger-triggered', ({ backend, trigger }) => {
    test('the scripted conversation yields the transcript', async () => {
      expect(await converse(['--backend', backend, '--trigger', trigger])).toEqual(EXPECTED);
    });

    test('its recording yields it again, byte for byte', async () => {
      const path = join(temporaryFolder(), 'recording');
      expect(await converse(['--backend', backend, '--trigger', trigger, '--record', path])).toEqual(EXPECTED);
      expect(await replay(path)).toMatchObject({ difference: null, isComplete: true, counts: { connections: 3 } });
    });
  });
}
