/** A way to Redis on which a test can hold back what a subscriber hears. */
import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../../support/temporary.js';

export interface HeldChannel {
  readonly url: string;
  /** Passes nothing on to subscribers from now on. */
  hold(): void;
  letGo(): void;
}

/** @param url of a server that listens on a unix socket */
export async function heldChannel(url: string): Promise<HeldChannel> {
  const path = decodeURIComponent(new URL(url).host);
  const own = join(temporaryFolder(), 'redis.sock');
  const subscribed: Socket[] = [];
  const open: Socket[] = [];
  const server = createServer((client) => {
    const redis = createConnection(path);
    open.push(client, redis);
    for (const socket of [client, redis]) socket.on('error', () => undefined);
    client.on('data', (bytes) => {
      if (/subscribe/i.test(bytes.toString('latin1'))) subscribed.push(redis);
      redis.write(bytes);
    });
    redis.on('data', (bytes) => client.write(bytes));
    client.on('close', () => redis.destroy());
    redis.on('close', () => client.destroy());
  });
  server.listen(own);
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return {
    url: `redis://${encodeURIComponent(own)}`,
    hold: () => {
      for (const socket of subscribed) socket.pause();
    },
    letGo: () => {
      for (const socket of subscribed) socket.resume();
    },
  };
}
