/** A terminal under much traffic. */
import { createHash } from 'node:crypto';
import { Pty } from 'fdmux';
import { expect, test } from 'vitest';
import { pattern } from '../support/connections.js';
import { nextEvent, until } from '../support/deadline.js';

const TOTAL_BYTES = 100_000_000;
const DEADLINE_MS = 240_000;
const PREFIX = 'ready\n';

test('carries 100 MB through cat, and loses no byte', async () => {
  const child = Pty.spawn('sh', ['-c', 'stty raw -echo; echo ready; exec cat']);
  const stream = child.master.toDuplex();
  const sent = createHash('sha256');
  const received = createHash('sha256');
  let prefix = '';
  let receivedBytes = 0;
  stream.on('data', (chunk: Buffer) => {
    const own = Math.min(PREFIX.length - prefix.length, chunk.length);
    prefix += chunk.toString('latin1', 0, own);
    received.update(chunk.subarray(own));
    receivedBytes += chunk.length - own;
  });
  await until(() => prefix === PREFIX, 'the program');
  const block = pattern(1_000_003);
  for (let left = TOTAL_BYTES; left > 0;) {
    const bytes = block.subarray(0, Math.min(block.length, left));
    sent.update(bytes);
    left -= bytes.length;
    if (!stream.write(bytes)) await nextEvent(stream, 'drain', DEADLINE_MS);
  }
  await until(() => receivedBytes >= TOTAL_BYTES, 'all bytes', DEADLINE_MS);
  expect([receivedBytes, received.digest('hex')]).toEqual([TOTAL_BYTES, sent.digest('hex')]);
  stream.destroy();
  await child.exited;
});
