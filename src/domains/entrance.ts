/** The entrance for other domains, which connect over TLS with certificates that have their names. */
import { performance } from 'node:perf_hooks';
import { ConnectionChannel } from '../control/connection-channel.js';
import type { Connection } from '../net/connection.js';
import { listen, type Listener } from '../net/listener.js';
import { type Address, formatAddress } from '../socket/address.js';
import { Sparing } from '../sparing.js';
import { isOfDomain } from './certificate.js';
import { HIGH_WATER_BYTES, MAX_PENDING_BYTES } from './dial.js';
import { FrameChannel } from './frame-channel.js';
import { isVisit, SILENCE_MS, type Visit } from './messages.js';
import type { DomainLog, DomainSettings, ListenSettings } from './settings.js';

/** A connection that has not said which domain it is ends after this time, in milliseconds. */
const GREETING_MS = 10_000;
/** The most connections at once: some for each domain that may connect, and for some that may not. */
const CONNECTIONS_PER_LINK = 4;
/** A reload may add links. */
const MIN_LINKS = 16;
const MORE_CONNECTIONS = 16;
/** The share of the thread's time that strangers who begin TLS may take, in percent. */
const HANDSHAKE_PERCENT = 10;
const MIN_VERSION = 'TLSv1.3';

/** A connected domain. */
export interface Guest {
  hear(visit: Visit, body: Uint8Array): void;
  drained(): void;
  ended(): void;
}

/** The parts behind the entrance. */
export interface EntranceParts {
  readonly settings: DomainSettings;
  readonly at: ListenSettings;
  readonly log: DomainLog;
  /** Lets in a domain that has shown its certificate. @returns why not, if it cannot enter */
  admit(hello: Extract<Visit, { kind: 'hello' }>, channel: FrameChannel<Visit>): Guest | string;
}

/** The log of those who are not let in: strangers may bring any number of refusals about. */
class EntranceLog {
  readonly #log: DomainLog;
  readonly #sparing = new Sparing(performance.now());

  constructor(log: DomainLog) {
    this.#log = log;
  }

  report(level: 'warn' | 'error', event: string, details: Readonly<Record<string, unknown>>): void {
    const unlogged = this.#sparing.take(performance.now());
    if (unlogged !== null) this.#log[level](event, { ...details, ...unlogged });
  }
}

/** One connection, from its handshake to its end. */
class Caller {
  readonly #parts: EntranceParts;
  readonly #log: EntranceLog;
  readonly #connection: Connection<Caller>;
  readonly #channel: FrameChannel<Visit>;
  readonly #timer: NodeJS.Timeout;
  #guest: Guest | null = null;

  constructor(parts: EntranceParts, log: EntranceLog, connection: Connection<Caller>) {
    this.#parts = parts;
    this.#log = log;
    this.#connection = connection;
    this.#channel = new FrameChannel<Visit>(new ConnectionChannel(connection), isVisit, {
      heard: (visit, body) => {
        this.#hear(visit, body);
      },
      violated: (why) => {
        this.refuse(why);
      },
    });
    this.#channel.isStrange = true;
    this.#timer = setTimeout(() => {
      if (this.#guest === null) this.refuse('it has not greeted');
    }, GREETING_MS).unref();
  }

  take(bytes: Uint8Array): void {
    this.#channel.take(bytes);
  }

  #hear(visit: Visit, body: Uint8Array): void {
    if (this.#guest !== null) {
      this.#guest.hear(visit, body);
      return;
    }
    if (visit.kind !== 'hello') {
      this.refuse('it has not greeted');
      return;
    }
    const raw = this.#connection.peerCertificate?.raw;
    if (raw === undefined || !isOfDomain(raw, visit.domain)) {
      this.refuse('its certificate is that of another domain', visit.domain);
      return;
    }
    const guest = this.#parts.admit(visit, this.#channel);
    if (typeof guest === 'string') {
      this.refuse(guest, visit.domain);
      return;
    }
    this.#guest = guest;
    this.#channel.isStrange = false;
  }

  /** @param domain - the domain that the caller claims to be */
  refuse(why: string, domain = ''): void {
    const { remoteAddress: address } = this.#connection;
    this.#log.report('error', 'a domain is refused', { domain, from: formatAddress(address), why });
    this.#channel.close();
  }

  drained(): void {
    this.#guest?.drained();
  }

  ended(): void {
    clearTimeout(this.#timer);
    this.#channel.end();
    this.#guest?.ended();
    this.#guest = null;
  }
}

/** Listens for other domains. */
export class Entrance {
  readonly #listener: Listener;

  private constructor(listener: Listener) {
    this.#listener = listener;
  }

  /** @throws EADDRINUSE, and any other error of listen() */
  static async open(parts: EntranceParts): Promise<Entrance> {
    const { at, settings, log } = parts;
    const refusals = new EntranceLog(log);
    const listener = await listen<Caller>({
      ...at,
      maxConnections: CONNECTIONS_PER_LINK * Math.max(settings.links.length, MIN_LINKS) + MORE_CONNECTIONS,
      idleTimeoutMs: SILENCE_MS,
      highWaterMarkBytes: HIGH_WATER_BYTES,
      maxPendingBytes: MAX_PENDING_BYTES,
      tls: {
        ...settings.tls,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: MIN_VERSION,
        handshakeCpuPercent: HANDSHAKE_PERCENT,
        onHandshakeError: (error, address) => {
          refusals.report('warn', 'a link has failed to open', { from: formatAddress(address), error: error.message });
        },
      },
      socket: {
        open: (connection) => {
          connection.data = new Caller(parts, refusals, connection);
        },
        data: (connection, bytes) => {
          connection.data.take(bytes);
        },
        drain: (connection) => {
          connection.data.drained();
        },
        close: (connection) => {
          connection.data.ended();
        },
      },
      onError: (error) => {
        log.error('accepting domains failed', { error: error.message });
      },
    });
    return new Entrance(listener);
  }

  get address(): Address {
    return this.#listener.address;
  }

  /** Shows another certificate from now on. Connections that are open stay. */
  exchangeCertificate(tls: DomainSettings['tls']): void {
    this.#listener.setSecureContext({ ...tls, minVersion: MIN_VERSION });
  }

  close(): Promise<void> {
    return this.#listener.close({ drainMs: 0 });
  }
}
