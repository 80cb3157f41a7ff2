/** Opens channels to another domain: over TLS, with a certificate that has the name of that domain. */
import { DialledChannel } from '../control/dialled-channel.js';
import { toError } from '../errors.js';
import type { Dial } from '../log/channel.js';
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
 * @param tls - returns the certificate to show, which may have been replaced since the last attempt
 * @param failed - called with the reason when an attempt has failed
 */
export function dialDomain(
  tls: () => DomainSettings['tls'],
  link: ReachableLink,
  failed: (error: Error) => void,
): Dial {
  const { name, at } = link;
  return (events) =>
    new DialledChannel(
      events,
      (options) =>
        connect({
          host: at.host,
          port: at.port,
          // The certificate must have the name of the domain, whatever the host is called.
          tls: {
            ...tls(),
            servername: name,
            minVersion: 'TLSv1.3',
            checkServerIdentity: (_, { raw }) =>
              isOfDomain(raw, name) ? undefined : new Error(`the certificate is not that of ${name}`),
          },
          connectTimeoutMs: CONNECT_MS,
          idleTimeoutMs: SILENCE_MS,
          highWaterMarkBytes: HIGH_WATER_BYTES,
          maxPendingBytes: MAX_PENDING_BYTES,
          ...options,
        }),
      (error) => {
        failed(toError(error));
      },
    );
}
