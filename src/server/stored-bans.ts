/** The bans of the server, in the store. */
import type { BanStore, ServerBan } from '../chat/server-bans.js';
import type { StoredBan } from '../store/ban-writes.js';
import type { LastingWrites } from '../store/lasting-writes.js';

/** Keeps bans. Each holds from the moment in which it is set; one that a full disk does not take is stored later. */
export class StoredBans implements BanStore {
  readonly #writes: LastingWrites;
  readonly #bans: readonly ServerBan[];

  constructor(writes: LastingWrites, bans: readonly StoredBan[]) {
    this.#writes = writes;
    this.#bans = bans.flatMap(({ kind, ...ban }) =>
      kind === 'users' || kind === 'addresses' ? [{ kind, ...ban }] : [],
    );
  }

  all(): readonly ServerBan[] {
    return this.#bans;
  }

  put(ban: ServerBan): void {
    this.#writes.write(aboutOf(ban), { kind: 'ban', ban });
  }

  remove(ban: ServerBan): void {
    const { kind, mask } = ban;
    this.#writes.write(aboutOf(ban), { kind: 'unban', ban: { kind, mask } });
  }
}

function aboutOf({ kind, mask }: ServerBan): string {
  return `ban ${kind} ${mask}`;
}
