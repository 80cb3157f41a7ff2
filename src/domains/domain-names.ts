/** The names of domains, and their effect on the names of rooms, sessions and people. */
import { createHash } from 'node:crypto';
import type { LogName } from '../log/entry.js';

/** Whether a text is the name of a domain: at least two labels of lower-case letters, digits and hyphens. */
export function isDomainName(text: string): boolean {
  return text.length <= 63 && /^(?=.*[a-z])[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)+$/.test(text);
}

/**
 * Returns the beginning of a domain's sessions in other domains. Its nodes count their incarnations in its store, so
 * those of another store must not be taken for them: other domains remember which are gone.
 *
 * @param store - a text that no other store has
 */
export function lineageOf(store: string): string {
  return `x${createHash('sha256').update(store).digest('hex').slice(0, 8)}-`;
}

/** The parts of a room's name. */
export interface PlacedName {
  /** The name at home. */
  readonly room: string;
  readonly domain: string;
}

/** Splits the name of a room in another domain; null for any other name. */
export function placeOfRoom(name: string): PlacedName | null {
  const at = name.lastIndexOf(':');
  if (at < 2) return null;
  const domain = name.slice(at + 1).toLowerCase();
  return isDomainName(domain) ? { room: name.slice(0, at), domain } : null;
}

/** Returns the name of a room of a domain elsewhere. */
export function roomAbroad({ room, domain }: PlacedName): string {
  return `${room}:${domain}`;
}

/** Returns the name of its log. */
export function logAbroad(place: PlacedName): LogName {
  return `r:${roomAbroad(place)}`;
}

/** Returns the place of a room's log; null if the room is not in another domain. */
export function placeOfLog(log: LogName): PlacedName | null {
  return log.startsWith('r:') ? placeOfRoom(log.slice('r:'.length)) : null;
}

/**
 * Returns the label behind the nicks of people from each domain: the first label of its name, or all of the name if
 * another domain has the same first label.
 */
export function labelsOf(names: readonly string[]): ReadonlyMap<string, string> {
  const firstOf = (name: string): string => name.slice(0, name.indexOf('.'));
  return new Map(
    names.map((name) => {
      const isAlone = names.every((other) => other === name || firstOf(other) !== firstOf(name));
      return [name, isAlone ? firstOf(name) : name];
    }),
  );
}
