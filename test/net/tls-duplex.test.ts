import { expect, test } from 'vitest';
import type { DuplexSource } from '../../src/net/duplex.js';
import { TlsDuplex } from '../../src/net/tls-duplex.js';
import { callUntyped } from '../support/untyped.js';

/** A connection that takes everything, and says so as long as it has room. */
class FakeConnection implements DuplexSource {
  readonly taken: string[] = [];
  readonly remoteAddress = { family: 'unix', path: '' } as const;
  hasRoom = true;
  isWritable = true;
  isPaused = false;

  write(bytes: Uint8Array | string | { readonly bytes: Uint8Array }): boolean {
    this.taken.push(Buffer.from(bytes instanceof Uint8Array ? bytes : '').toString());
    return this.hasRoom;
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  end(): void {
    this.isWritable = false;
  }
  destroy(): void {
    this.isWritable = false;
  }
}

function open() {
  const connection = new FakeConnection();
  const duplex = new TlsDuplex<undefined>(connection);
  const done: string[] = [];
  const write = (text: string) => duplex.write(Buffer.from(text), () => done.push(text));
  return { connection, duplex, done, write };
}

test('a write reaches the connection at once, and is done at once while there is room', () => {
  const { connection, duplex, done, write } = open();
  duplex.cork();
  write('a');
  write('b');
  duplex.uncork();
  expect(connection.taken).toEqual(['a', 'b']);
  expect(done).toEqual(['a', 'b']);
});

test('a write to a connection without room is done when there is room again, and later ones wait behind it', async () => {
  const { connection, duplex, done, write } = open();
  connection.hasRoom = false;
  write('a');
  write('b');
  await new Promise(setImmediate);
  expect(connection.taken.filter((text) => text !== '')).toEqual(['a']);
  expect(done).toEqual([]);
  connection.hasRoom = true;
  callUntyped(duplex.events, 'drain');
  await new Promise(setImmediate);
  expect(connection.taken.filter((text) => text !== '')).toEqual(['a', 'b']);
  expect(done).toEqual(['a', 'b']);
  write('c');
  expect(done).toEqual(['a', 'b', 'c']);
});

test('a write that waits when the connection closes fails', async () => {
  const { connection, duplex } = open();
  connection.hasRoom = false;
  const failed = new Promise((resolve) => duplex.write(Buffer.from('a'), resolve));
  duplex.on('error', () => undefined);
  callUntyped(duplex.events, 'close');
  expect(await failed).toBeInstanceOf(Error);
});

test('bytes reach a listener at once, and wait in order while it has paused', async () => {
  const { connection, duplex } = open();
  const memory = Buffer.from('two');
  const heard: string[] = [];
  duplex.on('data', (bytes: Buffer) => heard.push(bytes.toString()));
  duplex.receive(Buffer.from('one'));
  expect(heard).toEqual(['one']);
  duplex.pause();
  duplex.receive(memory);
  memory.fill(0);
  duplex.receive(Buffer.alloc(100_000, 'x'));
  expect(heard).toEqual(['one']);
  expect(connection.isPaused).toBe(true);
  duplex.resume();
  await new Promise(setImmediate);
  expect(heard.join('')).toBe(`onetwo${'x'.repeat(100_000)}`);
  expect(connection.isPaused).toBe(false);
});

/** The adapter of node:tls, which confirms whatever was written. */
function shorten(duplex: TlsDuplex<undefined>) {
  const adapter = {
    received: '',
    confirmed: 0,
    onConfirm: (): void => undefined,
    receive(bytes: Uint8Array): void {
      adapter.received += Buffer.from(bytes).toString();
    },
    confirmWrite(): void {
      adapter.confirmed += 1;
      adapter.onConfirm();
    },
  };
  duplex.shorten(adapter);
  return adapter;
}

test('writes that are held are confirmed together, and with them those that the confirmation leads to', () => {
  const { connection, duplex, done, write } = open();
  const adapter = shorten(duplex);
  adapter.onConfirm = () => {
    if (adapter.confirmed === 1) write('c');
  };
  duplex.hold();
  write('a');
  write('b');
  expect(adapter.confirmed).toBe(0);
  duplex.confirm();
  expect(adapter.confirmed).toBe(2);
  expect(done).toEqual([]);
  write('d');
  expect(done).toEqual(['d']);
  expect(connection.taken).toEqual(['a', 'b', 'c', 'd']);
});

test('writes that are held are done one by one if one of them has to wait for room', async () => {
  const { connection, duplex, done, write } = open();
  const adapter = shorten(duplex);
  duplex.hold();
  write('a');
  connection.hasRoom = false;
  write('b');
  duplex.confirm();
  expect(done).toEqual(['a']);
  connection.hasRoom = true;
  callUntyped(duplex.events, 'drain');
  await new Promise(setImmediate);
  expect(done).toEqual(['a', 'b']);
  expect(adapter.confirmed).toBe(0);
});

test('without an adapter, nothing is held', () => {
  const { duplex, done, write } = open();
  duplex.shorten(null);
  duplex.hold();
  write('a');
  duplex.confirm();
  expect(done).toEqual(['a']);
});

test('bytes go through the adapter, unless others wait in the stream', async () => {
  const { duplex } = open();
  const adapter = shorten(duplex);
  const heard: string[] = [];
  duplex.on('data', (bytes: Buffer) => heard.push(bytes.toString()));
  duplex.receive(Buffer.from('a'));
  duplex.pause();
  duplex.receive(Buffer.from('b'));
  duplex.resume();
  duplex.receive(Buffer.from('c'));
  await new Promise(setImmediate);
  duplex.receive(Buffer.from('d'));
  expect(adapter.received).toBe('ad');
  expect(heard.join('')).toBe('bc');
});

test('a write in another form goes through the stream as usual', async () => {
  const { connection, duplex } = open();
  await new Promise((resolve) => duplex.write('ä', 'latin1', resolve));
  expect(connection.taken).toEqual([Buffer.from('ä', 'latin1').toString()]);
});
