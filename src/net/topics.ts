/** The subscribers of each topic. */
import type { Connection } from './connection.js';

/** A connection that can subscribe. */
export interface Subscriber<T> extends Connection<T> {
  /** For {@link Topics} alone: the topics it is subscribed to; null for none. */
  topics: Set<string> | null;
}

interface Topic<T> {
  readonly members: Set<Subscriber<T>>;
  /** The members as an array, which is faster to walk; null after a change. */
  list: readonly Subscriber<T>[] | null;
}

/** The topics of one listener. A topic exists while it has a subscriber. */
export class Topics<T> {
  readonly #topics = new Map<string, Topic<T>>();

  /** Adds a subscriber. Subscribing again changes nothing. */
  subscribe(connection: Subscriber<T>, name: string): void {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = { members: new Set(), list: null };
      this.#topics.set(name, topic);
    }
    topic.members.add(connection);
    topic.list = null;
    (connection.topics ??= new Set()).add(name);
  }

  unsubscribe(connection: Subscriber<T>, name: string): void {
    const topic = this.#topics.get(name);
    if (topic?.members.delete(connection) !== true) return;
    topic.list = null;
    if (topic.members.size === 0) this.#topics.delete(name);
    connection.topics?.delete(name);
  }

  /** Removes a connection from all its topics. */
  leaveAll(connection: Subscriber<T>): void {
    for (const name of connection.topics ?? []) this.unsubscribe(connection, name);
    connection.topics = null;
  }

  /** The subscribers of a topic, in the order in which they subscribed. */
  members(name: string): readonly Subscriber<T>[] {
    const topic = this.#topics.get(name);
    if (topic === undefined) return [];
    topic.list ??= [...topic.members];
    return topic.list;
  }
}
