/** The times that a node has begun anew in its process. */
import { performance } from 'node:perf_hooks';
import type { ChatServer } from '../server/chat-server.js';
import type { Estate } from '../server/hand-over/estate.js';
import { Throttle } from '../throttle.js';

/** So often a node begins anew, at once and in a second: logs that are never sound would have it do nothing else. */
const BURST = 3;
const PER_SECOND = 1 / 60;

/** Bounds how often a node begins anew. */
export class Renewals {
  readonly #throttle = new Throttle(PER_SECOND, BURST, performance.now());

  /** Counts one. @returns false if there have been too many */
  begin(): boolean {
    return this.#throttle.take(performance.now());
  }
}

/** Ends a server for the next one of its process. @returns what that goes on with: the clients that can move */
export async function leaveForNext(server: ChatServer): Promise<Estate> {
  const estate = await server.leave('this server begins anew: please connect again');
  estate.clients.complete();
  await server.finish();
  return estate;
}
