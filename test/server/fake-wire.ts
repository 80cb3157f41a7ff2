import type { Wire } from '../../src/front/wire.js';
import type { SharedBytes } from '../../src/net/shared-bytes.js';

/** A wire that sends nothing, and keeps what is asked of it. */
export abstract class FakeWire implements Wire {
  pendingBytes = 0;
  isDestroyed = false;
  isPaused = false;
  hasEnded = false;

  abstract write(bytes: Uint8Array | SharedBytes): boolean;

  end(): void {
    this.hasEnded = true;
  }

  destroy(): void {
    this.isDestroyed = true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}
