/** Reports to the home of rooms which nodes of this domain are gone. */
import { isPlainSession } from './customs.js';

/** The nodes that are gone, as this node knows them. */
export interface GoneFacts {
  /** Differs from every earlier number if more nodes are gone. */
  readonly goneVersion: () => number;
  readonly goneNodes: () => readonly string[];
}

/** Reports each node once for each connection, and again for each room that is followed. */
export class GoneReports {
  readonly #facts: GoneFacts;
  readonly #lineage: string;
  #version: number | null = null;
  /** The nodes that the home knows to be gone. */
  #told: ReadonlySet<string> = new Set();

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

  /** Reports the nodes that the home does not know. It costs nothing if no other node is gone since the last call. */
  report(send: (node: string) => void): void {
    const version = this.#facts.goneVersion();
    if (version === this.#version) return;
    this.#version = version;
    const gone = this.#facts.goneNodes();
    for (const node of gone) {
      // A node that cannot have had members has no name elsewhere.
      if (!this.#told.has(node) && isPlainSession(`${this.#lineage}${node}.1`)) send(node);
    }
    this.#told = new Set(gone);
  }
}
