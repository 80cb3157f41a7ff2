/** A way for bytes between the two ends of a log that is elsewhere, whatever carries them. */

/** One end of it. */
export interface Channel {
  /** Sends bytes, in order. They are copied. What is sent after the channel is closed is dropped. */
  send(bytes: Uint8Array): void;
  /** Whether so much waits to be sent that more had better wait for {@link ChannelEvents.drained}. */
  readonly isFull: boolean;
  /** Receives nothing until {@link resume}. */
  pause(): void;
  resume(): void;
  /** Closes it; `closed` follows. */
  close(): void;
}

/** Hears what happens to one end. */
export interface ChannelEvents {
  /** Bytes can be sent. */
  opened(): void;
  /** Bytes have arrived. Their memory is used again as soon as this returns. */
  received(bytes: Uint8Array): void;
  /** It is not full any more. */
  drained(): void;
  /** Nothing more is sent or received. It is called once, also for a channel that never opened. */
  closed(): void;
}

/** Begins to open a channel. Its events follow after this has returned. */
export type Dial = (events: ChannelEvents) => Channel;
