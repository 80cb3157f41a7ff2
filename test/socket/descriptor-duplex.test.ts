/** Streams over every kind of fd that is read and written. */
import { constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Descriptor, pipe } from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import { pattern } from '../support/connections.js';
import { nextEvent, until, within } from '../support/deadline.js';
import { openFds } from '../support/fds.js';

function scratchFile(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-duplex-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, name);
}

describe('Descriptor.toDuplex', () => {
  test('reads the lines of a pipe, whose stream is only readable, and closes it at the end', async () => {
    const [reader, writer] = pipe();
    const stream = reader.toDuplex();
    expect(stream.writable).toBe(false);
    writer.write('one\ntwo\nthree');
    writer.close();
    const lines: string[] = [];
    for await (const line of createInterface({ input: stream })) lines.push(line);
    expect(lines).toEqual(['one', 'two', 'three']);
    expect(reader.closed).toBe(true);
  });

  test('waits while a pipe is full, in a stream that is only writable, and loses nothing', async () => {
    const [reader, writer] = pipe();
    const [source, target] = [reader.toDuplex(), writer.toDuplex()];
    expect([target.readable, target.writable]).toEqual([false, true]);
    const bytes = pattern(1_000_003);
    target.cork();
    target.write(bytes.subarray(0, 500_000));
    target.write(bytes.subarray(500_000, 500_001));
    target.end(bytes.subarray(500_001));
    target.uncork();
    const chunks: Buffer[] = [];
    for await (const chunk of source) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    expect([reader.closed, writer.closed]).toEqual([true, true]);
  });

  test('fails if what it has to write was transferred away meanwhile, and reports nothing as written', async () => {
    const [reader, writer] = pipe();
    const stream = writer.toDuplex();
    const results: unknown[] = [];
    const pending = [new Uint8Array(400_000), new Uint8Array(1000)];
    const failed = new Promise<Error>((resolve) => stream.once('error', resolve));
    for (const bytes of pending) stream.write(bytes, (error) => results.push(error));
    structuredClone(null, { transfer: pending.map(({ buffer }) => buffer) });
    reader.toDuplex().resume();
    expect(await within(failed, 'the error')).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    await until(() => results.length === 2, 'both results');
    expect(results).toEqual([expect.any(Error), expect.any(Error)]);
  });

  test('fails with EPIPE when nobody reads the pipe', async () => {
    const [reader, writer] = pipe();
    const stream = writer.toDuplex();
    reader.close();
    const failed = new Promise<Error>((resolve) => stream.once('error', resolve));
    stream.write('nobody is there');
    expect(await within(failed, 'the error')).toMatchObject({ code: 'EPIPE', syscall: 'write' });
    expect(writer.closed).toBe(true);
  });

  test.each([
    ['closed', (reader: Descriptor) => reader.close()],
    ['given away', (reader: Descriptor) => Descriptor.fromFd(reader.detach()).close()],
  ])('is over when the fd that it waits for is %s, and so is its multiplexer', async (_how, end) => {
    const before = openFds();
    const [reader, writer] = pipe();
    const stream = reader.toDuplex().resume();
    const closed = nextEvent(stream, 'close');
    await nextTurn();
    end(reader);
    await within(closed, 'the end of the stream');
    writer.close();
    await until(
      () => [...openFds()].every(([fd, target]) => before.get(fd) === target),
      () => 'an fd is left',
    );
  });

  test('copies a file on a disk, which no multiplexer takes', async () => {
    const [from, to] = [scratchFile('from'), scratchFile('to')];
    const bytes = pattern(300_000);
    writeFileSync(from, bytes);
    const target = Descriptor.open(to, constants.O_WRONLY | constants.O_CREAT);
    await within(pipeline(Descriptor.open(from).toDuplex(), target.toDuplex()), 'the copy');
    expect(readFileSync(to).equals(bytes)).toBe(true);
    expect(target.closed).toBe(true);
  });

  test('goes on reading when its writing side has ended, and is over when nothing is left to read', async () => {
    const path = scratchFile('both');
    writeFileSync(path, 'what was there');
    const descriptor = Descriptor.open(path, constants.O_RDWR);
    const stream = descriptor.toDuplex();
    stream.end();
    expect(await within(text(stream), 'the text')).toBe('what was there');
    if (!stream.closed) await nextEvent(stream, 'close');
    expect(descriptor.closed).toBe(true);
  });

  test('is destroyed by a signal', async () => {
    const [reader, writer] = pipe();
    const controller = new AbortController();
    const stream = reader.toDuplex({ signal: controller.signal });
    stream.resume();
    const failed = new Promise<Error>((resolve) => stream.once('error', resolve));
    controller.abort();
    expect(await within(failed, 'the error')).toMatchObject({ code: 'ABORT_ERR' });
    expect(reader.closed).toBe(true);
    writer.close();
  });
});
