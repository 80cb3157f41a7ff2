/** The watchers of each nick (IRCv3 monitor). */
import type { Chat } from '../../chat/chat.js';
import type { Directory, PresenceObserver } from '../../chat/directory.js';
import type { Member } from '../../chat/member.js';
import { sourceOf } from './source.js';

/** A client that watches nicks. */
export interface Watcher {
  readonly member: Member;
  /** Whether it wants to know more than arrivals and departures (IRCv3 extended-monitor). */
  readonly hasExtendedMonitor: boolean;
  /** @param masks - `nick!user@host` of those who have arrived */
  monitorOnline(masks: readonly string[]): void;
  monitorOffline(nicks: readonly string[]): void;
}

/** The lists of all watchers, in both directions, so that a watcher that leaves is removed without a search. */
export class MonitorBoard implements PresenceObserver {
  readonly #directory: Directory;
  readonly #watchersOf = new Map<string, Set<Watcher>>();
  readonly #namesOf = new Map<Watcher, Map<string, string>>();

  constructor(chat: Chat) {
    this.#directory = chat.directory;
    chat.observe(this);
  }

  /** Returns the nicks that a watcher watches, as it spelled them. */
  namesOf(watcher: Watcher): string[] {
    return [...(this.#namesOf.get(watcher)?.values() ?? [])];
  }

  /** Adds a nick. @returns false if the list is full and does not contain it yet */
  add(watcher: Watcher, nick: string, limit: number): boolean {
    const key = this.#directory.fold(nick);
    const names = this.#namesOf.get(watcher) ?? new Map<string, string>();
    if (names.has(key)) return true;
    if (names.size >= limit) return false;
    names.set(key, nick);
    this.#namesOf.set(watcher, names);
    const watchers = this.#watchersOf.get(key) ?? new Set<Watcher>();
    watchers.add(watcher);
    this.#watchersOf.set(key, watchers);
    return true;
  }

  remove(watcher: Watcher, nick: string): void {
    const key = this.#directory.fold(nick);
    const names = this.#namesOf.get(watcher);
    names?.delete(key);
    if (names?.size === 0) this.#namesOf.delete(watcher);
    this.#forget(watcher, key);
  }

  /** Clears the list of a watcher. */
  clear(watcher: Watcher): void {
    for (const key of this.#namesOf.get(watcher)?.keys() ?? []) this.#forget(watcher, key);
    this.#namesOf.delete(watcher);
  }

  #forget(watcher: Watcher, key: string): void {
    const watchers = this.#watchersOf.get(key);
    watchers?.delete(watcher);
    if (watchers?.size === 0) this.#watchersOf.delete(key);
  }

  /** Returns those who watch a member. */
  watchersOf({ nick }: Pick<Member, 'nick'>): Iterable<Watcher> {
    return this.#watchersOf.get(this.#directory.fold(nick)) ?? [];
  }

  /** Whether a watcher watches a member. */
  isWatching(watcher: Watcher, { nick }: Pick<Member, 'nick'>): boolean {
    return this.#watchersOf.get(this.#directory.fold(nick))?.has(watcher) === true;
  }

  /** Yields those who watch a member and want to know more than arrivals and departures. */
  *followersOf(member: Member): Generator<Member, void> {
    for (const watcher of this.watchersOf(member)) {
      if (watcher.hasExtendedMonitor) yield watcher.member;
    }
  }

  appeared(member: Member): void {
    for (const watcher of this.watchersOf(member)) watcher.monitorOnline([sourceOf(member)]);
  }

  disappeared(nick: string): void {
    for (const watcher of this.watchersOf({ nick })) watcher.monitorOffline([nick]);
  }
}
