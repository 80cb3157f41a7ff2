/** The requests to a process that appends, and its answers. */

/** The work of one process. */
export interface Work {
  readonly kind: 'postgres' | 'redis';
  readonly url: string;
  /** Its name among the others. */
  readonly name: string;
  /** How many rooms there are; each process appends to all of them, and follows all. */
  readonly rooms: number;
  /** How many messages a pack has. */
  readonly packEntries: number;
  /** How long it appends without being counted, and then is counted, in milliseconds. */
  readonly warmMs: number;
  readonly countedMs: number;
  /** How many packs it appends a second; null for as many as the answers allow, one under way for each room. */
  readonly packsPerSecond: number | null;
}

/** The outcome. */
export interface Done {
  /** Messages of its own that were acknowledged while it was counted. */
  readonly messages: number;
  /** From appending a pack until this process has seen it, in milliseconds; any process may have appended it. */
  readonly seenMs: readonly number[];
  readonly cpuNs: number;
}
