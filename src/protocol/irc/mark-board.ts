/** The clients that hear how far they, or other clients of their account, have read (IRCv3 read-marker). */
import type { Shelf } from '../../history/line.js';

/** A client that hears of the marks of its owner. */
export interface MarkedClient {
  /** The owner of the marks: its account's shelf, or else that of its session. */
  readonly markOwner: Shelf;
  marked(line: string): void;
}

/** The clients that know read markers. */
export class MarkBoard {
  readonly #clients = new Set<MarkedClient>();

  put(client: MarkedClient, knows: boolean): void {
    if (knows) this.#clients.add(client);
    else this.#clients.delete(client);
  }

  /** Notifies the other clients of the same owner of a mark that has moved. */
  moved(by: MarkedClient, line: string): void {
    const { markOwner } = by;
    for (const client of this.#clients) if (client !== by && client.markOwner === markOwner) client.marked(line);
  }
}
