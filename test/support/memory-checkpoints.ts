import type { Checkpoint, Checkpoints } from '../../src/chat/sharing.js';
import type { LogName } from '../../src/log/entry.js';

/** Checkpoints that all nodes of a test keep in one place; they may be as late as a test wants. */
export class MemoryCheckpoints implements Checkpoints {
  readonly #kept = new Map<LogName, Checkpoint>();
  readonly #asked: (() => void)[] = [];
  /** Whether questions wait until {@link answer}. */
  isLate = false;

  read(log: LogName, take: (found: Checkpoint | null) => void): void {
    const answer = (): void => take(this.#kept.get(log) ?? null);
    if (this.isLate) this.#asked.push(answer);
    else answer();
  }

  keep(log: LogName, seq: number, state: string): void {
    if (seq > (this.#kept.get(log)?.seq ?? 0)) this.#kept.set(log, { seq, state });
  }

  /** Forgets the state of a log. */
  forgetState(log: LogName): void {
    const kept = this.#kept.get(log);
    if (kept !== undefined) this.#kept.set(log, { seq: kept.seq, state: null });
  }

  of(log: LogName): Checkpoint | undefined {
    return this.#kept.get(log);
  }

  /** Answers the pending questions. */
  answer(): void {
    for (const answer of this.#asked.splice(0)) answer();
  }
}
