/** A line from the server while it is handled. */
import type { Incoming } from '../irc/incoming.js';
import { keyOf } from './conversations.js';
import type { Stamp, State } from './model.js';

export interface Reception {
  readonly message: Incoming;
  readonly stamp: Stamp;
  /** The label of the command that this answers; empty if it answers none. */
  readonly label: string;
  /** Whether the user itself is the source. */
  readonly isOwn: boolean;
  /** A parameter; empty if there is none. */
  readonly param: (index: number) => string;
}

export type Handler = (state: State, reception: Reception) => State;

/** Returns the place of an answer: where the command was typed, else the conversation that it names, or `otherwise`. */
export function placeOf(state: State, { label, message }: Reception, otherwise: string): string {
  const origin = label === '' ? undefined : state.origins.get(label);
  if (origin !== undefined && state.conversations.has(origin)) return origin;
  const named = message.params
    .slice(1, -1)
    .map((param) => keyOf(state, param))
    .find((key) => key !== '' && state.conversations.has(key));
  return named ?? otherwise;
}
