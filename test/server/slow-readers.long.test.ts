/** Slow readers as a server meets them: a thousand sockets that are not read from for a minute. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startServer } from '../cli/chat-server.js';
import { until } from '../support/deadline.js';
import { connectPeer, type Peer } from '../support/peers.js';
import { temporaryFolder } from '../support/temporary.js';

const READERS = 1000;
const STOP_MS = 60_000;
const LINES_PER_SECOND = 500;
const TEXT = 'x'.repeat(200);
const MAX_GROWTH_BYTES = 64 * 1_048_576;

/** Reads a line of /proc/PID/status in bytes: proc(5). */
function memoryOf(pid: number | undefined, key: 'VmRSS' | 'VmHWM'): number {
  return (
    Number(new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid ?? 'self'}/status`, 'utf8'))?.[1]) * 1024
  );
}

async function enter(port: number, nick: string): Promise<Peer> {
  const peer = await connectPeer(port);
  await peer.write(`NICK ${nick}\r\nUSER ${nick} 0 * :${nick}\r\nJOIN #busy\r\n`);
  await peer.lineLike(/ 366 /);
  return peer;
}

test('a thousand readers that stop for a minute are not closed, and get every line in order', async () => {
  const config = join(temporaryFolder(), 'fdmux.json');
  // A PING would come in between.
  const limits = { linesPerSecond: 0, maxPerAddress: 0, connectionsPerMinute: 0, pingIntervalMs: 0 };
  writeFileSync(config, JSON.stringify({ classes: [{ name: 'all', ...limits }] }));
  const server = await startServer(['--config', config]);
  const readers: Peer[] = [];
  for (let count = 0; count < READERS; count += 1) readers.push(await enter(server.ircPort, `r${count}`));
  const ann = await enter(server.ircPort, 'ann');
  const awake = await enter(server.ircPort, 'awake');
  // Each has heard of all who came after it.
  for (const reader of readers) await reader.lineLike(/^:awake!\S+ JOIN /);
  const { pid } = server.process;
  const beforeBytes = memoryOf(pid, 'VmRSS');
  for (const { socket } of readers) socket.pause();
  const startMs = performance.now();
  let said = 0;
  for (let passedMs = 0; passedMs < STOP_MS; passedMs = performance.now() - startMs) {
    const due = Math.floor((passedMs / 1000) * LINES_PER_SECOND);
    let lines = '';
    for (let count = 0; said < due && count < 100; count += 1, said += 1) lines += `PRIVMSG #busy :${said} ${TEXT}\r\n`;
    if (lines !== '') await ann.write(lines);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await ann.write('PRIVMSG #busy :the end\r\n');
  await until(() => awake.received.subarray(-10).includes('the end\r\n'), 'the end', 60_000);
  const stoppedBytes = memoryOf(pid, 'VmRSS');
  const expected = Buffer.from(awake.received);
  expect(expected.toString('latin1').split('\r\n')).toHaveLength(said + 2);
  const offsets = readers.map(() => 0);
  const strangers = new Set<number>();
  readers.forEach(({ socket }, index) => {
    // Compared at once: all of it together would be gigabytes.
    socket.removeAllListeners('data');
    socket.on('data', (bytes) => {
      const start = offsets[index] ?? 0;
      offsets[index] = start + bytes.length;
      if (!bytes.equals(expected.subarray(start, start + bytes.length))) strangers.add(index);
    });
    socket.resume();
  });
  await until(
    () => offsets.every((offset) => offset >= expected.length),
    () => `all: ${offsets.filter((offset) => offset < expected.length).length} are missing`,
    240_000,
  );
  expect([...strangers]).toEqual([]);
  const growthBytes = { stopped: stoppedBytes - beforeBytes, peak: memoryOf(pid, 'VmHWM') - beforeBytes };
  expect(Math.max(growthBytes.stopped, growthBytes.peak)).toBeLessThan(MAX_GROWTH_BYTES);
  expect(server.process.stderr).not.toMatch(/slow reader closed|messages lost/);
  console.info(`${said} lines; the server grew by ${JSON.stringify(growthBytes)} bytes`);
}, 600_000);
