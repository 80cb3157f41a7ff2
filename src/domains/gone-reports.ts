/** Reports to the home of rooms which nodes of this domain are gone. */
import { nodeOf } from '../chat/gone-nodes.js';
import type { Heir } from '../log/entry.js';
import { isPlainSession } from './customs.js';

/** The nodes that are gone, as this node knows them. */
export interface GoneFacts {
  /** Differs from every earlier number if more nodes are gone. */
  readonly goneVersion: () => number;
  readonly goneNodes: () => readonly string[];
  /** Returns the sessions on gone nodes whose members continue under other ones. */
  readonly heirs: () => readonly Heir[];
}

/** Reports each node once for each connection, and again for each room that is followed. */
export class GoneReports {
  readonly #facts: GoneFacts;
  readonly #lineage: string;
  #version: number | null = null;
  /** The nodes that the home knows to be gone. */
  #told = new Set<string>();

  /** @param lineage - the beginning of the sessions of this domain there */
  constructor(facts: GoneFacts, lineage: string) {
    this.#facts = facts;
    this.#lineage = lineage;
  }

  /** The home may not know of any. */
  restart(): void {
    this.#version = null;
    this.#told = new Set();
  }

  /** The home learns of a node in another way. @returns false if it knows of that */
  add(node: string): boolean {
    if (this.#told.has(node)) return false;
    this.#told.add(node);
    return true;
  }

  /**
   * Reports the nodes that the home does not know. It costs nothing if no other node is gone since the last call.
   *
   * @param isMeant - whether a node concerns this one
   */
  report(
    send: (node: string, heirs: readonly Heir[]) => void,
    isMeant: (node: string, heirs: readonly Heir[]) => boolean = () => true,
  ): void {
    const version = this.#facts.goneVersion();
    if (version === this.#version) return;
    this.#version = version;
    const heirs = byNode(this.#facts.heirs());
    const gone = this.#facts.goneNodes();
    for (const node of gone) {
      const own = heirs.get(node) ?? [];
      // A node that cannot have had members has no name elsewhere.
      const isKnown = this.#told.has(node) || !isPlainSession(`${this.#lineage}${node}.1`);
      if (!isKnown && isMeant(node, own)) send(node, own);
    }
    // A node that has a later incarnation among them needs no report any more.
    this.#told = new Set(gone);
  }
}

function byNode(heirs: readonly Heir[]): Map<string, Heir[]> {
  const found = new Map<string, Heir[]>();
  for (const heir of heirs) {
    const node = nodeOf(heir[0]);
    const known = found.get(node);
    if (known === undefined) found.set(node, [heir]);
    else known.push(heir);
  }
  return found;
}
