/** The transport under a link. */
import type { ReleasedConnection } from '../net/connection.js';
import type { SharedBytes } from '../net/shared-bytes.js';

/** Carries one peer's bytes. A `Connection` is a wire as it is. */
export interface Wire {
  /** Bytes that were written and not yet taken by the kernel. */
  readonly pendingBytes: number;
  readonly isDestroyed: boolean;
  /** @returns false if so much is pending that the writer should wait */
  write(bytes: Uint8Array | SharedBytes): boolean;
  /** Sends the pending bytes, then ends this side. */
  end(): void;
  /** Closes and drops the pending bytes; calls nothing back from within. */
  destroy(): void;
  /** Stops receiving, and starts again. */
  pause(): void;
  resume(): void;
  /** Gives the connection away, as a `Connection` does; missing if the wire has more state than bytes. */
  release?(): ReleasedConnection;
}
