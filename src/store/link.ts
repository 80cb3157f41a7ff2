/** A connection to a database server that is made again whenever it is lost. */
import { performance } from 'node:perf_hooks';
import { toError } from '../errors.js';

/** How long after a failure, in milliseconds, the next attempt begins. */
const RETRY_MS = 200;

/** One connection. Statements must not overlap. */
export interface LinkConnection<Statement, Reply> {
  /** An error leaves the connection usable unless it is lost. */
  query(statement: Statement): Promise<Reply>;
  /** Ends it at once, whatever is under way. */
  destroy(): void;
}

/** The choices of a {@link Link}. */
export interface LinkOptions<Statement, Reply> {
  /** Connects. @param lost - is called once if the connection ends by itself */
  readonly connect: (lost: (why: Error) => void) => Promise<LinkConnection<Statement, Reply>>;
  /** How long a statement may take, in milliseconds, before the connection counts as lost. */
  readonly timeoutMs: number;
  /** Makes each new connection ready for use. If it rejects, that counts as a failed attempt. */
  readonly prepare?: (run: (statement: Statement) => Promise<Reply>) => Promise<void>;
  readonly found?: () => void;
  readonly lost?: (why: Error) => void;
}

/** The database cannot be reached at the moment. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** One connection at a time: neither attempts nor statements overlap. */
export class Link<Statement, Reply> {
  readonly #options: LinkOptions<Statement, Reply>;
  #connection: LinkConnection<Statement, Reply> | null = null;
  /** The task under way, and everything that waits for it. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #isPrepared = false;
  #problem: Error | null = null;
  #retry: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(options: LinkOptions<Statement, Reply>) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#isPrepared;
  }

  /** Why the last attempt to connect has failed; null if it has not. */
  get problem(): Error | null {
    return this.#problem;
  }

  /** Whether statements are under way. */
  get isBusy(): boolean {
    return this.#waiting > 0;
  }

  /** Begins to connect, and goes on until it is closed. */
  open(): void {
    void this.connect().catch(() => undefined);
  }

  /** Connects; if that fails, it is tried again in a while. @throws the error of the first attempt */
  async connect(): Promise<void> {
    try {
      const connection = await this.#options.connect((why) => {
        this.drop(why);
      });
      if (this.#isClosed) {
        connection.destroy();
        return;
      }
      this.#connection = connection;
      await this.#options.prepare?.((statement) => this.#timed(connection, statement));
      if (this.#connection !== connection) throw new Unreachable('the connection was lost at once');
      this.#isPrepared = true;
      this.#problem = null;
      this.#options.found?.();
    } catch (error) {
      this.#problem = toError(error);
      this.#connection?.destroy();
      this.#connection = null;
      this.#connectLater();
      throw error;
    }
  }

  #connectLater(): void {
    if (this.#isClosed || this.#retry !== null) return;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.open();
    }, RETRY_MS);
  }

  /** Has several statements carried out with nothing in between. @throws errors of the database, {@link Unreachable} */
  use<T>(work: (run: (statement: Statement) => Promise<Reply>) => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const before = this.#last;
    const result = (async () => {
      await before;
      try {
        return await this.#work(work);
      } finally {
        this.#waiting -= 1;
      }
    })();
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Has one statement carried out. @throws errors of the database, {@link Unreachable} */
  query(statement: Statement): Promise<Reply> {
    return this.use((run) => run(statement));
  }

  #work<T>(work: (run: (statement: Statement) => Promise<Reply>) => Promise<T>): Promise<T> {
    const connection = this.#connection;
    if (connection === null || !this.#isPrepared) throw new Unreachable('the database cannot be reached');
    return work((statement) => this.#timed(connection, statement));
  }

  async #timed(connection: LinkConnection<Statement, Reply>, statement: Statement): Promise<Reply> {
    if (connection !== this.#connection) throw new Unreachable('the connection was lost');
    const begun = performance.now();
    const watch = setTimeout(() => {
      this.drop(new Error(`no answer from the database in ${Math.round(performance.now() - begun)} ms`));
    }, this.#options.timeoutMs);
    try {
      return await connection.query(statement);
    } finally {
      clearTimeout(watch);
    }
  }

  /** Gives the connection up; a new one is made. */
  drop(why: Error): void {
    const wasPrepared = this.#isPrepared;
    this.#connection?.destroy();
    this.#connection = null;
    this.#isPrepared = false;
    if (this.#isClosed || !wasPrepared) return;
    this.#connectLater();
    this.#options.lost?.(why);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.drop(new Unreachable('the link is closed'));
  }
}
