/** What sends the same bytes to many outlets by one call. */
import type { Outlet } from './member.js';

/**
 * Outlets that are sent the same one time after the other. It dissolves by itself when they are to be sent something in
 * another way, when something about one of them changes, and from time to time.
 */
export interface Assembly {
  /** Begins anew, with nobody. */
  begin(): void;
  /** Adds an outlet. @returns false if it has to be sent to by itself */
  add(outlet: Outlet): boolean;
  /**
   * Sends bytes, or the UTF-8 of a text, to all but one, which need not be in it.
   *
   * @returns false if it has dissolved, or that is too much: nobody has been sent anything then
   */
  send(content: Uint8Array | string, except: Outlet | null): boolean;
}
