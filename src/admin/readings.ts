/** The facts that the server knows about itself at one moment. */

/** The phase of the server: `ready` from when all listeners are open until it begins to end. */
export type Phase = 'starting' | 'ready' | 'draining';

/** The count of one kind of thing. */
export interface LabeledCount {
  readonly labels: Readonly<Record<string, string>>;
  readonly count: number;
}

/** The readings of a store. */
export interface StoreReadings {
  /** The size of the file, including the latest writes. */
  readonly bytes: number;
  /** Writes that have not been answered yet. */
  readonly queued: number;
  readonly isTakingWrites: boolean;
  readonly batchesTotal: number;
  readonly lateBatchesTotal: number;
  readonly busyMsTotal: number;
}

/** The readings of one of several servers that share a store. */
export interface NodeReadings {
  readonly name: string;
  /** Incremented at each start, and after the others had given the server up. */
  readonly incarnation: number;
  /** The nodes that are known to live, each as `name.incarnation`. */
  readonly living: readonly string[];
  /** The number of packs that are known to be in the logs and have not been applied here; null if unknown. */
  readonly lag: number | null;
}

/** The readings of a server's link to another domain. */
export interface DomainLinkReadings {
  readonly domain: string;
  /** Whether the rooms of the other domain can be reached; null if nobody here enters any. */
  readonly isUp: boolean | null;
  /** Whether the other domain is connected to the rooms of this one. */
  readonly isServed: boolean;
  /** Rooms of the other domain that are followed. */
  readonly mirrored: number;
  /** The number of proposals from people here to these rooms that have not returned. */
  readonly waiting: number;
  /** The age of the last sign of life of the other domain, in milliseconds; null while it cannot be reached. */
  readonly silentMs: number | null;
}

/** The readings of the event loop. */
export interface LoopReadings {
  /** Turns, and waits that took the place of one. */
  readonly turns: number;
  /** Time in which neither the event loop nor a multiplexer in its place waited. */
  readonly activeSeconds: number;
}

/** All readings. Those with `Total` in their name only grow. */
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
  /** Rooms that have members. */
  readonly roomCount: number;
  /** Bans of the server. */
  readonly banCount: number;
  /** Bytes that wait for peers to read them. */
  readonly pendingBytes: number;
  /** Peers for which bytes wait. */
  readonly readersBehindCount: number;
  /** Bytes of messages that rooms keep for slow readers. */
  readonly keptBytes: number;
  /** Null if nothing is stored. */
  readonly store: StoreReadings | null;
  /** Null if the runtime does not count. */
  readonly loop: LoopReadings | null;
  /** Null for a server that does not share its store. */
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
  /** Events that were delivered to clients: a message to ten members counts ten times. */
  readonly deliveriesTotal: number;
  /** Peers that were closed because they read too slowly. */
  readonly slowReadersClosedTotal: number;
  readonly wrongPasswordsTotal: number;
  /** IRC commands by name. */
  readonly commandsTotal: readonly LabeledCount[];
}
