/** Sends the same bytes to many outlets in one call. */
import type { Outlet } from './member.js';

/**
 * Outlets that get the same bytes time after time. The assembly dissolves by itself when another one begins, and when
 * one of its outlets changes or falls behind.
 */
export interface Assembly {
  /** Starts again, with no outlets. */
  begin(): void;
  /** Adds an outlet. @returns false if it has to be sent to separately */
  add(outlet: Outlet): boolean;
  /** Removes an outlet, if it was added. */
  remove(outlet: Outlet): void;
  /**
   * Sends bytes, or the UTF-8 of a text, to all outlets but one, which need not be in the assembly.
   *
   * @returns false if the assembly has dissolved, or the bytes are too many: nothing has been sent then
   */
  send(content: Uint8Array | string, except: Outlet | null): boolean;
}
