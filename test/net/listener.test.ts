import { connect, listen } from 'fdmux';
import { describe, expect, it } from 'vitest';
import { within } from '../support/deadline.js';

const variants = [
  { backend: 'select', trigger: 'level' },
  { backend: 'poll', trigger: 'level' },
  { backend: 'epoll', trigger: 'level' },
  { backend: 'epoll', trigger: 'edge' },
] as const;

describe.each(variants)('listen on $backend/$trigger', (variant) => {
  it('echoes what a connection sends, and closes when both sides have ended', async () => {
    const listener = await listen({
      ...variant,
      port: 0,
      socket: {
        data: (connection, bytes) => {
          connection.write(bytes);
        },
      },
    });
    const port = listener.address.family === 'inet' ? listener.address.port : 0;
    const received: string[] = [];
    const { promise: closed, resolve } = deferred();
    const connection = await connect({
      ...variant,
      port,
      socket: {
        data: (self, bytes) => {
          received.push(bytes.toString());
          self.end();
        },
        close: resolve,
      },
    });
    connection.write('hello');
    await within(closed, 'the close');
    expect(received.join('')).toBe('hello');
    await within(listener.close(), 'closing');
    expect(listener.connections).toBe(0);
  });
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
