/** The match of the listeners of one configuration with those of another. */
import { isDeepStrictEqual } from 'node:util';
import type { ListenerConfig } from './config/server-config.js';

/**
 * Finds, for each listener of a configuration, the one that was there before: the same one, or else one at the same
 * address. With port 0, several may be at one.
 */
export function matchListeners(
  wanted: readonly ListenerConfig[],
  before: readonly ListenerConfig[],
): ReadonlyMap<ListenerConfig, ListenerConfig> {
  return matchInTurn(wanted, before, [isSameListener, isAtSamePlace]);
}

/** Finds, for each listener of a configuration, something of its own: by the first test, or else by a later one. */
export function matchInTurn<T>(
  wanted: readonly ListenerConfig[],
  before: readonly T[],
  tests: readonly ((each: T, listener: ListenerConfig) => boolean)[],
): Map<ListenerConfig, T> {
  const left = new Set(before);
  const found = new Map<ListenerConfig, T>();
  for (const matches of tests) {
    for (const listener of wanted) {
      const match = found.has(listener) ? undefined : [...left].find((each) => matches(each, listener));
      if (match === undefined) continue;
      left.delete(match);
      found.set(listener, match);
    }
  }
  return found;
}

/** Whether two are the same but for the contents of the files that they name, which are exchanged without closing. */
export function isSameListener(one: ListenerConfig, other: ListenerConfig): boolean {
  const withoutContents = ({ tls, ...rest }: ListenerConfig): unknown => ({
    ...rest,
    tls: tls === null ? null : { ...tls, context: null, certificates: null },
  });
  return isDeepStrictEqual(withoutContents(one), withoutContents(other));
}

/** Whether two are at the same address, with the same permissions. One that was JSON has no key without a value. */
export function isAtSamePlace(
  { at: one }: Pick<ListenerConfig, 'at'>,
  { at: other }: Pick<ListenerConfig, 'at'>,
): boolean {
  if ('path' in one) {
    return 'path' in other && one.path === other.path && one.mode === other.mode && one.group === other.group;
  }
  return !('path' in other) && one.host === other.host && one.port === other.port;
}
