/** Which of the nodes of a domain holds its link to another one. */
import type { HomeFacts, Relayed } from './relayed.js';

/** A node that holds the link. */
export interface Tenant {
  /** Null if it has given the link up. */
  readonly node: string | null;
  /** The number of the pack in which it has claimed the link; 0 if nobody has. */
  readonly term: number;
}

/** Decides by the order of the log, so that all nodes decide alike. */
export class Tenure {
  #tenant: Tenant = { node: null, term: 0 };
  #home: HomeFacts | null = null;

  get tenant(): Tenant {
    return this.#tenant;
  }

  /** The greeting of the other domain; null while the link is down. */
  get home(): HomeFacts | null {
    return this.#home;
  }

  /** Applies a message. @returns whether another node holds the link from now on, or nobody */
  apply(seq: number, node: string, message: Relayed): boolean {
    const { term } = this.#tenant;
    switch (message.kind) {
      case 'claim':
        return message.after === term && this.#begin({ node, term: seq });
      case 'resign':
        return message.term === term && this.#begin({ node: null, term });
      case 'held': {
        // A node that has begun to read after the claim learns of it by this.
        const isNew = message.term > term && this.#begin({ node, term: message.term });
        if (message.term === this.#tenant.term) this.#home = message.home;
        return isNew;
      }
      default:
        return false;
    }
  }

  #begin(tenant: Tenant): true {
    this.#tenant = tenant;
    this.#home = null;
    return true;
  }
}
