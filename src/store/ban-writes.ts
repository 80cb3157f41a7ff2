/** How bans of the server are written. */
import type { WritersOf } from './tasks.js';

/** A ban of the server. */
export interface StoredBan {
  readonly kind: string;
  readonly mask: string;
  readonly reason: string;
  readonly by: string;
  readonly atMs: number;
  readonly untilMs: number | null;
}

export interface BanWrites {
  readonly ban: { readonly ban: StoredBan };
  readonly unban: { readonly ban: Pick<StoredBan, 'kind' | 'mask'> };
}

export const banWrites: WritersOf<BanWrites> = {
  ban: (tables, { ban: { kind, mask, reason, by, atMs, untilMs } }) => {
    tables
      .run('INSERT OR REPLACE INTO ban(kind, mask, reason, setter, at_ms, until_ms) VALUES(?, ?, ?, ?, ?, ?)')
      .run(kind, mask, reason, by, atMs, untilMs);
    return 0;
  },
  unban: (tables, { ban: { kind, mask } }) => {
    tables.run('DELETE FROM ban WHERE kind = ? AND mask = ?').run(kind, mask);
    return 0;
  },
};
