/** The way of letters between a link and the connection that this node holds for all nodes. */
import type { Tell, Told } from './messages.js';

/** The letters of a link. */
export interface LetterBoxEvents {
  /** The home carries letters over a new connection. */
  open(): void;
  /** @returns false for a message that the home may not send */
  hear(message: Tell | Told, body: Uint8Array): boolean;
  /** The connection is lost. */
  lost(): void;
}

/** Both ends set their part when they are made. */
export class Postal {
  /** The letters; null for a node without a link. */
  box: LetterBoxEvents | null = null;
  /** Sends something over the connection, if this node holds one. */
  send: (message: Tell | Told, body?: Uint8Array) => void = () => undefined;
}
