/** The nodes that have stopped, as reported by one log. */

/**
 * The most names that are known at once. If each new node gets a new name, they would add up. The entries of a node
 * whose name is the oldest of this many have arrived long ago.
 */
const MAX_NAMES = 1_000;

/** A node: a name, which all its incarnations have, and the number of the incarnation. */
export interface Incarnation {
  readonly name: string;
  readonly number: number;
}

/**
 * The last incarnation of each node that is gone. All before it are gone as well, so there is one number for each name,
 * however often a node has stopped. Processes with the same log forget the same nodes.
 */
export class GoneNodes {
  readonly #last = new Map<string, number>();
  #version = 0;

  /** Grows whenever a node is noted that was not known to be gone. */
  get version(): number {
    return this.#version;
  }

  /** Notes that a node is gone. @returns false if that was known */
  add(node: string): boolean {
    if (this.has(node)) return false;
    this.#version += 1;
    const { name, number } = incarnationOf(node);
    // A key that is set again moves to the end of the map: the first one has been gone for longest.
    this.#last.delete(name);
    this.#last.set(name, number);
    for (const oldest of this.#last.keys()) {
      if (this.#last.size <= MAX_NAMES) break;
      this.#last.delete(oldest);
    }
    return true;
  }

  /** Whether a node, `name.incarnation`, is gone. */
  has(node: string): boolean {
    if (this.#last.size === 0) return false;
    const { name, number } = incarnationOf(node);
    const last = this.#last.get(name);
    return last !== undefined && number <= last;
  }

  /** Whether the node of a session is gone. */
  hasSession(session: string): boolean {
    return this.#last.size > 0 && this.has(nodeOf(session));
  }

  /** The last incarnation of each node, in the order in which they stopped. */
  nodes(): string[] {
    return [...this.#last].map(([name, number]) => `${name}.${number}`);
  }

  restore(nodes: readonly string[]): void {
    for (const node of nodes) this.add(node);
  }
}

/** The node of a session, `name.incarnation.number`. */
export function nodeOf(session: string): string {
  return session.slice(0, Math.max(0, session.lastIndexOf('.')));
}

/** Whether a text is a node in the form of {@link GoneNodes.nodes}. */
export function isNode(text: string): boolean {
  return /^.+\.[1-9]\d*$/s.test(text) && Number.isSafeInteger(Number(text.slice(text.lastIndexOf('.') + 1)));
}

/** Returns a function that reports whether a session is over when a node is gone. */
export function sessionsOf(node: string): (session: string) => boolean {
  const gone = new GoneNodes();
  gone.add(node);
  return (session) => gone.hasSession(session);
}

/** The name that all incarnations of a node share. */
export function nameOf(node: string): string {
  return incarnationOf(node).name;
}

/** The incarnation before one, if there is any. */
export function formerOf(node: string): string | null {
  const { name, number } = incarnationOf(node);
  return number > 1 ? `${name}.${number - 1}` : null;
}

/** Returns the parts of a node, `name.incarnation`. */
export function incarnationOf(node: string): Incarnation {
  const dot = node.lastIndexOf('.');
  const number = Number(node.slice(dot + 1));
  // A name without a number has one incarnation.
  return dot > 0 && Number.isSafeInteger(number) && number > 0
    ? { name: node.slice(0, dot), number }
    : { name: node, number: 1 };
}
