/** What all verbs act on. */
import type { DirectoryState } from '../directory-state.js';
import type { Publisher } from '../publisher.js';
import type { ServerBans } from '../server-bans.js';

/** The state of one chat, and the way of its events. */
export interface Scene {
  readonly directory: DirectoryState;
  readonly publisher: Publisher;
  readonly bans: ServerBans;
  /** Returns a name that no other message of this chat has. */
  readonly newMessageId: () => string;
}
