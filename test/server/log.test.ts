import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Socket } from 'fdmux';
import { expect, onTestFinished, test } from 'vitest';
import { configureLog, openLog } from '../../src/server/log.js';
import { LOG_FORMATS } from '../../src/server/log-levels.js';
import { type LogOutput, openLogOutput } from '../../src/server/log-output.js';
import { LogSink } from '../../src/server/log-sink.js';
import { disposedAtEnd } from '../support/fds.js';

/** An output that takes as much as it is set to. */
class FakeOutput implements LogOutput {
  text = '';
  /** Bytes that it takes per call. */
  room = Infinity;
  /** Bytes after which it fails. */
  failAfterBytes = Infinity;

  write(bytes: Uint8Array): number {
    if (this.text.length >= this.failAfterBytes) throw new Error('ENOSPC');
    const taken = Math.min(bytes.length, this.room);
    this.text += Buffer.from(bytes.subarray(0, taken)).toString();
    return taken;
  }

  close(): void {
    this.failAfterBytes = 0;
  }
}

function openSink(options: { maxWaitingBytes?: number } = {}) {
  const output = new FakeOutput();
  const sink = new LogSink({ output, retryMs: 60_000, ...options });
  sink.formatLoss = (count) => `lost ${count}\n`;
  onTestFinished(() => {
    sink.end();
  });
  return { output, sink };
}

/** Opens the reading end of a new pipe at a path, and an output on its writing end, which stays blocking. */
function openPipe(): { reader: number; writer: number } {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-log-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, 'w');
  onTestFinished(() => {
    closeSync(writer);
  });
  return { reader, writer };
}

const UNSAFE = [
  ...['\u0000', '\u0007', '\u001b', '\u007f', '\u0085', '\u009b', '\u2028', '\u2029', '\r', '\n'],
  ...['\u061c', '\u200e', '\u200f', '\u202e', '\u2066', '\u2069', '\ufeff', '\u{e0041}'],
];

test.for(LOG_FORMATS)('a %s record has no control character, whatever its source, and parses back', async (format) => {
  const { output, sink } = openSink();
  configureLog({ level: 'info', format }, sink);
  const log = openLog();
  const hostile = UNSAFE.join('-');
  log.info(`m${hostile}`, { [`k${hostile}`]: hostile, nested: { [hostile]: [hostile] }, error: new Error(hostile) });
  expect(output.text.endsWith('\n')).toBe(true);
  expect(output.text.slice(0, -1)).toMatch(/^\P{C}+$/u);
  expect(output.text).toContain(String.raw`\u009b`);
  if (format === 'json') expect(JSON.parse(output.text)).toMatchObject({ [`k${hostile}`]: hostile });
});

test('a text record begins with date, time and level', async () => {
  const { output, sink } = openSink();
  configureLog({ level: 'info', format: 'text' }, sink);
  openLog().info('hello', { port: 1 });
  expect(output.text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z \S+ hello port=1\n$/);
});

test('records that an output refuses are dropped, counted, and reported before the next one that it takes', () => {
  const { output, sink } = openSink();
  output.failAfterBytes = 0;
  sink.write('1\n');
  sink.write('2\n');
  output.failAfterBytes = Infinity;
  sink.write('3\n');
  expect(output.text).toBe('lost 2\n3\n');
});

test('a line that was torn by a failure does not run into the next', () => {
  const { output, sink } = openSink();
  output.room = 2;
  output.failAfterBytes = 2;
  sink.write('long line\n');
  expect(output.text).toBe('lo');
  output.room = Infinity;
  output.failAfterBytes = Infinity;
  sink.write('last\n');
  expect(output.text).toBe('lo\nlost 1\nlast\n');
});

test('for an output that is full, a bounded number of bytes waits, and the loss is reported in its place', () => {
  const { output, sink } = openSink({ maxWaitingBytes: 16 });
  output.room = 0;
  for (const line of ['first\n', 'second\n', 'third\n', 'fourth\n']) sink.write(line);
  output.room = 3;
  sink.end();
  expect(output.text).toBe('first\nsecond\nlost 2\n');
});

test('a pipe that nobody reads takes records without blocking, and those that fit in when it is read', () => {
  const { reader, writer } = openPipe();
  const sink = new LogSink({ output: openLogOutput(writer), retryMs: 60_000 });
  const line = `${'x'.repeat(999)}\n`;
  for (let count = 0; count < 1000; count += 1) sink.write(line);
  const buffer = Buffer.alloc(1 << 20);
  expect(readSync(reader, buffer)).toBeGreaterThan(0);
  sink.end();
  const length = readSync(reader, buffer);
  expect(buffer.toString('latin1', 0, length)).toMatch(/x\n/);
  closeSync(reader);
});

test('a pipe whose reader has gone, and a full disk, only cost records', () => {
  const { reader, writer } = openPipe();
  closeSync(reader);
  const full = openSync('/dev/full', 'w');
  onTestFinished(() => {
    closeSync(full);
  });
  for (const fd of [writer, full]) {
    const sink = new LogSink({ output: openLogOutput(fd), retryMs: 60_000 });
    sink.write('one\n');
    sink.write('two\n');
    sink.end();
  }
});

test('a socket that nobody reads does not block, and stays open', { tags: ['needs-fs-of-fds'] }, () => {
  const [reader, writer] = Socket.pair({ blocking: true }).map(disposedAtEnd);
  const sink = new LogSink({ output: openLogOutput(writer?.fd ?? -1), retryMs: 60_000 });
  for (let count = 0; count < 1000; count += 1) sink.write(`${'x'.repeat(999)}\n`);
  sink.end();
  expect(reader?.recv(1000)?.length).toBe(1000);
  expect(writer?.closed).toBe(false);
});
