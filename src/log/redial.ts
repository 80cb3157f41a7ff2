/** Reopens a channel to a process that may be gone for a while. */
import type { Channel, ChannelEvents, Dial } from './channel.js';

/** The delay before a lost channel is reopened: it doubles after each attempt, from the first to the last of these. */
const FIRST_RETRY_MS = 20;
const LAST_RETRY_MS = 1_000;

/** The choices of a {@link Redial}. */
export interface RedialOptions {
  /** Opens a channel. There is never more than one at a time. */
  readonly dial: Dial;
  /** Schedules a callback. @defaultValue `setTimeout` */
  readonly later?: ((ms: number, then: () => void) => void) | undefined;
}

/** The current channel. */
export class Redial {
  readonly #dial: Dial;
  readonly #later: (ms: number, then: () => void) => void;
  readonly #events: ChannelEvents;
  #channel: Channel;
  #retryMs = FIRST_RETRY_MS;
  #isClosed = false;

  constructor({ dial, later }: RedialOptions, events: ChannelEvents) {
    this.#dial = dial;
    this.#later = later ?? ((ms, then) => void setTimeout(then, ms));
    this.#events = events;
    this.#channel = dial(events);
  }

  get channel(): Channel {
    return this.#channel;
  }

  /** The other end has answered: the next loss is followed by a quick attempt. */
  succeeded(): void {
    this.#retryMs = FIRST_RETRY_MS;
  }

  /** The other end cannot be understood. Since that lasts, the longest delay follows the next loss. */
  mistaken(): void {
    this.#retryMs = LAST_RETRY_MS;
  }

  /** The channel has closed. Another one is opened after a delay. */
  lost(): void {
    if (this.#isClosed) return;
    this.#later(this.#retryMs, () => {
      if (!this.#isClosed) this.#channel = this.#dial(this.#events);
    });
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
  }

  /** Opens no more channels. */
  close(): void {
    this.#isClosed = true;
    this.#channel.close();
  }
}
