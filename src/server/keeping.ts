/** The data that the chat of one server finds in its store, and leaves there. */
import type { StoreReadings } from '../admin/readings.js';
import type { Chat, ChatOptions } from '../chat/chat.js';
import type { LogName } from '../log/entry.js';
import { MemoryLog } from '../log/memory-log.js';
import { LastingWrites } from '../store/lasting-writes.js';
import type { StoreAccess, StoreLogs } from '../store/store-access.js';
import { StoredAccounts } from '../store/stored-accounts.js';
import { StoredHistory } from '../store/stored-history.js';
import { StoredMarkers } from '../store/stored-markers.js';
import { written } from '../store/written.js';
import type { StoreConfig } from './config/server-config.js';
import { OutsideHistory } from './history/outside-history.js';
import { OutsideMarkers } from './history/outside-markers.js';
import type { Log } from './log.js';
import { logIdOf } from './log-id.js';
import { Duty } from './nodes/duty.js';
import { nodeOf } from './nodes/node-name.js';
import { type OpenedStore, openStore, type StoreOpening } from './open-store.js';
import { Retention } from './retention.js';
import { RoutedLog } from './routed-log.js';
import { StoredBans } from './stored-bans.js';
import { StoredCheckpoints } from './stored-checkpoints.js';
import { StoredMembers } from './stored-members.js';
import { StoredRooms } from './stored-rooms.js';
import { REAL_WORLD, type World } from './world.js';

/** The name of a process that shares its logs with no other one. */
export const ALONE = 'a';

/** Its parts. */
interface KeepingParts extends StoreOpening {
  readonly duty: Duty;
  readonly config: StoreConfig;
  /** Null for a server that has its store for itself. */
  readonly node: string | null;
  readonly log: Log;
  readonly outside: World['outside'];
}

/** An open store with what a chat needs of it. */
export class Keeping {
  /** Options of the chat. */
  readonly chat: Pick<ChatOptions, 'log' | 'node' | 'memberKeeper' | 'bans' | 'keeper' | 'sharing' | 'newLogId'>;
  readonly store: StoreAccess;
  readonly accounts: StoredAccounts;
  /** The messages that were said in rooms that are kept, and to accounts. */
  readonly history: OutsideHistory;
  readonly members: StoredMembers;
  readonly markers: OutsideMarkers;
  readonly logs: StoreLogs;
  /** The part of the history that this node writes first. */
  readonly duty: Duty;
  /** Called when the other nodes have given this one up. */
  onGivenUp: () => void = () => undefined;
  readonly #checkpoints: StoredCheckpoints | null;
  readonly #writes: LastingWrites;
  readonly #erased: readonly string[];
  readonly #retention: Retention;

