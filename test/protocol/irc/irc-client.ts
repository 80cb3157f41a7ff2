/** A server in this process and IRC clients over real sockets. */
import { onTestFinished } from 'vitest';
import type { AccountBook } from '../../../src/accounts/account-book.js';
import { type IrcSettings } from '../../../src/protocol/irc/settings.js';
import { type ClassSettings, LOOPBACK_CLASS } from '../../../src/protocol/limits.js';
import type { ChatServer } from '../../../src/server/chat-server.js';
import { loadConfig } from '../../../src/server/config/load.js';
import type { ListenerConfig, ServerConfig } from '../../../src/server/config/server-config.js';
import { startServer } from '../../server/start-server.js';
import { connectPeer, type Peer } from '../../support/peers.js';

/** Options that differ from the defaults. */
export interface IrcServerOptions {
  readonly irc?: Partial<IrcSettings>;
  readonly limits?: Partial<ClassSettings>;
  readonly listeners?: readonly Partial<ListenerConfig>[];
  readonly maxClients?: number;
  readonly totalSendQueueBytes?: number;
  /** What rooms keep for slow readers; other keys have their defaults. */
  readonly kept?: Partial<ServerConfig['kept']>;
  readonly cloak?: ServerConfig['cloak'];
  readonly readConfig?: () => Promise<ServerConfig>;
  /** @defaultValue none that are there already */
  readonly accounts?: AccountBook;
}

export interface LogRecord {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>> | undefined;
}

export class IrcTestServer {
  readonly port: number;
  readonly ports: readonly number[];
  readonly records: readonly LogRecord[];
  readonly stopReasons: readonly string[];

  constructor(server: ChatServer, records: readonly LogRecord[], stopReasons: readonly string[]) {
    this.ports = server.listeners.map(({ address }) => ('port' in address ? address.port : 0));
    this.port = this.ports[0] ?? 0;
    this.records = records;
    this.stopReasons = stopReasons;
  }

  /** Opens a connection that has sent nothing yet. */
  async connect(port = this.port, from?: string): Promise<IrcClient> {
    return new IrcClient(await connectPeer(port, undefined, from));
  }

  /** Opens a registered client, optionally with capabilities, optionally in a channel. */
  async client(
    nick: string,
    options: { readonly caps?: string; readonly join?: string; readonly port?: number; readonly from?: string } = {},
  ): Promise<IrcClient> {
    const client = await this.connect(options.port, options.from);
    if (options.caps !== undefined) client.send('CAP LS 302', `CAP REQ :${options.caps}`, 'CAP END');
    client.send(`NICK ${nick}`, `USER ${nick} 0 * :Real ${nick}`);
    await client.heard();
    if (options.join !== undefined) await client.ask(`JOIN ${options.join}`);
    return client;
  }
}

/** Starts a server, by default with one IRC listener; it is closed when the test ends. */
export async function startIrc(options: IrcServerOptions = {}): Promise<IrcTestServer> {
  const base = await loadConfig({ ircPort: 0, without: ['plain'] });
  const [listener] = base.listeners;
  if (listener === undefined) throw new Error('no listener');
  const config: ServerConfig = {
    ...base,
    maxClients: options.maxClients ?? 0,
    totalSendQueueBytes: options.totalSendQueueBytes ?? base.totalSendQueueBytes,
    kept: { ...base.kept, ...options.kept },
    cloak: options.cloak ?? null,
    irc: { ...base.irc, ...options.irc },
    classes: [{ settings: { ...LOOPBACK_CLASS, ...options.limits }, addresses: [] }],
    listeners: (options.listeners ?? [{}]).map((changes) => ({ ...listener, ...changes })),
  };
  const records: LogRecord[] = [];
  const stopReasons: string[] = [];
  const at =
    (level: LogRecord['level']) =>
    (message: string, details?: Readonly<Record<string, unknown>>): void =>
      void records.push({ level, message, details });
  const server = await startServer({
    config,
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    configurationName: 'fdmux.json',
    ...(options.accounts === undefined ? {} : { accounts: options.accounts }),
    readConfig: options.readConfig ?? (() => Promise.resolve(config)),
    onStop: (reason) => stopReasons.push(reason),
  });
  onTestFinished(() => server.close('the test is over'));
  return new IrcTestServer(server, records, stopReasons);
}

let tokens = 0;

/** One client. A PING after each question marks the end of its answer. */
export class IrcClient {
  readonly peer: Peer;

  constructor(peer: Peer) {
    this.peer = peer;
  }

  /** A server that closes the client meanwhile takes no more: what the client hears shows it. */
  send(...lines: readonly string[]): void {
    this.peer.write(lines.map((line) => `${line}\r\n`).join('')).catch(() => undefined);
  }

  /** Sends lines and returns everything that arrives until they have been answered. */
  ask(...lines: readonly string[]): Promise<string[]> {
    this.send(...lines);
    return this.heard();
  }

  /** Returns everything that has arrived or is on its way: the server answers in order, so a PONG follows it. */
  async heard(): Promise<string[]> {
    tokens += 1;
    const token = `sync-${tokens}`;
    this.send(`PING ${token}`);
    const lines: string[] = [];
    for (;;) {
      const line = await this.peer.line();
      if (line.endsWith(`:${token}`)) return lines;
      lines.push(line);
    }
  }

  /** Returns the next line. */
  line(): Promise<string> {
    return this.peer.line();
  }

  /** Returns everything until the server closes. */
  async rest(): Promise<string[]> {
    return (await this.peer.ended()).toString().split('\r\n').slice(0, -1);
  }
}

/** Returns the lines with a numeric, without server and nick: `353 = #c :@ann`. */
export function numerics(lines: readonly string[], ...codes: readonly string[]): string[] {
  return lines
    .map((line) => /^(?:@\S+ )?:fdmux\.local (\d{3}) \S+ ?(.*)$/.exec(line))
    .filter((match) => match !== null && (codes.length === 0 || codes.includes(match[1] ?? '')))
    .map((match) => `${match?.[1] ?? ''} ${match?.[2] ?? ''}`);
}

/** Returns lines without their tags. */
export const untagged = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/^@\S+ /, ''));

/** Returns the tags of a line. */
export function tagsOf(line: string): Readonly<Record<string, string>> {
  const section = /^@(\S+) /.exec(line)?.[1] ?? '';
  return Object.fromEntries(
    section.split(';').map((tag) => {
      const [name = '', ...value] = tag.split('=');
      return [name, value.join('=')];
    }),
  );
}
