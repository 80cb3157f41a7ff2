/** The protocol of Redis, by the package ioredis: connections, commands and replies. */
import { Redis } from 'ioredis';
import type { LinkConnection } from '../link.js';
import { RedisRefusal } from './redis-error.js';
import type { RedisPlace } from './redis-url.js';
import { isReply, type Reply } from './reply.js';

/** A command with its arguments. */
export type Command = readonly [name: string, ...parameters: (string | number | Uint8Array)[]];

/** The observer of one connection. */
export interface ConnectionListener {
  /** A message was published on the channel that this connection has subscribed to. */
  published(message: Uint8Array): void;
  /** The connection has ended by itself. It is called once. */
  lost(why: Error): void;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** After how long without a byte, in milliseconds, the kernel asks whether the server is still there. */
const KEEP_ALIVE_MS = 5_000;

/** The message of ioredis if it knows nothing more. */
const CLOSED = 'Connection is closed.';

/** Connects. @throws the error of the server or of the network; it never has the password */
export async function connect(
  { isSecure, db, ...place }: RedisPlace,
  listener: ConnectionListener,
): Promise<LinkConnection<Command, Reply>> {
  const client = new Redis({
    ...place,
    ...(isSecure && { tls: {} }),
    connectionName: 'fdmux',
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_MS,
    // The user of a connection makes the next one, and knows what has to be done again.
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    disableClientInfo: true,
    lazyConnect: true,
    // Subscribers may use their connection for other commands, too.
    protocol: 3,
  });
  // The cause is an event; the rejection says only that the connection is closed.
  const problems: Error[] = [];
  let isOver = false;
  client.on('error', (error: Error) => {
    problems.push(withoutParameters(error));
  });
  client.on('end', () => {
    if (isOver) return;
    isOver = true;
    listener.lost(problems[0] ?? new Error('the connection has ended'));
  });
  client.on('messageBuffer', (_channel: Buffer, message: Buffer) => {
    listener.published(message);
  });
  const destroy = (): void => {
    isOver = true;
    client.disconnect();
  };
  try {
    await client.connect();
    // The option of ioredis would continue in another database if this is refused.
    if (db !== 0) await client.select(db);
  } catch (error) {
    destroy();
    if (error instanceof Error && error.message !== CLOSED) throw withoutParameters(error);
    throw problems[0] ?? new Error('the server has closed the connection at once, maybe for lack of room (maxclients)');
  }
  return {
    query: async ([name, ...parameters]) => {
      try {
        const reply: unknown = await client.callBuffer(name, parameters.map(asParameter));
        if (isReply(reply)) return reply;
      } catch (error) {
        throw withoutParameters(error);
      }
      throw new TypeError(`the reply to ${name} is of no known kind`);
    },
    destroy,
  };
}

function asParameter(value: string | number | Uint8Array): string | number | Buffer {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

/** An error of a server has the command and its parameters: among them may be a password. */
function withoutParameters(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  return error.name === 'ReplyError' ? new RedisRefusal(error.message) : error;
}
