/** Everything that can happen to the page. */
import type { Incoming } from '../irc/incoming.js';
import type { Hint, LoginWish, MessageStyle } from './model.js';

export type PageEvent =
  /** The user signs in, and wants to be in these rooms. */
  | {
      readonly kind: 'signed-in';
      readonly nick: string;
      readonly rooms: readonly string[];
      /** Whether this goes on with a session, in which the page finds a nick by itself. */
      readonly isResumed: boolean;
      readonly login: LoginWish;
    }
  /** The user, who is in the chat, logs in, or makes an account. */
  | { readonly kind: 'login-wanted'; readonly wish: LoginWish; readonly account: string }
  /** The user has got the code for its account, or gives it up. */
  | { readonly kind: 'code-sent' }
  | { readonly kind: 'code-dropped' }
  /** NickServ was asked to change something about the account. */
  | { readonly kind: 'service-asked'; readonly label: string }
  /** NickServ was asked for the devices of the account. */
  | { readonly kind: 'devices-asked'; readonly label: string }
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
  /** The user wants lines of the history: those before the first, those that are missing, those around a message. */
  | { readonly kind: 'earlier-wanted'; readonly key: string }
  | { readonly kind: 'missing-wanted'; readonly key: string; readonly id: number }
  | { readonly kind: 'place-wanted'; readonly name: string; readonly messageId: string }
  /** The log shows the message that was looked for. */
  | { readonly kind: 'place-shown'; readonly key: string }
  /** The server has been told how far the user has read. */
  | { readonly kind: 'marked' }
  /** The user searches; `place` is the conversation, or empty for all. */
  | { readonly kind: 'searched'; readonly words: string; readonly place: string }
  | { readonly kind: 'more-searched' }
  | { readonly kind: 'attention'; readonly isAttended: boolean };
