/** A channel that ends nowhere, and notes what is done with it. */
import type { Channel } from '../../src/log/channel.js';

export class QuietChannel implements Channel {
  isFull = false;
  isPaused = false;
  isClosed = false;

  send(_bytes: Uint8Array): void {
    // Nobody is at the other end.
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(): void {
    this.isClosed = true;
  }
}
