/** A room's log applied from nothing by the rules alone, without the code under test. */
import type { Entry } from '../../../src/log/entry.js';
import type { Happening } from './record.js';

/** A pack as the broker keeps it. */
export interface NumberedPack {
  readonly seq: number;
  readonly entries: readonly Entry[];
}

/** The name of a session's node, and its incarnation. */
function nodeOf(name: string): { readonly node: string; readonly incarnation: number } {
  const [node = '', incarnation = ''] = name.split('.');
  return { node, incarnation: Number(incarnation) };
}

/**
 * Returns what has happened in a room. An entry counts if its number is the one after the last of its session, so a
 * second copy counts for nothing; a message of one who is not inside is refused. A node that is gone is gone with all
 * its earlier incarnations, and nothing that their sessions still say counts.
 *
 * @param isSingle - whether a single server has written it: it says nothing of those who were inside when it was
 * killed, and they are gone when it writes again
 */
export function happeningsOf(packs: readonly NumberedPack[], isSingle = false): Happening[] {
  const last = new Map<string, number>();
  const inside = new Map<string, string>();
  const gone = new Map<string, number>();
  const isGone = (session: string): boolean => {
    const { node, incarnation } = nodeOf(session);
    return incarnation <= (gone.get(node) ?? -1);
  };
  const found: Happening[] = [];
  for (const { seq, entries } of packs) {
    for (const [part, entry] of entries.entries()) {
      const { session, n } = entry;
      const leave = (one: string): void => {
        const nick = inside.get(one);
        if (nick === undefined) return;
        inside.delete(one);
        found.push({ seq, part, kind: 'left', session: one, nick });
      };
      if (entry.kind === 'gone') {
        const { node, incarnation } = nodeOf(entry.node);
        gone.set(node, Math.max(incarnation, gone.get(node) ?? -1));
        for (const one of [...inside.keys()]) if (isGone(one)) leave(one);
        continue;
      }
      const { node, incarnation } = nodeOf(session);
      if (isSingle && incarnation - 1 > (gone.get(node) ?? -1)) {
        gone.set(node, incarnation - 1);
        for (const one of [...inside.keys()]) if (isGone(one)) leave(one);
      }
      if (isGone(session)) continue;
      if (n !== (last.get(session) ?? 0) + 1) continue;
      last.set(session, n);
      switch (entry.kind) {
        case 'join':
          if (inside.has(session)) break;
          inside.set(session, entry.who.nick);
          found.push({ seq, part, kind: 'joined', session, nick: entry.who.nick });
          break;
        case 'say':
          if (inside.has(session)) found.push({ seq, part, kind: 'said', session, text: entry.text });
          break;
        case 'identity':
          if (inside.has(session)) inside.set(session, entry.who.nick);
          break;
        case 'part':
        case 'over':
          leave(session);
          break;
        default:
      }
    }
  }
  return found;
}
