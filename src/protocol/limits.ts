/** Limits on what the peers of a class of addresses may cost, in any protocol. */

/** Limits for the peers of one class of addresses. 0 switches a limit off if its description says so. */
export interface ClassSettings {
  readonly name: string;
  /** The reason why connections of the class are refused; null for a class that is served. */
  readonly refusal: string | null;
  /** How many bytes a peer may be behind before droppable messages are skipped and nothing more is read from it. */
  readonly softSendQueueBytes: number;
  /** Bytes that may wait for a peer alone; beyond that its connection is closed. Bytes that rooms keep do not count. */
  readonly sendQueueBytes: number;
  /** Milliseconds in which a peer that its rooms keep lines for must take some of them; 0 for no limit. */
  readonly stallTimeoutMs: number;
  /** Bytes of commands that may wait for their turn; each command counts one byte more. Reading stops before that. */
  readonly receiveQueueBytes: number;
  /** Commands per second that a peer may send over time; 0 for no limit. */
  readonly linesPerSecond: number;
  /** Commands that it may send in a burst before that rate applies. */
  readonly burstLines: number;
  /** Connections from one address; 0 for no limit. */
  readonly maxPerAddress: number;
  /** Connections per minute that one address may open over time; 0 for no limit. */
  readonly connectionsPerMinute: number;
  /** Connections that it may open in a burst before that rate applies. */
  readonly burstConnections: number;
  /** Leading bits of an IPv6 address that count as one address, from 1 to 128. */
  readonly ipv6PrefixBits: number;
  /** Milliseconds of silence after which a peer is pinged; 0 for never. */
  readonly pingIntervalMs: number;
  /** Milliseconds that it has to answer. */
  readonly pingTimeoutMs: number;
  /** Milliseconds that it has to register; 0 for no limit. */
  readonly registrationTimeoutMs: number;
  /** Lines that it may send before it is registered; 0 for no limit. */
  readonly registrationLines: number;
  /** Bytes of lines that it may send before that; 0 for no limit. */
  readonly registrationBytes: number;
  /** The longest wait after failed passwords, in milliseconds; 0 for none. */
  readonly maxPasswordDelayMs: number;
  /** Accounts that one address may make in an hour; 0 for no limit. */
  readonly accountsPerHour: number;
  /** Rooms that one member may be in at the same time. */
  readonly maxRooms: number;
}

/** The class of strangers. */
export const DEFAULT_CLASS: ClassSettings = {
  name: 'default',
  refusal: null,
  softSendQueueBytes: 262_144,
  sendQueueBytes: 4_194_304,
  stallTimeoutMs: 180_000,
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
  accountsPerHour: 10,
  maxRooms: 100,
};

/** The class of this machine: nothing is throttled. */
export const LOOPBACK_CLASS: ClassSettings = {
  ...DEFAULT_CLASS,
  name: 'loopback',
  linesPerSecond: 0,
  // A receive of 64 KiB may wait while others have their turn, and an empty line counts twice.
  receiveQueueBytes: 262_144,
  maxPerAddress: 0,
  connectionsPerMinute: 0,
  maxPasswordDelayMs: 1000,
  accountsPerHour: 0,
  maxRooms: 1000,
};
