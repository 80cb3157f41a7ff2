/** What an operator of the server decides; all of it can change while the server runs, but for the names. */
import { DEFAULT_RESERVED_NICKS } from '../reserved-nicks.js';

/** Somebody who may use the operator commands. */
export interface OperatorSettings {
  readonly name: string;
  /** In clear, or hashed as `hashPassword` makes it. */
  readonly password: string;
  /** Masks `user@host` from which it may be used. */
  readonly masks: readonly string[];
  /** A host that others see in place of the real one once the operator command has succeeded; null for none. */
  readonly host: string | null;
}

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

/** The settings of the IRC side. */
export interface IrcSettings {
  readonly serverName: string;
  readonly networkName: string;
  readonly description: string;
  /** What a client must give with PASS, in clear or hashed; null for nothing. */
  readonly password: string | null;
  readonly operators: readonly OperatorSettings[];
  /** The message of the day, line by line; empty for none. */
  readonly motd: readonly string[];
  readonly admin: { readonly location: string; readonly organization: string; readonly email: string };
  readonly nickLength: number;
  readonly topicLength: number;
  readonly channelLength: number;
  /** Entries in one channel's lists of masks together. */
  readonly maxMasks: number;
  /** Nicks that one client may watch. */
  readonly maxMonitored: number;
  /** Masks of nicks that nobody may take, beside those that the protocols reserve for themselves. */
  readonly reservedNicks: readonly string[];
  /** Flags that a new channel starts with, as mode letters. */
  readonly defaultChannelModes: string;
}

/** The settings of a server that was told nothing. */
export const DEFAULT_IRC_SETTINGS: IrcSettings = {
  serverName: 'fdmux.local',
  networkName: 'fdmux',
  description: 'fdmux chat server',
  password: null,
  operators: [],
  motd: [],
  admin: { location: 'not told', organization: 'not told', email: 'not told' },
  nickLength: 30,
  topicLength: 390,
  channelLength: 64,
  maxMasks: 100,
  maxMonitored: 100,
  reservedNicks: DEFAULT_RESERVED_NICKS,
  defaultChannelModes: 'nt',
};

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
