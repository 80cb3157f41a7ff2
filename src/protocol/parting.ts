/** Why a connection ended, in the words that the other members read. */

export const PARTINGS = {
  closed: 'Connection closed',
  reset: 'Connection reset by peer',
  timedOut: 'Connection timed out',
} as const;

/** Words the end of a peer that takes nothing. */
export function tookNothing(ms: number): string {
  return `Read nothing for ${Math.round(ms / 1000)} seconds`;
}

/** Words the end of a peer that reads too slowly. */
export function sendQueueExceeded(details: string): string {
  return `Max SendQ exceeded: ${details}`;
}
