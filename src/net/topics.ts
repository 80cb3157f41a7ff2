/** The subscribers of each topic. */
import type { Connection } from './connection.js';
import { Publication } from './publication.js';
import type { SharedBytes } from './shared-bytes.js';
import type { Turn } from './turn.js';

/** A connection that can subscribe. */
export interface Subscriber<T> extends Connection<T> {
  /** For {@link Topics} alone: the topics it is subscribed to; null for none. */
  topics: Set<string> | null;
}

interface Topic<T> {
  readonly members: Set<Subscriber<T>>;
  /** Null after a change of the members. */
  publication: Publication<T> | null;
}

/** The topics of one listener. A topic exists while it has a subscriber. */
export class Topics<T> {
  readonly #turn: Turn;
  readonly #freeBytes: number;
  readonly #topics = new Map<string, Topic<T>>();

  /** @param freeBytes how many bytes may wait for a connection without any consequence */
  constructor(turn: Turn, freeBytes: number) {
    this.#turn = turn;
    this.#freeBytes = freeBytes;
  }

  /** Adds a subscriber. Subscribing again changes nothing. */
  subscribe(connection: Subscriber<T>, name: string): void {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = { members: new Set(), publication: null };
      this.#topics.set(name, topic);
    }
    topic.members.add(connection);
    topic.publication = null;
    (connection.topics ??= new Set()).add(name);
  }

  unsubscribe(connection: Subscriber<T>, name: string): void {
    const topic = this.#topics.get(name);
    if (topic?.members.delete(connection) !== true) return;
    topic.publication = null;
    if (topic.members.size === 0) this.#topics.delete(name);
    connection.topics?.delete(name);
  }

  /** Removes a connection from all its topics. */
  leaveAll(connection: Subscriber<T>): void {
    for (const name of connection.topics ?? []) this.unsubscribe(connection, name);
    connection.topics = null;
  }

  /**
   * Writes to the subscribers of a topic but one, in the order in which they subscribed.
   *
   * @returns how many they are
   */
  publish(name: string, bytes: string | SharedBytes, except: Connection<T> | undefined): number {
    const topic = this.#topics.get(name);
    if (topic === undefined) return 0;
    topic.publication ??= new Publication([...topic.members], this.#turn, this.#freeBytes);
    return topic.publication.publish(bytes, except);
  }
}
