/** Refusals as data: why the chat has not carried out a request. Each protocol words them. */
import type { Room } from './room.js';

/** The result of a verb that does nothing. */
export interface Refused<Why extends string> {
  readonly kind: 'refused';
  readonly why: Why;
  /** The room that refuses, if the member may know of it. */
  readonly room: Room | null;
}

/** Makes a refusal. */
export function refuse<Why extends string>(why: Why, room: Room | null = null): Refused<Why> {
  return { kind: 'refused', why, room };
}

/**
 * Nothing has happened: the log has not taken an entry in time, or the entry does not count, because it was there
 * before or an earlier one is missing.
 */
export type NotTaken = Refused<'not-taken'>;
export const NOT_TAKEN: NotTaken = refuse('not-taken');
