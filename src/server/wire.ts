/** What stands under a link. */
import type { SharedBytes } from '../net/shared-bytes.js';

/** Carries one peer's bytes; a `Connection` is one as it is. */
export interface Wire {
  /** Bytes that were written and that the kernel has not taken yet. */
  readonly pendingBytes: number;
  readonly isDestroyed: boolean;
  /** @returns false if so much is pending that the writer had better wait */
  write(bytes: Uint8Array | SharedBytes): boolean;
  /** Sends what is pending, then ends this side. */
  end(): void;
  /** Closes without waiting for what is pending; nothing is called back from within. */
  destroy(): void;
  /** Stops receiving, and begins again. */
  pause(): void;
  resume(): void;
}
