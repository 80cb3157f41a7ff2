/** What all verbs act on. */
import type { Core } from '../core.js';
import type { DirectoryState } from '../directory-state.js';
import type { ServerBans } from '../server-bans.js';

/** The state of one chat, and the way to change it. */
export interface Scene {
  readonly core: Core;
  readonly directory: DirectoryState;
  readonly bans: ServerBans;
}
