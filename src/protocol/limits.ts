/** Bounds for what the peers of a class of addresses may cost, whatever protocol they speak. */

/** Bounds for the peers of one class of addresses. 0 switches a limit off where it says so. */
export interface ClassSettings {
  readonly name: string;
  /** Why connections of the class are refused; null for a class that is served. */
  readonly refusal: string | null;
  /** Bytes that may wait for a peer before droppable messages are left out and it is no longer read from. */
  readonly softSendQueueBytes: number;
  /** Bytes that may wait for a peer; beyond that it is closed. */
  readonly sendQueueBytes: number;
  /** Bytes of commands that may wait for their turn, each with one more for its end; reading stops before that. */
  readonly receiveQueueBytes: number;
  /** Commands a second that a peer may send for long; 0 for no limit. */
  readonly linesPerSecond: number;
  /** Commands that it may send at once before that rate holds. */
  readonly burstLines: number;
  /** Connections from one address; 0 for no limit. */
  readonly maxPerAddress: number;
  /** Connections a minute that one address may open for long; 0 for no limit. */
  readonly connectionsPerMinute: number;
  /** Connections that it may open at once before that rate holds. */
  readonly burstConnections: number;
  /** How many leading bits of an IPv6 address make the address that limits count, from 1 to 128. */
  readonly ipv6PrefixBits: number;
  /** Quiet milliseconds after which a peer is asked for a sign of life; 0 for never. */
  readonly pingIntervalMs: number;
  /** Milliseconds that it has to give one. */
  readonly pingTimeoutMs: number;
  /** Milliseconds that it has to register in; 0 for no limit. */
  readonly registrationTimeoutMs: number;
  /** Lines that it may send before it has registered; 0 for no limit. */
  readonly registrationLines: number;
  /** Bytes of lines that it may send before that; 0 for no limit. */
  readonly registrationBytes: number;
  /** The longest wait after failed passwords, in milliseconds; 0 for none. */
  readonly maxPasswordDelayMs: number;
  /** Rooms that one member may be in. */
  readonly maxRooms: number;
}

/** A class for strangers. */
export const DEFAULT_CLASS: ClassSettings = {
  name: 'default',
  refusal: null,
  softSendQueueBytes: 262_144,
  sendQueueBytes: 4_194_304,
  receiveQueueBytes: 65_536,
  linesPerSecond: 5,
  burstLines: 40,
  maxPerAddress: 20,
  connectionsPerMinute: 30,
  burstConnections: 60,
  ipv6PrefixBits: 64,
  pingIntervalMs: 120_000,
  pingTimeoutMs: 60_000,
  registrationTimeoutMs: 60_000,
  registrationLines: 256,
  registrationBytes: 65_536,
  maxPasswordDelayMs: 30_000,
  maxRooms: 100,
};

/** A class for one's own machine: nothing is throttled. */
export const LOOPBACK_CLASS: ClassSettings = {
  ...DEFAULT_CLASS,
  name: 'loopback',
  linesPerSecond: 0,
  maxPerAddress: 0,
  connectionsPerMinute: 0,
  maxPasswordDelayMs: 1000,
  maxRooms: 1000,
};
