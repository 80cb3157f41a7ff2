/** A history in the store: a record is written with everything else of its turn. */
import type { Conversations, History, LatestQuery, LineQuery, Page, Redaction, Shelves } from '../history/history.js';
import type { Line, Shelf } from '../history/line.js';
import { type LineDraft, lineOf } from '../history/line-draft.js';
import type { Found, SearchQuery } from '../history/search-query.js';
import type { HistoryBacklog, StoreAccess } from './store-access.js';
import type { Write } from './tasks.js';
import { Turns } from './turns.js';

/**
 * Writes that the store has not taken, for example while its disk is full, are made again; beyond this number, the
 * oldest are dropped. Only packs of other nodes bring so many, or lines that have waited for another node, all at once.
 */
const MAX_UNWRITTEN = 30_000;
/** From this number on, logs take nothing more that is said. */
const FULL_UNWRITTEN = MAX_UNWRITTEN / 2;
/** After how long, in milliseconds. */
const RETRY_MS = 500;
/** The most of them that are written at once. */
const MAX_PORTION = 256;
/**
 * How many pages are read at once. A login waits for no more of them, however many people ask; and no more arrive at
 * once, so that sent pages leave memory before the next ones are there.
 */
const PAGES_AT_ONCE = 2;

/** A caller that waits until everything that had been posted when it asked is answered. */
interface Waiting {
  readonly upTo: number;
  goOn(): void;
}

/** The lines of one store. */
export class StoredHistory implements History, Shelves, HistoryBacklog {
  readonly keeps: (shelf: Shelf) => boolean;
  readonly #store: StoreAccess;
  readonly #lost: () => void;
  #posted = 0;
  /** The number of the last write up to which all are answered. */
  #answered = 0;
  /** The numbers of later writes that are answered: lines that another node is to write are answered late. */
  readonly #answeredEarly = new Set<number>();
  /** In the order in which they began to wait. */
  readonly #waiting: Waiting[] = [];
  /** Writes that have failed, in their order, and those that wait behind them. */
  readonly #unwritten: Write[] = [];
  /** How many of those have failed since the last attempt: they are the first. */
  #failed = 0;
  /** The number of the last write that is an attempt at one that had failed. */
  #postedAgain = 0;
  /** Whether some of them were dropped: only a process that applies their packs again can write them. */
  #hasDropped = false;
  /** How many are written at once: lines that have failed together may fit one by one. */
  #portion = 1;
  /** The redactions that are being written: a line that fails before one of them must not be written after it. */
  readonly #redactions = new Set<Redaction>();
  /** Callers that wait until none of them is left. */
  #whenWritten: (() => void)[] = [];
  readonly #pages = new Turns(PAGES_AT_ONCE);
  #retry: NodeJS.Timeout | null = null;
  #isClosed = false;

  /**
   * @param keeps - whether a shelf is to outlive the server
   * @param lost - called once if writes are dropped, because too many wait: another run of the server makes them again
   */
  constructor(store: StoreAccess, keeps: (shelf: Shelf) => boolean = () => true, lost: () => void = () => undefined) {
    this.#store = store;
    this.keeps = keeps;
    this.#lost = lost;
  }

  record(shelf: Shelf, line: Line | LineDraft): void {
    this.#write({ kind: 'line', shelf, line: lineOf(line) });
  }

  redact(redaction: Redaction): void {
    this.#write({ kind: 'line-redact', ...redaction });
  }

  clear(shelf: Shelf): void {
    this.#write({ kind: 'shelf-drop', shelf });
  }

  async lines(query: LineQuery): Promise<Page> {
    await this.#written();
    return this.#pages.take(() => this.#store.read('lines', query)).catch(() => ({ kind: 'unavailable' }));
  }

