/** What the server knows about itself at one moment. */

/** How far the server is: `ready` from when all listeners are open until it begins to end. */
export type Phase = 'starting' | 'ready' | 'draining';

/** A number for one kind of thing. */
export interface LabeledCount {
  readonly labels: Readonly<Record<string, string>>;
  readonly count: number;
}

/** What a store says about itself. */
export interface StoreReadings {
  /** The size of the file, with what has been written last. */
  readonly bytes: number;
  /** Writes that are not answered yet. */
  readonly queued: number;
  readonly isTakingWrites: boolean;
  readonly batchesTotal: number;
  readonly lateBatchesTotal: number;
  readonly busyMsTotal: number;
}

/** What one of several servers that share a store says about itself. */
export interface NodeReadings {
  readonly name: string;
  /** Counted anew at each start, and when the others had given it up. */
  readonly incarnation: number;
  /** The nodes that live, as far as is known; each as `name.incarnation`. */
  readonly living: readonly string[];
  /** How many packs are known to be in the logs that have not been applied here; null if that is not known. */
  readonly lag: number | null;
}

/** What a server says about its link to another domain. */
export interface DomainLinkReadings {
  readonly domain: string;
  /** Whether the rooms of the other domain can be reached; null if nobody here enters any. */
  readonly isUp: boolean | null;
  /** Whether the other domain is connected to the rooms of this one. */
  readonly isServed: boolean;
  /** Rooms of the other domain that are followed. */
  readonly mirrored: number;
  /** What people here have proposed to these, and what has not returned. */
  readonly waiting: number;
  /** How old the last sign of life of the other domain is, in milliseconds; null while it cannot be reached. */
  readonly silentMs: number | null;
}

/** All of it. What has `Total` in its name only grows. */
export interface Readings {
  readonly version: string;
  readonly backend: string;
  /** Connected clients by protocol, class and transport. */
  readonly clients: readonly LabeledCount[];
  /** Clients whose connection is encrypted. */
  readonly secureClientCount: number;
  /** Members of the chat: clients that have registered. */
  readonly memberCount: number;
  readonly operatorCount: number;
  /** Rooms with somebody in them. */
  readonly roomCount: number;
  /** Bans of the server. */
  readonly banCount: number;
  /** Bytes that wait for peers to read them. */
  readonly pendingBytes: number;
  /** Peers that bytes wait for. */
  readonly readersBehindCount: number;
  /** Bytes of messages that rooms keep for those who read slowly. */
  readonly keptBytes: number;
  /** Null if nothing is stored. */
  readonly store: StoreReadings | null;
  /** Turns of the event loop, and waits that took the place of one. */
  readonly loopTurnsTotal: number;
  /** Time in which neither the event loop nor a multiplexer in its place waited. */
  readonly loopActiveSeconds: number;
  /** Null for a server that has its store for itself. */
  readonly node: NodeReadings | null;
  /** The links to other domains. */
  readonly domainLinks: readonly DomainLinkReadings[];
  readonly acceptedTotal: number;
  /** Refused connections by cause. */
  readonly refusedTotal: readonly LabeledCount[];
  /** TLS handshakes by result. */
  readonly handshakesTotal: readonly LabeledCount[];
  /** When the certificate in each file expires, in seconds since the epoch. */
  readonly certificateExpiries: readonly LabeledCount[];
  /** Events that were handed to clients: a message to ten members counts ten times. */
  readonly deliveriesTotal: number;
  /** Peers that were closed since they read too slowly. */
  readonly slowReadersClosedTotal: number;
  readonly wrongPasswordsTotal: number;
  /** IRC commands by name. */
  readonly commandsTotal: readonly LabeledCount[];
}
