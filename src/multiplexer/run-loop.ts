/** A multiplexer's `run`: batch after batch to one handler, inside the event loop, until closed or aborted. */
import { AsyncResource } from 'node:async_hooks';
import type { LoopWait } from '../readiness/loop-wait.js';
import type { BatchHandler, Dispatch } from './dispatch.js';
import { checkNoPromise } from './handler.js';

/** Why a loop of waits ended. */
export type RunEnd =
  /** The multiplexer was closed. */
  | 'closed'
  /** The AbortSignal was aborted. */
  | 'aborted'
  /** A signal interrupted the wait, and `onSignal` is `'return'`. */
  | 'interrupted';

/** The state of a run until it ends. */
interface Run<T> {
  readonly handler: BatchHandler<T>;
  /** The async context that the handler runs in. */
  readonly context: AsyncResource;
  readonly resolve: (end: RunEnd) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: () => void;
}

/** At most one run at a time. */
export class RunLoop<T> {
  readonly #loop: LoopWait;
  readonly #dispatch: Dispatch<T>;
  #run: Run<T> | undefined;

  constructor(loop: LoopWait, dispatch: Dispatch<T>) {
    this.#loop = loop;
    this.#dispatch = dispatch;
  }

  /** Hands out batches until {@link end}. @returns why it ended; rejects with the errors of the backend's call */
  start(handler: BatchHandler<T>, signal: AbortSignal | undefined): Promise<RunEnd> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.end('aborted');
      };
      this.#run = { handler, context: new AsyncResource('FDMUX'), resolve, reject, signal, onAbort };
      this.#loop.begin(this.#look, true);
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        this.#loop.start();
      } catch (error) {
        this.#leave()?.reject(error);
      }
    });
  }

  /** Ends a run under way. */
  end(reason: RunEnd): void {
    this.#leave()?.resolve(reason);
  }

  readonly #look = (): void => {
    const run = this.#run;
    if (run === undefined) return;
    const dispatch = this.#dispatch;
    dispatch.enter();
    try {
      dispatch.turn(0, true, null);
      if (dispatch.isOver && this.#run === run) {
        checkNoPromise(run.context.runInAsyncScope(dispatch.hand, undefined, run.handler), 'handler');
      }
      if (this.#run === run) this.#loop.start();
    } catch (error) {
      this.#leave()?.reject(error);
    } finally {
      dispatch.leave();
    }
  };

  #leave(): Run<T> | undefined {
    const run = this.#run;
    if (run === undefined) return undefined;
    this.#run = undefined;
    run.signal?.removeEventListener('abort', run.onAbort);
    this.#loop.end();
    return run;
  }
}
