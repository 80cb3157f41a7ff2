/** Served fds that are no connections: pipes, terminals, devices. */
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Descriptor } from 'fdmux';
import { type FdHandlers, type FdStream, Multiplexer, pipe, Pty, serve, type ServeOptions } from 'fdmux';
import { expect, onTestFinished, test } from 'vitest';
import { until, within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';
import { unixPair } from '../support/sockets.js';
import { callUntyped } from '../support/untyped.js';

const turnEnd = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A served fd that notes what happens to it. */
class Served {
  readonly chunks: string[] = [];
  readonly events: string[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly stream: FdStream;

  constructor(fd: Descriptor | number, handlers: FdHandlers<unknown> = {}, options: ServeOptions<unknown> = {}) {
    const note = (event: string): void => {
      this.events.push(event);
      for (const look of this.#waiting.splice(0)) look();
    };
    this.stream = serve(
      fd,
      {
        data: (_, bytes) => {
          this.chunks.push(bytes.toString());
          for (const look of this.#waiting.splice(0)) look();
        },
        drain: () => note('drain'),
        error: (_, error) => note(`error ${String(Reflect.get(error, 'code'))}`),
        close: (_, error) => note(error === undefined ? 'close' : `close ${String(Reflect.get(error, 'code'))}`),
        ...handlers,
      },
      options,
    );
    onTestFinished(async () => {
      this.stream.destroy();
      await turnEnd();
    });
  }

  get text(): string {
    return this.chunks.join('');
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    while (!condition()) await within(new Promise<void>((resolve) => this.#waiting.push(resolve)), what);
  }

  closed(): Promise<void> {
    return this.until(() => this.events.some((event) => event.startsWith('close')), 'the end');
  }
}

test.each(['epoll', 'poll', 'select'] as const)('hands out what a pipe has, then its end, on %s', async (backend) => {
  const [reader, writer] = pipe();
  const served = new Served(reader, {}, { backend });
  writer.write('one ');
  await served.until(() => served.text === 'one ', 'the first bytes');
  writer.write('two');
  writer.close();
  await served.closed();
  expect(served.text).toBe('one two');
  expect(served.events).toEqual(['close']);
  expect(reader.closed).toBe(true);
});

test('gives all that a program wrote to its terminal before the end', async () => {
  const shell = Pty.spawn('sh', ['-c', 'seq 1 20000']);
  const served = new Served(shell.master);
  await served.closed();
  const lines = served.text.trim().split('\r\n');
  expect([lines.length, lines.at(-1)]).toEqual([20_000, '20000']);
  expect(served.events).toEqual(['close']);
  await shell.exited;
});

test('joins the writes of a turn, unless each of them is a message', async () => {
  for (const [preservesMessages, expected] of [
    [false, ['onetwothree']],
    [true, ['one', 'two', 'three']],
  ] as const) {
    const [first, second] = unixPair({ type: 'seqpacket' });
    const served = new Served(first.detach(), {}, { preservesMessages });
    for (const text of ['one', 'two', 'three']) served.stream.write(text);
    await turnEnd();
    second.setBlocking(false);
    const received = [second.recv(100), second.recv(100), second.recv(100)];
    expect(received.flatMap((bytes) => (bytes === null ? [] : [bytes.toString()]))).toEqual(expected);
  }
});

test('returns false above the high-water mark, and calls drain when there is room', async () => {
  const [reader, writer] = pipe();
  disposedAtEnd(reader);
  const served = new Served(writer, {}, { highWaterMarkBytes: 1000 });
  expect(served.stream.write('x'.repeat(100_000))).toBe(false);
  expect(served.stream.pendingBytes).toBeGreaterThan(1000);
  await turnEnd();
  expect(served.events).toEqual([]);
  let length = 0;
  while (length < 100_000) {
    length += reader.read(65_536)?.length ?? 0;
    await turnEnd();
  }
  await served.until(() => served.events.length > 0, 'the drain');
  expect(served.events).toEqual(['drain']);
});

test('destroys what nobody reads at its limit', async () => {
  const [reader, writer] = pipe();
  disposedAtEnd(reader);
  const served = new Served(writer, {}, { maxPendingBytes: 50_000 });
  while (!served.stream.isDestroyed) served.stream.write('x'.repeat(10_000));
  await served.closed();
  expect(served.events).toEqual(['error ERR_WRITE_QUEUE_FULL', 'close ERR_WRITE_QUEUE_FULL']);
});

test('writes all that is pending before it ends, and closes a pipe then', async () => {
  const [reader, writer] = pipe();
  disposedAtEnd(reader);
  const served = new Served(writer);
  served.stream.write('a'.repeat(200_000));
  served.stream.end('b');
  expect(served.stream.write('c')).toBe(false);
  let text = '';
  for (;;) {
    const bytes = reader.read(65_536);
    if (bytes?.length === 0) break;
    text += bytes?.toString() ?? '';
    await turnEnd();
  }
  expect(text).toBe(`${'a'.repeat(200_000)}b`);
  await served.closed();
  expect(served.events).toEqual(['error ERR_WRITE_AFTER_END', 'close']);
});

test('reports that nobody reads a pipe any more', async () => {
  const [reader, writer] = pipe();
  const served = new Served(writer);
  reader.close();
  served.stream.write('x');
  await served.closed();
  expect(served.events).toEqual(['error EPIPE', 'close EPIPE']);
});

test('hands out nothing while it is paused', async () => {
  const [reader, writer] = pipe();
  disposedAtEnd(writer);
  const served = new Served(reader);
  served.stream.pause();
  writer.write('later');
  const other = new Served(openFifoOf('now'));
  await other.closed();
  expect(served.chunks).toEqual([]);
  served.stream.resume();
  await served.until(() => served.text === 'later', 'the bytes');
});

/** The reading end of a pipe that holds `text` and has no writer any more. */
function openFifoOf(text: string): Descriptor {
  const [reader, writer] = pipe();
  writer.write(text);
  writer.close();
  return reader;
}

test('leaves the writing side to the end handler', async () => {
  const shell = Pty.spawn('true');
  const served = new Served(shell.master, { end: (stream) => stream.end('unread') });
  await served.closed();
  expect(served.events).toEqual(['close']);
  await shell.exited;
});

test('rests while a terminal that was hung up has no room', async () => {
  const multiplexer = disposedAtEnd(new Multiplexer());
  const { master, slavePath } = Pty.open();
  closeSync(openSync(slavePath, 'r+'));
  const served = new Served(master, {}, { multiplexer });
  served.stream.pause();
  // More than the kernel takes at once, even while it throws away what no terminal reads.
  served.stream.write('x'.repeat(1_048_576));
  await turnEnd();
  expect(served.stream.pendingBytes).toBeGreaterThan(0);
  multiplexer.waitSync(100);
  // One for each attempt; without a rest it would be thousands.
  expect(multiplexer.stats().waits).toBeLessThan(50);
});

test('refuses a file on a disk, a wrong fd, and bad options, and leaves the fd open', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdmux-serve-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const fd = openSync(join(folder, 'file'), 'w+');
  onTestFinished(() => closeSync(fd));
  expect(() => serve(fd, {})).toThrow(expect.objectContaining({ code: 'EPERM' }));
  expect(() => serve(1_000_000, {})).toThrow(expect.objectContaining({ code: 'EBADF' }));
  const call = (...parameters: readonly unknown[]) => callUntyped({ serve }, 'serve', ...parameters);
  for (const [parameters, code] of [
    [['x', {}], 'ERR_INVALID_ARG_TYPE'],
    [[fd, { dta: () => undefined }], 'ERR_UNKNOWN_OPTION'],
    [[fd, { data: 1 }], 'ERR_INVALID_ARG_TYPE'],
    [[fd, {}, { maxReadBytes: 0 }], 'ERR_OUT_OF_RANGE'],
  ] as const) {
    expect(() => call(...parameters)).toThrow(expect.objectContaining({ code }));
  }
});

test('reads into a buffer of the size that the open fds need, also after a larger one', async () => {
  const sizes: number[] = [];
  const noting = { data: (_: unknown, { buffer }: Buffer) => void sizes.push(buffer.byteLength) };
  const [large, small] = [1_048_576, 4096].map((maxReadBytes) => {
    const [reader, writer] = pipe();
    disposedAtEnd(writer);
    return { served: new Served(reader, noting, { maxReadBytes }), writer };
  });
  const read = async (end: typeof large): Promise<void> => {
    end?.writer.write('x');
    const wanted = sizes.length + 1;
    await until(() => sizes.length === wanted, 'the bytes');
  };
  await read(large);
  await read(small);
  expect(sizes).toEqual([1_048_576, 1_048_576]);
  large?.served.stream.destroy();
  await turnEnd();
  await read(small);
  expect(sizes.at(-1)).toBe(4096);
  small?.served.stream.destroy();
  await turnEnd();
});
