/** Peers of a whole server on wires that stop taking bytes when a test wants it. */
import { onTestFinished } from 'vitest';
import { present } from '../../src/errors.js';
import { SharedBytes } from '../../src/net/shared-bytes.js';
import { type ClassSettings, LOOPBACK_CLASS } from '../../src/protocol/limits.js';
import type { Transport } from '../../src/protocol/session.js';
import type { ClientState } from '../../src/server/client-state.js';
import { loadConfig } from '../../src/server/config/load.js';
import type { ListenerConfig, ServerConfig } from '../../src/server/config/server-config.js';
import type { ConnectionLink } from '../../src/server/link.js';
import { until } from '../support/deadline.js';
import { FakeWire } from './fake-wire.js';
import { startServer } from './start-server.js';

const HIGH_WATER_MARK_BYTES = 4096;

/** The wire of one peer. It calls back as a connection does: not from within. */
class StoppableWire extends FakeWire {
  isStopped = false;
  #needsDrain = false;
  /** Returns each piece of what was sent; they never change. */
  readonly #sent: Uint8Array[] = [];
  #takenPieces = 0;
  onDrain: () => void = () => undefined;

  write(bytes: Uint8Array | SharedBytes): boolean {
    if (this.isDestroyed || this.hasEnded) return false;
    const piece = bytes instanceof SharedBytes ? bytes.bytes : bytes;
    this.#sent.push(piece);
    if (this.isStopped) this.pendingBytes += piece.length;
    else this.#takenPieces = this.#sent.length;
    if (this.pendingBytes <= HIGH_WATER_MARK_BYTES) return true;
    this.#needsDrain = true;
    return false;
  }

  /** Takes what waits, and then everything as it comes. */
  go(): void {
    this.isStopped = false;
    this.#drain();
  }

  /** Takes what waits, and nothing that comes after it. */
  sip(): void {
    this.#drain();
  }

  #drain(): void {
    this.pendingBytes = 0;
    this.#takenPieces = this.#sent.length;
    if (this.#needsDrain) this.onDrain();
    this.#needsDrain = false;
  }

  /** What the peer has read. */
  get read(): Buffer {
    return Buffer.concat(this.#sent.slice(0, this.#takenPieces));
  }
}

/** One peer of the server. */
export class StoppablePeer {
  readonly wire: StoppableWire;
  readonly link: ConnectionLink;

  constructor(wire: StoppableWire, link: ConnectionLink) {
    this.wire = wire;
    this.link = link;
    wire.onDrain = () => {
      link.drained();
    };
  }

  say(...lines: readonly string[]): void {
    this.link.receive(Buffer.from(lines.map((line) => `${line}\r\n`).join('')));
  }

  /** The lines that it has read. */
  get lines(): string[] {
    return this.wire.read.toString().split(/\r?\n/).slice(0, -1);
  }

  /** Those of a kind. */
  hears(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line));
  }
}

export interface SlowServerOptions {
  readonly kept?: Partial<ServerConfig['kept']>;
  readonly limits?: Partial<ClassSettings>;
}

/** Starts a server. */
export async function startForSlowReaders({ kept, limits }: SlowServerOptions = {}) {
  const base = await loadConfig({ plainPort: 0, ircPort: 0 });
  const config: ServerConfig = {
    ...base,
    kept: { ...base.kept, ...kept },
    classes: [{ settings: { ...LOOPBACK_CLASS, ...limits }, addresses: [] }],
  };
  const logged: { readonly event: string; readonly details: Readonly<Record<string, unknown>> }[] = [];
  const record = (event: string, details: Readonly<Record<string, unknown>> = {}): void => {
    logged.push({ event, details });
  };
  const server = await startServer({
    config,
    log: { debug: record, info: record, warn: record, error: record },
  });
  const peers: StoppablePeer[] = [];
  onTestFinished(async () => {
    for (const { link } of peers) server.clients.departed(link, undefined);
    await server.close('the test is over');
  });
  const connect = (
    protocol: 'plain' | 'irc',
    changes: Partial<ListenerConfig> = {},
    transport: Transport = 'tcp',
    resumed?: ClientState,
  ): StoppablePeer => {
    const listener = present(
      config.listeners.find((one) => one.protocol === protocol),
      'the listener',
    );
    const wire = new StoppableWire();
    const link = server.clients.admit({
      wire,
      address: { family: 'inet', host: '127.0.0.1', port: 10_000 + peers.length },
      transport,
      isSecure: false,
      certificate: null,
      config: { ...listener, ...changes },
      ...(resumed === undefined ? {} : { resumed }),
    });
    const peer = new StoppablePeer(wire, link);
    peers.push(peer);
    return peer;
  };
  /** Connects an IRC client, and waits until it is in its rooms. */
  const client = async (
    nick: string,
    joins: string,
    caps = '',
    changes: Partial<ListenerConfig> = {},
  ): Promise<StoppablePeer> => {
    const peer = connect('irc', changes);
    if (caps !== '') peer.say(`CAP REQ :${caps}`, 'CAP END');
    peer.say(`NICK ${nick}`, `USER ${nick} 0 * :${nick}`, `JOIN ${joins}`);
    await until(() => peer.hears(/ 366 /).length === joins.split(',').length, `${nick} is in ${joins}`);
    return peer;
  };
  /** Goes on with a client that has been described. */
  const resume = (state: ClientState): StoppablePeer =>
    connect(state.session.protocol, { charset: 'auto' }, 'tcp', state);
  return { server, connect, client, resume, logged };
}

/** Lets everything run that waits for the event loop: slow readers are looked at, and fed, after the turn. */
export async function settle(turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
