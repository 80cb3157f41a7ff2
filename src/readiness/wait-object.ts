/** The base of `Epoll` and `Poll`: one wait at a time, until the object is closed. */
import { inspect, type InspectOptions } from 'node:util';
import { busyError, closedError } from '../errors.js';
import { summary } from '../inspect.js';
import { AsyncWait } from './async-wait.js';
import { LoopWait, type LoopWaitSource } from './loop-wait.js';

export abstract class WaitObject<Event> implements Disposable {
  readonly #className: string;
  readonly #what: string;
  readonly #loop: LoopWait;
  readonly #wait: AsyncWait<Event[]>;
  #closed = false;

  /**
   * @param className the name that util.inspect shows
   * @param what this object's name in the error of a later call: 'the poll object'
   * @param look makes the real call with a timeout of zero
   * @param nothing returns the result of a wait whose time is up
   */
  protected constructor(
    className: string,
    what: string,
    source: LoopWaitSource,
    { look, nothing }: { readonly look: () => Event[]; readonly nothing: () => Event[] },
  ) {
    this.#className = className;
    this.#what = what;
    this.#loop = new LoopWait(source);
    this.#wait = new AsyncWait(this.#loop, {
      look: () => {
        const events = look();
        return events.length === 0 ? undefined : events;
      },
      nothing,
    });
  }

  /** Whether {@link close} was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** A wait under way keeps the process alive (the default). */
  ref(): this {
    this.#wait.ref();
    return this;
  }

  /** A wait under way does not keep the process alive. */
  unref(): this {
    this.#wait.unref();
    return this;
  }

  /** Whether a wait under way keeps the process alive. */
  hasRef(): boolean {
    return this.#loop.hasRef();
  }

  /** Ends a wait under way with ERR_CLOSED. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wait.close(closedError(this.#what));
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** For util.inspect and console.log: the class and the state. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    return summary(this.#className, this.inspected(), depth, options);
  }

  /** The fields that util.inspect shows besides the class. @internal */
  protected abstract inspected(): Readonly<Record<string, unknown>>;

  /** @internal @throws ERR_CLOSED */
  protected checkOpen(): void {
    if (this.#closed) throw closedError(this.#what);
  }

  /** @internal @throws ERR_CLOSED, ERR_BUSY while an asynchronous wait is under way */
  protected checkIdle(): void {
    this.checkOpen();
    if (this.#loop.pending) throw busyError('another wait is under way');
  }

  /** Whether an asynchronous wait is under way. @internal */
  protected get isWaiting(): boolean {
    return this.#loop.pending;
  }

  /** @param timeoutMs -1 for ever, 0 for one look, or more. @internal */
  protected startWait(timeoutMs: number, signal: AbortSignal | undefined): Promise<Event[]> {
    return this.#wait.wait(timeoutMs, signal);
  }

  /** Makes a wait under way take account of a change to the watched fds. @internal */
  protected restartWait(): void {
    this.#loop.restart();
  }
}
