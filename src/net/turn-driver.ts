/** A turn's view of the multiplexer that it works for. */
import type { BackendName, Trigger } from '../multiplexer/backend.js';
import type { Interest } from '../multiplexer/interest.js';
import type { Registration } from '../multiplexer/registration.js';

/** The net layer's view of a multiplexer. Every `Multiplexer` has it, whatever the type of its data. */
export interface TurnDriver {
  readonly backend: BackendName;
  readonly closed: boolean;
  register(fd: number, options: WatchSettings): Registration;
  onTurnEnd(callback: () => void): () => void;
  onClose(callback: () => void): () => void;
  onError(callback: (error: unknown) => void): () => void;
  wakeup(): void;
}

/** How the net layer registers an fd. */
export interface WatchSettings {
  readonly interest: Interest;
  readonly trigger?: Trigger | undefined;
  readonly exclusive?: boolean | undefined;
  readonly onReady?: ((registration: Readiness) => void) | undefined;
}

/** A registration that reports that it is ready. It carries no data of ours, so any multiplexer may own it. */
export type Readiness = Registration<never>;
