/** Why a connection ended, in the words that the other members read. */

export const PARTINGS = {
  closed: 'Connection closed',
  reset: 'Connection reset by peer',
  timedOut: 'Connection timed out',
} as const;

/** A peer does not take what is sent to it. */
export function sendQueueExceeded(details: string): string {
  return `Max SendQ exceeded: ${details}`;
}
