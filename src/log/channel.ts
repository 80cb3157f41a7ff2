/** A path for bytes between the two ends of a log that is elsewhere, whatever carries them. */

/** One end of a channel. */
export interface Channel {
  /** Sends bytes, in order. They are copied. Bytes that are sent after the channel is closed are dropped. */
  send(bytes: Uint8Array): void;
  /**
   * Whether so much waits to be sent that the caller should wait for {@link ChannelEvents.drained} before it sends
   * more.
   */
  readonly isFull: boolean;
  /** Receives nothing until {@link resume}. */
  pause(): void;
  resume(): void;
  /** Closes it; `closed` follows. */
  close(): void;
}

/** The observer of one end. */
export interface ChannelEvents {
  /** Bytes can be sent. */
  opened(): void;
  /** Bytes have arrived. Their memory is reused as soon as this returns. */
  received(bytes: Uint8Array): void;
  /** The channel is not full any more. */
  drained(): void;
  /** Nothing more is sent or received. It is called once, even for a channel that never opened. */
  closed(): void;
}

/** Begins to open a channel. Its events follow after this call has returned. */
export type Dial = (events: ChannelEvents) => Channel;
