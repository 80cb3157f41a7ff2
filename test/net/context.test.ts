/** In which async context the handlers of listeners, connections and streams run. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { connect, listen, type Listener, Socket, type SocketHandlers } from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import { portOf, VARIANTS } from '../support/connections.js';
import { until, within } from '../support/deadline.js';
import { disposedAtEnd } from '../support/fds.js';

const storage = new AsyncLocalStorage<string>();

/** What was called, and the store that it saw. */
class Record {
  readonly seen = new Map<string, Set<string | undefined>>();

  note(who: string): void {
    this.seen.set(who, (this.seen.get(who) ?? new Set()).add(storage.getStore()));
  }

  /** All handlers of a side, each noting itself. */
  handlers(side: string): SocketHandlers<unknown> {
    return {
      open: () => this.note(`${side} open`),
      data: (connection, bytes) => {
        this.note(`${side} data`);
        if (side.startsWith('listener')) connection.write(bytes);
      },
      drain: () => this.note(`${side} drain`),
      end: (connection) => {
        this.note(`${side} end`);
        connection.end();
        connection.write('too late');
      },
      error: () => this.note(`${side} error`),
      close: () => this.note(`${side} close`),
    };
  }
}

describe.each(VARIANTS)('on $backend, $trigger', (variant) => {
  test('handlers run in the context of their listen or connect, no matter which began the turn', async () => {
    const record = new Record();
    const open = (name: string): Promise<Listener> =>
      storage.run(name, () =>
        listen({ ...variant, port: 0, highWaterMarkBytes: 0, socket: record.handlers(`listener ${name}`) }),
      );
    const listeners = [await open('one'), await open('two')];
    onTestFinished(() =>
      within(
        Promise.all(listeners.map((listener) => listener.close())).then(() => undefined),
        'end',
      ),
    );
    for (const [index, listener] of listeners.entries()) {
      const name = `client ${index}`;
      const options = { ...variant, port: portOf(listener), highWaterMarkBytes: 0, socket: record.handlers(name) };
      const connection = await storage.run(name, () => connect(options));
      storage.run('somebody else', () => connection.write('x'));
      await until(() => record.seen.has(`${name} data`), 'the answer');
      storage.run('somebody else', () => connection.end());
      await until(() => record.seen.has(`${name} close`), 'the close');
    }
    await until(() => listeners.every((listener) => listener.connections === 0), 'all closed');
    for (const [who, stores] of record.seen) {
      const [side, name] = who.split(' ');
      expect([who, ...stores]).toEqual([who, side === 'client' ? `client ${name}` : name]);
    }
    for (const side of ['listener one', 'listener two', 'client 0', 'client 1']) {
      for (const handler of ['open', 'data', 'drain', 'end', 'error', 'close']) {
        expect(record.seen.has(`${side} ${handler}`), `${side} ${handler}`).toBe(true);
      }
    }
  });
});

test("a connection's stream runs its listeners in the context in which it was made", async () => {
  const record = new Record();
  const listener = await storage.run('the listener', () =>
    listen({ port: 0, socket: { data: (connection, bytes) => connection.end(bytes) } }),
  );
  onTestFinished(() => within(listener.close(), 'closing'));
  const connection = await storage.run('the client', () => connect({ port: portOf(listener), socket: {} }));
  const stream = storage.run('the stream', () => connection.toDuplex());
  for (const event of ['data', 'end', 'close', 'finish']) stream.on(event, () => record.note(event));
  stream.end('x');
  await until(() => record.seen.has('close'), 'the close');
  for (const event of ['data', 'end', 'close']) expect([...(record.seen.get(event) ?? [])]).toEqual(['the stream']);
});

test("a socket's streams run their listeners each in its own context", async () => {
  const record = new Record();
  const pairs = ['a', 'b'].map((name) => {
    const [near, far] = Socket.pair();
    disposedAtEnd(far);
    const stream = storage.run(name, () => near.toDuplex());
    stream.on('data', () => record.note(name));
    stream.on('end', () => stream.end());
    stream.on('close', () => record.note(`${name} close`));
    return { name, far };
  });
  for (const { far } of pairs) far.send('x');
  await until(() => pairs.every(({ name }) => record.seen.has(name)), 'the data');
  for (const { far } of pairs) far.close();
  await until(() => pairs.every(({ name }) => record.seen.has(`${name} close`)), 'the close');
  expect([...(record.seen.get('a') ?? [])]).toEqual(['a']);
  expect([...(record.seen.get('b') ?? [])]).toEqual(['b']);
});
