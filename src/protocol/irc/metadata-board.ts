/** The subscriptions of clients to keys of metadata (IRCv3 metadata). */
import type { Chat } from '../../chat/chat.js';
import type { EventOf } from '../../chat/event.js';
import type { Member } from '../../chat/member.js';
import { MAX_SUBSCRIPTIONS } from './metadata-limits.js';

/** A client that has subscribed to keys. */
export interface Subscriber {
  readonly member: Member;
  /** Something that it may want to hear of has changed. */
  annotated(event: EventOf<'annotated'>, key: string): void;
}

/** The subscriptions of all clients, in both directions, so that a client that leaves is removed without a search. */
export class MetadataBoard {
  readonly #subscribersOf = new Map<string, Set<Subscriber>>();
  readonly #keysOf = new Map<Subscriber, Set<string>>();

  constructor(chat: Chat) {
    chat.observeNotes((event, answered) => {
      this.#annotated(event, answered);
    });
  }

  /** The keys that a client has subscribed to, in that order. */
  keysOf(subscriber: Subscriber): readonly string[] {
    return [...(this.#keysOf.get(subscriber) ?? [])];
  }

  /** Subscribes a client to a key. */
  add(subscriber: Subscriber, key: string): 'added' | 'known' | 'full' {
    const keys = this.#keysOf.get(subscriber) ?? new Set();
    // At the limit no key is looked at any more, not even one that is known (metadata, "Subscription Examples").
    if (keys.size >= MAX_SUBSCRIPTIONS) return 'full';
    if (keys.has(key)) return 'known';
    this.#keysOf.set(subscriber, keys.add(key));
    const subscribers = this.#subscribersOf.get(key) ?? new Set();
    this.#subscribersOf.set(key, subscribers.add(subscriber));
    return 'added';
  }

  remove(subscriber: Subscriber, key: string): void {
    const keys = this.#keysOf.get(subscriber);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOf.delete(subscriber);
    const subscribers = this.#subscribersOf.get(key);
    subscribers?.delete(subscriber);
    if (subscribers?.size === 0) this.#subscribersOf.delete(key);
  }

  /** Forgets everything that a client has subscribed to. */
  clear(subscriber: Subscriber): void {
    for (const key of this.keysOf(subscriber)) this.remove(subscriber, key);
  }

  #annotated(event: EventOf<'annotated'>, answered: Member | null): void {
    for (const [key] of event.changes) {
      for (const subscriber of this.#subscribersOf.get(key) ?? []) {
        if (subscriber.member !== answered) subscriber.annotated(event, key);
      }
    }
  }
}
