/** Many connections that are sent the same bytes by one call. */
import { ServedConnection } from './served-connection.js';
import type { Turn } from './turn.js';

/**
 * Connections of one turn. A message to them costs the same, however many they are, until the turn ends; only then does
 * each of them get its part. The audience stays from turn to turn. It ends when another one begins, when one of them
 * has to be written to by itself, and when the kernel does not take all that one of them is sent.
 */
export class Audience {
  /** Null without members. */
  #turn: Turn | null = null;
  /** The number that the turn has given it. */
  #number = 0;

  /** Begins again without members. */
  begin(): void {
    if (this.#turn?.hasAudience(this.#number) === true) this.#turn.endAudience();
    this.#turn = null;
  }

  /**
   * Adds the target of a write.
   *
   * @returns false if it has to be written to by itself: it is no connection without anything in between, or older
   *   bytes wait for it, or it is going to be closed; or if the audience has ended
   */
  add(target: unknown): boolean {
    if (!(target instanceof ServedConnection)) return false;
    const turn = target.audienceTurn;
    if (turn === null) return false;
    if (this.#turn === null) {
      this.#turn = turn;
      this.#number = turn.beginAudience();
    } else if (this.#turn !== turn || !turn.hasAudience(this.#number)) return false;
    turn.enter(target);
    return true;
  }

  /** Takes a connection out, if it is in: the others stay. */
  remove(target: unknown): void {
    if (target instanceof ServedConnection && this.#turn?.hasAudience(this.#number) === true) {
      this.#turn.leaveAudience(target);
    }
  }

  /**
   * Sends bytes, or the UTF-8 of a text, to all but one.
   *
   * @returns how many they are; null if the audience has ended, or that is too much for it
   */
  send(content: Uint8Array | string, except: unknown): number | null {
    return this.#turn?.broadcast(this.#number, content, except instanceof ServedConnection ? except : null) ?? null;
  }
}

/** Ends the audience that this is in, if it is a connection in one: it is to be written to by itself from now on. */
export function endAudienceOf(target: unknown): void {
  if (target instanceof ServedConnection) target.endAudience();
}
