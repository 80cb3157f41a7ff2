/** Opens channels to another domain: over TLS, with a certificate that has the name of that domain. */
import { ConnectionChannel } from '../control/connection-channel.js';
import type { Channel, ChannelEvents, Dial } from '../log/channel.js';
import { connect } from '../net/connect.js';
import { isOfDomain } from './certificate.js';
import { SILENCE_MS } from './messages.js';
import type { DomainSettings, LinkSettings } from './settings.js';

/** How long an address may take to answer, in milliseconds. */
const CONNECT_MS = 10_000;
/** The most bytes that wait for another domain: more than the largest room. */
export const MAX_PENDING_BYTES = 67_108_864;
/** At this number of waiting bytes, everything that can wait does. */
export const HIGH_WATER_BYTES = 1_048_576;

/** A domain whose rooms people here can enter. */
export type ReachableLink = LinkSettings & { readonly at: NonNullable<LinkSettings['at']> };

/**
 * Returns a function that opens a channel to a domain.
 *
 * @param failed - called with the reason when an attempt has failed
 */
export function dialDomain(tls: DomainSettings['tls'], link: ReachableLink, failed: (error: Error) => void): Dial {
  return (events) => new Dialled(tls, link, events, failed);
}

/** A channel, from the attempt to open it to its end. */
class Dialled implements Channel {
  readonly #events: ChannelEvents;
  readonly #abort = new AbortController();
  #channel: ConnectionChannel | null = null;
  #isClosed = false;

  constructor(tls: DomainSettings['tls'], link: ReachableLink, events: ChannelEvents, failed: (error: Error) => void) {
    this.#events = events;
    // Events follow after the constructor has returned.
    process.nextTick(() => void this.#open(tls, link, failed));
  }

  async #open(
    tls: DomainSettings['tls'],
    { name, at: { host, port } }: ReachableLink,
    failed: (error: Error) => void,
  ): Promise<void> {
    try {
      const connection = await connect({
        host,
        port,
        // The certificate must have the name of the domain, whatever the host is called.
        tls: {
          ...tls,
          servername: name,
          minVersion: 'TLSv1.3',
          checkServerIdentity: (_, { raw }) =>
            isOfDomain(raw, name) ? undefined : new Error(`the certificate is not that of ${name}`),
        },
        connectTimeoutMs: CONNECT_MS,
        idleTimeoutMs: SILENCE_MS,
        highWaterMarkBytes: HIGH_WATER_BYTES,
        maxPendingBytes: MAX_PENDING_BYTES,
        signal: this.#abort.signal,
        socket: {
          data: (_, bytes) => {
            if (!this.#isClosed) this.#events.received(bytes);
          },
          drain: () => {
            this.#events.drained();
          },
          close: () => {
            this.close();
          },
        },
      });
      if (this.#isClosed) {
        connection.destroy();
        return;
      }
      this.#channel = new ConnectionChannel(connection);
      this.#events.opened();
    } catch (error) {
      if (!this.#isClosed && error instanceof Error) failed(error);
      this.close();
    }
  }

  send(bytes: Uint8Array): void {
    this.#channel?.send(bytes);
  }

  get isFull(): boolean {
    return this.#channel?.isFull ?? true;
  }

  pause(): void {
    this.#channel?.pause();
  }

  resume(): void {
    this.#channel?.resume();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#abort.abort();
    this.#channel?.close();
    process.nextTick(() => {
      this.#events.closed();
    });
  }
}
