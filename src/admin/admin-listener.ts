/** The listener for metrics and health (`/metrics`, `/healthz`, `/readyz`), which only this machine can reach. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { toError } from '../errors.js';
import type { Connection } from '../net/connection.js';
import { listen, type Listener } from '../net/listener.js';
import type { Place } from '../net/place.js';
import type { Address } from '../socket/address.js';
import { isLoopback } from './loopback.js';
import type { Phase } from './readings.js';

/** The most connections at once. Each is for one request. */
const MAX_CONNECTIONS = 32;
/** The time from the opening of a connection until the answer has left. */
const CONNECTION_MS = 10_000;
const MAX_HEADER_BYTES = 8192;
const TEXT = 'text/plain; charset=utf-8';

/** The source of the metrics. */
export interface MetricsSource {
  readonly contentType: string;
  /** Returns the text of an answer. */
  render(): Promise<string>;
}

/** The address to listen on, and the sources of the answers. */
export interface AdminOptions {
  /** A loopback address, or a unix socket. */
  readonly at: Place;
  readonly metrics: MetricsSource;
  readonly phase: () => Phase;
  readonly onError: (error: Error) => void;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type?: string;
}

/** The facts that an answer depends on, besides the request. */
interface Facts {
  readonly metrics: MetricsSource;
  readonly phase: Phase;
  readonly isUnix: boolean;
}

/** An open admin listener. */
export class AdminListener {
  readonly #listener: Listener;

  private constructor(listener: Listener) {
    this.#listener = listener;
  }

  /** @throws as `listen` does */
  static async open({ at, metrics, phase, onError }: AdminOptions): Promise<AdminListener> {
    const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
      void respond(request, response, { metrics, phase: phase(), isUnix: 'path' in at });
    });
    const listener = await listen({
      ...at,
      maxConnections: MAX_CONNECTIONS,
      socket: {
        open: (connection) => {
          if (!isLocal(connection.remoteAddress)) connection.destroy();
          else server.emit('connection', streamOf(connection));
        },
      },
      onError,
    });
    return new AdminListener(listener);
  }

  get address(): Address {
    return this.#listener.address;
  }

  async close(): Promise<void> {
    await this.#listener.close();
  }
}

/** The server itself does not listen, so its own deadlines are not in effect. */
function streamOf(connection: Connection): ReturnType<Connection['toDuplex']> {
  const stream = connection.toDuplex();
  const timer = setTimeout(() => void stream.destroy(), CONNECTION_MS).unref();
  stream.once('close', () => {
    clearTimeout(timer);
  });
  return stream;
}

function isLocal(address: Address): boolean {
  return address.family === 'unix' || ('host' in address && isLoopback(address.host));
}

function unreadable(error: unknown): Answer {
  return {
    status: 500,
    body: `The metrics cannot be read: ${toError(error).message}\n`,
  };
}

async function respond(request: IncomingMessage, response: ServerResponse, facts: Facts): Promise<void> {
  const { status, body, type = TEXT } = await answer(request, facts).catch(unreadable);
  response.writeHead(status, {
    connection: 'close',
    'cache-control': 'no-store',
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  });
  response.end(request.method === 'HEAD' ? '' : body);
}

async function answer(
  { method, url = '/', headers }: IncomingMessage,
  { metrics, phase, isUnix }: Facts,
): Promise<Answer> {
  if (!isUnix && !isForUs(headers.host)) return { status: 403, body: 'This is for the machine that it runs on.\n' };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'Only GET and HEAD are answered.\n' };
  const [path = ''] = url.split('?', 1);
  switch (path) {
    case '/metrics':
      return { status: 200, body: await metrics.render(), type: metrics.contentType };
    case '/healthz':
      return { status: 200, body: 'ok\n' };
    case '/readyz':
      return { status: phase === 'ready' ? 200 : 503, body: `${phase}\n` };
    default:
      return { status: 404, body: 'There are /metrics, /healthz and /readyz.\n' };
  }
}

/**
 * A web page can give its own name the address of this machine, and would then read answers that are meant for the
 * operator (DNS rebinding). Its name is in the request.
 */
function isForUs(host: string | undefined): boolean {
  if (host === undefined) return true;
  const name = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(host);
  return name !== null && isLoopback(name[1] ?? name[2] ?? '');
}
