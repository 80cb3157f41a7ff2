/** A history that a server asks as something outside it: the answers can be recorded. */
import { hasKind, type Outside } from '../../accounts/observed-accounts.js';
import type { Conversations, LatestQuery, LineQuery, Page, Redaction } from '../../history/history.js';
import type { Line, Shelf } from '../../history/line.js';
import type { LineDraft } from '../../history/line-draft.js';
import type { Found, SearchQuery } from '../../history/search-query.js';
import type { KeptHistory } from './histories.js';

const isPage = hasKind<Page>('lines', 'unknown-message', 'unavailable');
const isConversations = hasKind<Conversations>('latest', 'unavailable');
const isFound = hasKind<Found>('found', 'busy', 'unavailable');
const isTime = (value: unknown): value is number | null => value === null || typeof value === 'number';

/** A history that can be closed. */
interface ClosableHistory extends KeptHistory {
  close(): void;
}

/** Asks the history of a store. Its writes have no answers, so a recording does without them. */
export class OutsideHistory implements KeptHistory {
  readonly #history: ClosableHistory;
  readonly #outside: Outside;

  constructor(history: ClosableHistory, outside: Outside) {
    this.#history = history;
    this.#outside = outside;
  }

  keeps(shelf: Shelf): boolean {
    return this.#history.keeps(shelf);
  }

  record(shelf: Shelf, line: Line | LineDraft): void {
    this.#history.record(shelf, line);
  }

  redact(redaction: Redaction): void {
    this.#history.redact(redaction);
  }

  clear(shelf: Shelf): void {
    this.#history.clear(shelf);
  }

  lines(query: LineQuery): Promise<Page> {
    return this.#outside(() => this.#history.lines(query), isPage);
  }

  latest(query: LatestQuery): Promise<Conversations> {
    return this.#outside(() => this.#history.latest(query), isConversations);
  }

  search(query: SearchQuery): Promise<Found> {
    return this.#outside(() => this.#history.search(query), isFound);
  }

  timeOf(shelves: readonly Shelf[], msgid: string): Promise<number | null> {
    return this.#outside(() => this.#history.timeOf(shelves, msgid), isTime);
  }

  /** Makes no more attempts at failed writes. */
  close(): void {
    this.#history.close();
  }
}
