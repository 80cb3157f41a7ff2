/** What can happen to the page. */
import type { Incoming } from '../irc/incoming.js';
import type { Hint, MessageStyle } from './model.js';

export type PageEvent =
  /** The user signs in, and wants to be in these rooms. */
  | {
      readonly kind: 'signed-in';
      readonly nick: string;
      readonly rooms: readonly string[];
      /** Whether this goes on with a session, in which the page finds a nick by itself. */
      readonly isResumed: boolean;
    }
  | { readonly kind: 'signed-out' }
  /** The connection: an attempt begins, it is open, it is gone and will be tried again. */
  | { readonly kind: 'connecting' }
  | { readonly kind: 'opened' }
  | { readonly kind: 'lost'; readonly retryAtMs: number; readonly atMs: number }
  | { readonly kind: 'received'; readonly message: Incoming; readonly atMs: number }
  /** The user says something; `isSent` is false while there is no connection. */
  | {
      readonly kind: 'said';
      readonly key: string;
      readonly style: MessageStyle;
      readonly text: string;
      readonly label: string;
      readonly isSent: boolean;
      readonly atMs: number;
    }
  | { readonly kind: 'said-again'; readonly key: string; readonly id: number; readonly label: string }
  | { readonly kind: 'discarded'; readonly key: string; readonly id: number }
  /** A command with a label was typed in a conversation. */
  | { readonly kind: 'asked'; readonly label: string; readonly key: string }
  /** The user asks for a room, perhaps with its key. */
  | { readonly kind: 'wanted'; readonly room: string; readonly password: string }
  | { readonly kind: 'listing' }
  | { readonly kind: 'away'; readonly reason: string | null }
  | {
      readonly kind: 'hinted';
      readonly key: string;
      readonly hint: Hint;
      readonly detail: string;
      readonly atMs: number;
    }
  | { readonly kind: 'shown'; readonly key: string }
  | { readonly kind: 'talked-to'; readonly nick: string }
  | { readonly kind: 'closed'; readonly key: string }
  | { readonly kind: 'cleared'; readonly key: string }
  | { readonly kind: 'attention'; readonly isAttended: boolean };