  async latest(query: LatestQuery): Promise<Conversations> {
    await this.#written();
    return this.#pages
      .take(() => this.#store.read('latest', query))
      .then(
        (latest) => ({ kind: 'latest', latest }),
        () => ({ kind: 'unavailable' }),
      );
  }

  async search(query: SearchQuery): Promise<Found> {
    await this.#written();
    return this.#store.search(query).catch(() => ({ kind: 'unavailable' }));
  }

  async timeOf(shelves: readonly Shelf[], msgid: string): Promise<number | null> {
    await this.#written();
    return this.#store.read('line-time', { shelves, msgid }).catch(() => null);
  }

  get isBehind(): boolean {
    return this.#unwritten.length > 0 || this.#hasDropped;
  }

  get isFull(): boolean {
    return this.#unwritten.length >= FULL_UNWRITTEN;
  }

  /**
   * Resolves when everything that has been recorded so far is stored. It waits as long as the store takes nothing, and
   * for ever if something was dropped.
   */
  async whenStored(): Promise<void> {
    do {
      await this.#written();
      if (this.isBehind) {
        await new Promise<void>((goOn) => {
          this.#whenWritten.push(goOn);
        });
      }
      // What has failed may be under way again.
    } while (this.isBehind || this.#answered < this.#postedAgain);
  }

  /** Makes no more attempts at failed writes. */
  close(): void {
    this.#isClosed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
  }

  #write(write: Write): void {
    if (this.#retry === null && this.#unwritten.length === 0) {
      this.#post(write);
      return;
    }
    this.#unwritten.push(again(write));
    this.#dropOldest();
  }

  #post(write: Write, stored: () => void = () => undefined): void {
    this.#posted += 1;
    const number = this.#posted;
    if (write.kind === 'line-redact') this.#redactions.add(write);
    this.#store.write(write, {
      written: () => {
        this.#dropRedaction(write);
        stored();
        this.#hear(number);
      },
      failed: ({ code }) => {
        this.#dropRedaction(write);
        // A write that will never be taken is as good as written: the writes behind it go on.
        if (code === 'ERR_STORE_REFUSED') stored();
        else this.#keepForLater(write);
        this.#hear(number);
      },
    });
  }

  #keepForLater(write: Write): void {
    if (!this.#isTakenBack(write)) {
      this.#unwritten.splice(this.#failed, 0, again(write));
      this.#failed += 1;
    }
    this.#portion = 1;
    this.#dropOldest();
    if (!this.#isClosed) this.#retry ??= setTimeout(this.#writeAgain, RETRY_MS);
  }

  #dropOldest(): void {
    if (this.#unwritten.length <= MAX_UNWRITTEN) return;
    this.#unwritten.shift();
    this.#failed = Math.max(this.#failed - 1, 0);
    if (!this.#hasDropped) this.#lost();
    this.#hasDropped = true;
  }

  #dropRedaction(write: Write): void {
    if (write.kind === 'line-redact') this.#redactions.delete(write);
  }

  #isTakenBack(write: Write): boolean {
    if (write.kind !== 'line') return false;
    const { shelf, line } = write;
    return [...this.#redactions].some(
      ({ msgid, shelves }) => msgid === line.msgid && shelves.some((each) => each === shelf),
    );
  }

  readonly #writeAgain = (): void => {
    this.#retry = null;
    this.#failed = 0;
    const portion = this.#unwritten.splice(0, this.#portion);
    if (this.#unwritten.length === 0) for (const goOn of this.#whenWritten.splice(0)) goOn();
    let left = portion.length;
    for (const write of portion) {
      this.#post(write, () => {
        left -= 1;
        if (left > 0) return;
        this.#portion = Math.min(this.#portion * 2, MAX_PORTION);
        this.#writeAgain();
      });
      this.#postedAgain = this.#posted;
    }
  };

  #hear(number: number): void {
    if (number > this.#answered + 1) {
      this.#answeredEarly.add(number);
      return;
    }
    this.#answered = number;
    while (this.#answeredEarly.delete(this.#answered + 1)) this.#answered += 1;
    for (let [next] = this.#waiting; next !== undefined && next.upTo <= this.#answered; [next] = this.#waiting) {
      this.#waiting.shift();
      next.goOn();
    }
  }

  /** Resolves when everything that has been recorded so far is stored, or has failed. */
  #written(): Promise<void> {
    const upTo = this.#posted;
    if (this.#answered === upTo) return Promise.resolve();
    this.#store.hurry?.();
    return new Promise((goOn) => {
      this.#waiting.push({ upTo, goOn });
    });
  }
}

/** Returns the next attempt at a write. If a line waited for another node, everything behind it would wait, too. */
function again(write: Write): Write {
  return write.kind === 'line' ? { ...write, isLate: true } : write;
}
