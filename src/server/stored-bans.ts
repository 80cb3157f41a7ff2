/** The bans of the server, in the store. */
import type { BanStore, ServerBan } from '../chat/server-bans.js';
import type { StoredBan } from '../store/ban-writes.js';
import type { Store } from '../store/store.js';

/** Keeps bans. Each holds from the moment in which it is set, whether it is stored then or not. */
export class StoredBans implements BanStore {
  readonly #store: Store;
  readonly #bans: readonly ServerBan[];

  constructor(store: Store, bans: readonly StoredBan[]) {
    this.#store = store;
    this.#bans = bans.flatMap(({ kind, ...ban }) =>
      kind === 'users' || kind === 'addresses' ? [{ kind, ...ban }] : [],
    );
  }

  all(): readonly ServerBan[] {
    return this.#bans;
  }

  put(ban: ServerBan): void {
    this.#store.write({ kind: 'ban', ban });
  }

  remove({ kind, mask }: ServerBan): void {
    this.#store.write({ kind: 'unban', ban: { kind, mask } });
  }
}
