/** The question to the nodes of a domain which of their people are in a room. */
import { list, text } from '../log/shape.js';
import type { Relayed } from './relayed.js';

/** A node that has not answered after this time, in milliseconds, has nobody in the room: one that is gone is known. */
const PATIENCE_MS = 10_000;
const MAX_SESSIONS = 1_000_000;
const isSessions = list(text(400), MAX_SESSIONS);

/** The parts of the question. */
export interface RollCallParts {
  readonly isGone: (node: string) => boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Call {
  readonly number: number;
  readonly sinceMs: number;
  /** The nodes that have not answered. */
  readonly nodes: Set<string>;
  readonly inside: Set<string>;
  readonly then: (inside: ReadonlySet<string>) => void;
}

/** Returns the bytes of an answer. */
export function encodeSessions(sessions: Iterable<string>): Uint8Array {
  return new TextEncoder().encode(JSON.stringify([...sessions]));
}

/** Asks one question at a time. */
export class RollCall {
  readonly #parts: RollCallParts;
  #number = 0;
  #call: Call | null = null;

  constructor(parts: RollCallParts) {
    this.#parts = parts;
  }

  /**
   * Asks some nodes. Only the last question is answered.
   *
   * @param then - called with the sessions that they have inside, as soon as all have answered that can
   * @returns the number of the question
   */
  begin(nodes: Iterable<string>, then: Call['then']): number {
    this.#number += 1;
    const sinceMs = this.#parts.now();
    this.#call = { number: this.#number, sinceMs, nodes: new Set(nodes), inside: new Set(), then };
    return this.#number;
  }

  /** A node has answered. */
  answered(node: string, { call: number }: Extract<Relayed, { kind: 'inside' }>, body: Uint8Array): void {
    const call = this.#call;
    if (call?.number !== number) return;
    const sessions: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    if (isSessions(sessions)) for (const session of sessions) call.inside.add(session);
    call.nodes.delete(node);
    this.tick();
  }

  /** Waits no longer for nodes that are gone, or late. */
  tick(): void {
    const call = this.#call;
    if (call === null) return;
    const { isGone, now } = this.#parts;
    for (const node of call.nodes) if (isGone(node)) call.nodes.delete(node);
    if (call.nodes.size > 0 && now() - call.sinceMs < PATIENCE_MS) return;
    this.#call = null;
    call.then(call.inside);
  }

  /** Nobody needs the answers any more. */
  drop(): void {
    this.#call = null;
  }
}