  private constructor(parts: KeepingParts) {
    const { store, logs, bans, members, erased, lastLines, duty, config, node, log, outside } = parts;
    this.store = store;
    this.duty = duty;
    this.markers = new OutsideMarkers(new StoredMarkers(store), outside);
    const daysOf = daysOfLogs(config);
    const isKept = (shelf: string): boolean => daysOf(shelf) !== 0 && !shelf.startsWith('s:');
    const history = new StoredHistory(store, isKept, () => {
      log.error('the history lacks lines until this server is started again: too many waited for the store');
    });
    logs.keepAfter(history);
    this.history = new OutsideHistory(history, outside);
    this.#writes = new LastingWrites(store);
    this.members = new StoredMembers(this.#writes, members);
    this.#erased = erased;
    this.logs = logs;
    this.#checkpoints = node === null ? null : new StoredCheckpoints(logs);
    this.#retention = new Retention({ store, logs, daysOf, isShared: node !== null, log });
    this.accounts = new StoredAccounts(store);
    const isStored = (name: LogName): boolean => daysOf(name) !== 0 && name.startsWith('r:');
    const common = { memberKeeper: this.members, bans: { store: new StoredBans(this.#writes, bans) } };
    this.chat =
      this.#checkpoints === null
        ? {
            ...common,
            // Nicks, and what is said in private, end with the process.
            log: new RoutedLog(logs, new MemoryLog({ maxEntries: 0 }), isStored),
            node: nodeOf(ALONE, store.facts.run),
            keeper: new StoredRooms(store, logs, isStored, lastLines),
          }
        : {
            ...common,
            log: logs,
            node: nodeOf(node ?? ALONE, store.facts.run),
            newLogId: (name) => logIdOf(store.facts, name),
            sharing: { checkpoints: this.#checkpoints, onGivenUp: () => this.onGivenUp() },
          };
  }

  /** Opens the store that the configuration names. @throws StoreError */
  static async open(
    config: StoreConfig,
    node: string | null,
    log: Log,
    { openStore: openIn, outside }: Pick<World, 'openStore' | 'outside'> = REAL_WORLD,
  ): Promise<Keeping> {
    const duty = new Duty();
    const opening = await openIn(async () => {
      const opened = await openStore(config, log, node === null ? null : duty.isOthers);
      return closingOnError(opened, () => readFrom(opened, node));
    });
    return closingOnError(opening, () => new Keeping({ ...opening, duty, config, node, log, outside }));
  }

  /**
   * Forgets from now on what is older than the configuration allows.
   *
   * @param keepRooms - keeps all rooms: what a room was made from is needed until then
   */
  retain(keepRooms: () => unknown): void {
    this.#retention.start(keepRooms);
  }

  /**
   * Lets a chat know what has happened while no server ran: who has stayed, and, as soon as it has all rooms, which
   * accounts are erased.
   */
  bringBack(chat: Chat): void {
    if (this.#erased.length > 0) {
      chat.whenCaughtUp(() => {
        for (const account of this.#erased) chat.releaseAccount(account);
        this.#writes.write('erased', { kind: 'erased-done', accounts: this.#erased });
      });
    }
    for (const member of this.members.members) chat.restore(member, null);
  }

  readings(): StoreReadings {
    return { ...this.store.readings(), isTakingWrites: this.logs.isTakingWrites };
  }

  /** Counts one more run of a server that goes on with this store. @throws StoreError */
  nextRun(): Promise<number> {
    return written(this.store, { kind: 'run' });
  }

  /** Takes nothing more: what happens from now on, such as the parting of everybody, is not kept. */
  freeze(): void {
    this.#retention.stop();
    this.history.close();
    this.members.freeze();
    this.#writes.close();
    this.#checkpoints?.close();
    this.logs.close();
  }

  /** Writes what is still to be written, and closes the store. */
  close(): Promise<void> {
    this.freeze();
    return this.store.close();
  }
}

/** Reads what is needed before anybody arrives. @throws StoreError */
async function readFrom({ store, logs }: OpenedStore, node: string | null): Promise<StoreOpening> {
  const bans = await store.read('bans', null);
  const stored = await store.read('members', null);
  // Those of other nodes are there, or return with them.
  const members = node === null ? stored : stored.filter(({ session }) => session.startsWith(`${node}.`));
  const erased = await store.read('erased', null);
  // The logs of several nodes say themselves what was when.
  const lastLines = node === null ? await store.read('last-lines', null) : [];
  return { store, logs, bans, members, erased, lastLines };
}

/** Uses a store that has just been opened. If that fails, the store is closed. */
async function closingOnError<T>({ store, logs }: OpenedStore, use: () => T | Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    logs.close();
    await store.close();
    throw error;
  }
}

/** Returns a function that says how many days a log is kept; null for ever. */
function daysOfLogs({ history }: StoreConfig): (log: string) => number | null {
  const daysOfRooms = new Map([...history.rooms].map(([room, days]) => [`r:${room}`, days]));
  const find = (log: string): number | null => {
    // A room that got another name is kept as the one that it was.
    const end = log.indexOf(' ');
    const days = daysOfRooms.get(end < 0 ? log : log.slice(0, end));
    return days === undefined ? history.days : days;
  };
  // Each message asks several times for the log of its room, whether that is kept or not.
  let last = '';
  let daysOfLast = find(last);
  return (log) => {
    if (log !== last) {
      daysOfLast = find(log);
      last = log;
    }
    return daysOfLast;
  };
}
