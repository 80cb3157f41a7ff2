/** Many connections that are sent the same bytes by one call. */
import { OWED_NOTHING } from './output-arena.js';
import { ServedConnection } from './served-connection.js';
import type { Turn } from './turn.js';

/** No turn gives this number to an audience. */
const NO_AUDIENCE = -1;

/**
 * Connections of one turn. A message to them costs the same, however many they are, until the turn ends; only then does
 * each of them get its part. The audience ends with the turn, and with every flush before that.
 */
export class Audience {
  #turn: Turn | null = null;
  #number = NO_AUDIENCE;
  #size = 0;

  /** How many connections it has had since it began. */
  get size(): number {
    return this.#size;
  }

  /** Begins again without members. */
  begin(): void {
    this.#turn = null;
    this.#number = NO_AUDIENCE;
    this.#size = 0;
  }

  /**
   * Adds the target of a write.
   *
   * @returns false if it has to be written to by itself: it is no connection without anything in between, or older
   *   bytes wait for it, or it is going to be closed
   */
  add(target: unknown): boolean {
    if (!(target instanceof ServedConnection)) return false;
    const turn = target.audienceTurn;
    if (turn === null) return false;
    if (this.#turn === null) {
      this.#turn = turn;
      this.#number = turn.beginAudience();
    } else if (this.#turn !== turn) return false;
    turn.enter(target);
    this.#size += 1;
    return true;
  }

  /**
   * Sends bytes, or the UTF-8 of a text, to all but one.
   *
   * @returns how many they are; null if the audience has ended, or that is too much for it
   */
  send(content: Uint8Array | string, except: unknown): number | null {
    const turn = this.#turn;
    if (turn === null) return null;
    const left = except instanceof ServedConnection && except.owedFrom !== OWED_NOTHING ? except : null;
    if (!turn.broadcast(this.#number, content, left)) return null;
    return left === null ? this.#size : this.#size - 1;
  }
}

/** Ends the audience that this is in, if it is a connection in one: it is to be written to by itself from now on. */
export function endAudienceOf(target: unknown): void {
  if (target instanceof ServedConnection && target.owedFrom !== OWED_NOTHING) target.endAudience();
}
