/** The rooms of one chat: those that are open, and those that have been. */
import type { Entry, EntryOf, LogName, RoomDeeds, RoomLog } from '../log/entry.js';
import type { SharedLog } from '../log/shared-log.js';
import type { Abroad, Origin } from './abroad.js';
import type { Fold as CaseFold } from './case-mapping.js';
import type { Checkpointing } from './checkpointing.js';
import { ClosingRooms } from './closing-rooms.js';
import { Replica, type ReplicaOwner } from './replica.js';
import { ROOM_DEEDS, type RoomOutcomes } from './room-deeds.js';
import type { RoomKeeper } from './room-keeper.js';
import { type Cast, RoomState } from './room-state.js';
import type { RoomSnapshot } from './snapshot.js';
import { ROOM_CODEC } from './snapshot-codec.js';

/** A room with its log. */
export type RoomReplica = Replica<RoomDeeds, RoomOutcomes, RoomState>;

/** How many closed rooms are kept, with their logs, for those who open them again. */
const MAX_CLOSED_ROOMS = 1_000;
/** A room is kept anew after so many packs: the next start applies at most these. */
const PACKS_BETWEEN_SNAPSHOTS = 200;
/** How long a room waits for those who were inside when the server has stopped, in milliseconds: 30 days. */
const MAX_ABSENCE_MS = 2_592_000_000;
/** For so many seconds a room of another domain is followed that nobody here is in. */
const MAX_UNUSED_SECONDS = 60;

/** What rooms are made with. */
export interface RoomsOptions {
  readonly log: SharedLog;
  readonly fold: CaseFold;
  readonly cast: Cast;
  readonly owner: ReplicaOwner;
  /** Returns a name that no other log ever has. */
  readonly newLogId: (log: LogName) => string;
  /** Keeps rooms from one run of the server to the next; null if nothing does. */
  readonly keeper: RoomKeeper | null;
  /** What several processes have to agree on; null for one process. */
  readonly shared: SharedRooms | null;
  /** The other domains; null for a domain that knows of none. */
  readonly abroad: Abroad | null;
}

/** The open rooms, by what the domain's log says of them. */
export interface SharedRooms {
  readonly checkpoints: Checkpointing;
  readonly names: ReadonlySet<RoomLog>;
  /** How many looks at a closed room it takes until this process says that it has closed. */
  readonly patienceFor: (log: RoomLog) => number;
  /** Has the domain's log say that a room is open, or closed. */
  announce(log: RoomLog, isOpen: boolean): void;
}

/**
 * Rooms by their names. A room is open while somebody is inside, or for ever if it is permanent, or while it belongs to
 * an account, or while it waits for those who were inside when the server has stopped.
 */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #open = new Map<string, RoomReplica>();
  /**
   * Closed rooms; the one that closed last is the last. Their states hold nothing but the numbers of those who were
   * there, without which an entry from before could count again.
   */
  readonly #closed = new Map<string, RoomReplica>();
  /** Open rooms that may have nobody inside. */
  readonly #staying = new Set<RoomState>();
  /** The last pack that is in what is kept of a room, by its log; none of a room that is not kept. */
  readonly #keptSeqs = new Map<LogName, number>();
  /** The logs of rooms that have opened or closed since they were kept. */
  readonly #unkept = new Set<LogName>();
  /** Open and closed rooms. A room keeps its log when it gets another name. */
  readonly #byLog = new Map<LogName, RoomReplica>();
  /** The logs of rooms that are about to open as they were in an earlier run, and when that was asked for. */
  readonly #reviving = new Map<LogName, number>();
  /** Names that rooms are about to take; only those of unsettled logs count. */
  readonly #reservations = new Map<string, RoomReplica>();
  /** The open room that was asked for last, and under which name: each line of a talk asks for the same. */
  #recent: { readonly name: string; readonly replica: RoomReplica } | null = null;
  /** Rooms that wait for the domain's log to be known; null when it is, and for one process. */
  #unbegun: RoomReplica[] | null = null;
  /** Closed rooms that the domain's log names as open ones. */
  readonly #closing = new ClosingRooms();
  /** The rooms of other domains, and for how many seconds nobody here has been in. */
  readonly #foreign = new Map<RoomReplica, number>();

  constructor(options: RoomsOptions) {
    this.#options = options;
    if (options.shared !== null) this.#unbegun = [];
  }

  get occupiedCount(): number {
    let count = this.#open.size;
    for (const room of this.#staying) if (room.size === 0) count -= 1;
    return count;
  }

  *open(): Generator<RoomState, void> {
    for (const { fold } of this.#open.values()) yield fold;
  }

  /** Returns an open room with its log. */
  find(name: string): RoomReplica | undefined {
    if (this.#recent?.name === name) return this.#recent.replica;
    const replica = this.#open.get(this.#options.fold(name));
    if (replica !== undefined) this.#recent = { name, replica };
    return replica;
  }

  /** Opens a room that stays when everybody has left; finds it if it is there. */
  addPermanent(name: string, atMs: number): RoomState {
    const key = this.#options.fold(name);
    const known = this.#open.get(key);
    if (known !== undefined) return known.fold;
    // Several processes would not agree on the time: it is that of the first who enters.
    const made = this.#make(key, name, this.#options.shared === null ? atMs : 0);
    this.#open.set(key, made);
    this.#staying.add(made.fold);
    this.#begin(made);
    return made.fold;
  }

  /** Returns the room with a name, open or closed, with its log. */
  replica(name: string): RoomReplica {
    const key = this.#options.fold(name);
    const known = this.#known(key);
    if (known !== undefined) return known;
    const made = this.#make(key, name, null);
    this.#close(key, made);
    this.#begin(made);
    return made;
  }

  #begin(replica: RoomReplica): void {
    const { shared, owner, abroad } = this.#options;
    if (abroad?.isForeign(replica.name) === true) {
      owner.opens(replica.name);
      this.#foreign.set(replica, 0);
      abroad.begin(replica.name, (origin) => {
        this.#originated(replica, origin);
      });
    } else if (shared === null) {
      replica.open(this.#keptSeqs.get(replica.name));
    } else if (this.#unbegun === null) {
      shared.checkpoints.begin(replica, ROOM_CODEC);
    } else {
      owner.opens(replica.name);
      this.#unbegun.push(replica);
    }
  }

  #originated(replica: RoomReplica, origin: Origin | null): void {
    if (this.#byLog.get(replica.name) !== replica) return;
    if (origin === null) {
      this.dropForeign(replica);
      return;
    }
    replica.fold.adopt(origin.id, origin.snapshot);
    replica.open(origin.seq);
  }

  /** Lets go of a room of another domain. What was proposed to it is not taken. */
  dropForeign(replica: RoomReplica): void {
    const { fold, name } = replica;
    const key = this.#options.fold(fold.name);
    if (this.#open.get(key) === replica) this.#open.delete(key);
    if (this.#closed.get(key) === replica) this.#closed.delete(key);
    this.#staying.delete(fold);
    this.#foreign.delete(replica);
    this.#byLog.delete(name);
    this.#unkept.delete(name);
    this.#recent = null;
    for (const session of [...fold.sessions()]) fold.dismiss(session);
    replica.abandon();
  }

  /** Lets go of rooms of other domains that nobody here has been in for a while. To be called every second. */
  dropUnused(): void {
    for (const [replica, seconds] of this.#foreign) {
      const isUsed = !replica.isSettled || replica.fold.seats.some(({ member }) => member.isLocal);
      this.#foreign.set(replica, isUsed ? 0 : seconds + 1);
      if (seconds >= MAX_UNUSED_SECONDS) this.dropForeign(replica);
    }
  }

  /** Returns a room of which it is not known yet whether it is open. */
  opening(name: string): RoomReplica | undefined {
    const replica = this.#known(this.#options.fold(name));
    return replica?.isOpening === true ? replica : undefined;
  }

  #make(key: string, name: string, permanentSinceMs: number | null): RoomReplica {
    return this.#makeOn(this.#freeLog(key), name, permanentSinceMs);
  }

  #makeOn(name: LogName, title: string, permanentSinceMs: number | null): RoomReplica {
    const { log, fold, cast, owner, newLogId, keeper, abroad } = this.#options;
    const view = abroad?.viewOf(name) ?? null;
    const kept = view?.isForeign === true ? null : (keeper?.beginningOf(name) ?? null);
    const { id, atMs } = kept ?? { id: newLogId(name), atMs: 0 };
    const state = new RoomState({ name: title, id, fold, cast, permanentSinceMs, atMs, view });
    if (kept !== null) this.#keptSeqs.set(name, kept.seq);
    if (kept !== null && kept.snapshot !== null) state.restore(kept.snapshot);
    const made: RoomReplica = new Replica({ log, name, fold: state, belongs: isRoomEntry, owner });
    this.#byLog.set(made.name, made);
    return made;
  }

  /** It is known what the log of a room has. */
  caughtUp(log: LogName): void {
    const replica = this.#byLog.get(log);
    if (replica === undefined) return;
    // Whoever is inside by what is kept was there in an earlier run.
    if (this.#keptSeqs.has(log)) replica.fold.outlive();
    const { shared } = this.#options;
    if (shared !== null && isNamed(shared, log) && replica.fold.isOver) this.#closing.add(log);
    const nowMs = this.#reviving.get(log);
    if (nowMs === undefined) this.sort(log);
    else this.#revived(replica, nowMs);
  }

  /** Returns the log of a new room: that of its name, unless a room keeps that which has another name now. */
  #freeLog(key: string): LogName {
    let log: LogName = `r:${key}`;
    for (let count = 2; this.#byLog.has(log); count += 1) log = `r:${key} ${count}`;
    return log;
  }

  /** Returns the room of a log. */
  ofLog(log: LogName): RoomReplica | undefined {
    return this.#byLog.get(log);
  }

  // Other names

  /** Whether a room may take a name: nobody is in another room of that name, or about to be. */
  isFree(name: string, replica: RoomReplica): boolean {
    const key = this.#options.fold(name);
    const known = this.#known(key);
    return known === undefined || known === replica || (this.#closed.has(key) && known.isSettled);
  }

  /** Keeps a name for a room that is about to take it. Those who ask for it meanwhile mean this room. */
  reserve(name: string, replica: RoomReplica): void {
    for (const [key, { isSettled }] of this.#reservations) if (isSettled) this.#reservations.delete(key);
    this.#reservations.set(this.#options.fold(name), replica);
  }

  /** The room that has a name, or is about to take it. */
  #known(key: string): RoomReplica | undefined {
    return this.#open.get(key) ?? this.#closed.get(key) ?? this.#reserved(key);
  }

  #reserved(key: string): RoomReplica | undefined {
    const replica = this.#reservations.get(key);
    return replica?.isSettled === false ? replica : undefined;
  }

  /** Finds a room by its other name from now on. @param log - its log */
  retitled(log: LogName, before: string): void {
    const replica = this.#byLog.get(log);
    if (replica === undefined) return;
    const { fold } = this.#options;
    const key = fold(replica.fold.name);
    this.#reservations.delete(key);
    if (key === fold(before)) return;
    const closed = this.#closed.get(key);
    if (closed !== undefined) this.#forget(key, closed);
    this.#open.delete(fold(before));
    this.#recent = null;
    this.#open.set(key, replica);
  }

  /** Opens a room that somebody has entered, and closes one that everybody has left. @param log - its log */
  sort(log: LogName): void {
    const replica = this.#byLog.get(log);
    if (replica === undefined) return;
    const { size, isOver, isPermanent, name } = replica.fold;
    const key = this.#options.fold(name);
    const { shared } = this.#options;
    if (this.#open.get(key) !== replica) {
      if (shared === null ? size === 0 : isOver) return;
      this.#unclose(key, replica);
      this.#open.set(key, replica);
      if (size === 0) this.#staying.add(replica.fold);
      this.#unkept.add(log);
      this.#announce(log);
    } else if (isOver) {
      this.#open.delete(key);
      this.#staying.delete(replica.fold);
      this.#unkept.add(log);
      this.#recent = null;
      this.#close(key, replica);
      if (shared !== null && isNamed(shared, log)) this.#closing.add(log);
    } else if (size === 0) {
      this.#staying.add(replica.fold);
    } else if (shared !== null && isPermanent) {
      this.#announce(log);
    }
  }

  #unclose(key: string, replica: RoomReplica): void {
    if (this.#closed.get(key) === replica) {
      this.#closed.delete(key);
      return;
    }
    // By what was in its log, it has another name than that by which it was asked for.
    for (const [before, closed] of this.#closed) if (closed === replica) this.#closed.delete(before);
  }

  #close(key: string, replica: RoomReplica): void {
    this.#closed.set(key, replica);
    this.#forgetBut(replica);
  }

  /** Forgets the closed rooms that are too many. To be called when logs have answered. */
  trim(): void {
    this.#forgetBut(null);
  }

  #forgetBut(kept: RoomReplica | null): void {
    if (this.#closed.size <= MAX_CLOSED_ROOMS) return;
    for (const [oldest, candidate] of this.#closed) {
      if (!candidate.isSettled || candidate === kept || this.#isNamed(candidate.name)) continue;
      // Another domain may have somebody enter it, by its log alone.
      if (candidate.fold.isKnownAbroad) continue;
      this.#forget(oldest, candidate);
      if (this.#closed.size <= MAX_CLOSED_ROOMS) return;
    }
  }

  /** Whether a room may be asked for by a name: while their logs are late, a bounded number of new ones is kept. */
  hasPlaceFor(name: string): boolean {
    if (this.#closed.size < MAX_CLOSED_ROOMS) return true;
    const key = this.#options.fold(name);
    if (this.#known(key) !== undefined) return true;
    for (const candidate of this.#closed.values()) {
      if (candidate.isSettled && !this.#isNamed(candidate.name)) return true;
    }
    return false;
  }

  #forget(key: string, replica: RoomReplica): void {
    this.#closed.delete(key);
    this.#letGo(replica);
  }

  /** Lets go of a room that nobody is in; what is kept is how far its log has been applied. */
  #letGo(replica: RoomReplica): void {
    const { name } = replica;
    if (this.#keptSeqs.has(name)) this.#keep(replica);
    this.#keptSeqs.delete(name);
    this.#unkept.delete(name);
    this.#byLog.delete(name);
    this.#foreign.delete(replica);
    replica.close();
    const { shared } = this.#options;
    if (shared === null) return;
    shared.checkpoints.keep(replica, ROOM_CODEC, 'all');
    shared.checkpoints.forget(name);
  }

  // Rooms that several processes have

  /** All rooms, open and closed. */
  all(): IterableIterator<RoomReplica> {
    return this.#byLog.values();
  }

  /** Follows the rooms that the domain's log names: it is known by now what that has. */
  beginAll(): void {
    const { shared } = this.#options;
    const unbegun = this.#unbegun;
    if (shared === null || unbegun === null) return;
    this.#unbegun = null;
    for (const replica of unbegun) this.#begin(replica);
    for (const log of shared.names) this.#follow(log);
    for (const log of shared.checkpoints.rooms) if (isRoomLog(log)) this.#follow(log);
  }

  /** The domain's log has said whether a room is open. */
  named(log: RoomLog, isOpen: boolean): void {
    this.#closing.remove(log);
    if (isOpen) {
      this.#follow(log);
      const replica = this.#byLog.get(log);
      // Closed by now, or not yet open.
      if (replica?.fold.isOver === true) this.#closing.add(log);
      return;
    }
    const replica = this.#byLog.get(log);
    if (replica !== undefined && !replica.isOpening && !replica.fold.isOver) this.#announce(log);
    else this.trim();
  }

  #follow(log: RoomLog): void {
    if (this.#unbegun !== null || this.#byLog.has(log)) return;
    const made = this.#makeOn(log, log.slice('r:'.length), null);
    this.#close(this.#options.fold(made.fold.name), made);
    this.#begin(made);
  }

  /** Has all processes follow an open room. */
  #announce(log: LogName): void {
    const { shared } = this.#options;
    if (shared !== null && isRoomLog(log) && !shared.names.has(log)) shared.announce(log, true);
  }

  #isNamed(log: LogName): boolean {
    const { shared } = this.#options;
    return shared !== null && isNamed(shared, log);
  }

  /** Looks at the rooms that have closed, and at those that nobody has come back to. To be called every second. */
  review(nowMs: number): RoomReplica[] {
    const { shared } = this.#options;
    if (shared === null) return [];
    for (const log of this.#closing.ripe(shared.patienceFor)) {
      const replica = this.#byLog.get(log);
      if (replica?.isSettled === false) continue;
      if (replica === undefined || replica.fold.isOver) shared.announce(log, false);
      else this.#closing.remove(log);
    }
    const left: RoomReplica[] = [];
    for (const { isAwaiting, registration, atMs, name } of this.#staying) {
      if (!isAwaiting || registration !== null || nowMs - atMs <= MAX_ABSENCE_MS) continue;
      const replica = this.find(name);
      if (replica !== undefined) left.push(replica);
    }
    return left;
  }

  // From one run of the server to the next

  /** Opens the rooms that somebody was in when the last run ended, but those that nobody has come back to for long. */
  revive(nowMs: number): void {
    for (const name of this.#options.keeper?.logs ?? []) {
      if (this.#byLog.has(name)) continue;
      const replica = this.#makeOn(name, name.slice('r:'.length), null);
      this.#reviving.set(name, nowMs);
      // Those who ask for it before it is open mean this one.
      this.#closed.set(this.#options.fold(replica.fold.name), replica);
      replica.open(this.#keptSeqs.get(name));
    }
  }

  #revived(replica: RoomReplica, nowMs: number): void {
    const { fold, name } = replica;
    const key = this.#options.fold(fold.name);
    this.#reviving.delete(name);
    this.#unclose(key, replica);
    if (!fold.isOver && !this.#open.has(key) && (fold.registration !== null || nowMs - fold.atMs <= MAX_ABSENCE_MS)) {
      this.#open.set(key, replica);
      this.#staying.add(fold);
      this.#keep(replica);
      return;
    }
    fold.close();
    if (replica.isSettled) this.#letGo(replica);
    else this.#close(key, replica);
  }

  /** Returns the rooms that are open as plain data, each with the name of its log. */
  snapshots(): (readonly [LogName, RoomSnapshot])[] {
    const open = [...this.#open.values()].filter(({ fold }) => !fold.isOver && !fold.isForeign);
    return open.map(({ name, fold }) => [name, fold.snapshot()]);
  }

  /** Keeps the rooms whose logs have grown, or all of them. */
  keep(which: 'grown' | 'all'): void {
    const { keeper, shared } = this.#options;
    if (shared !== null)
      for (const replica of this.#byLog.values()) shared.checkpoints.keep(replica, ROOM_CODEC, which);
    if (keeper === null) return;
    for (const { name, applied, fold } of this.#open.values()) {
      const grown = applied - (this.#keptSeqs.get(name) ?? applied);
      // A snapshot of a large room costs more, and is made less often.
      if (which === 'all' || grown >= Math.max(PACKS_BETWEEN_SNAPSHOTS, fold.size)) this.#unkept.add(name);
    }
    for (const name of this.#unkept) {
      const replica = this.#byLog.get(name);
      if (replica !== undefined && this.#keptSeqs.has(name)) this.#keep(replica);
    }
    this.#unkept.clear();
  }

  #keep(replica: RoomReplica): void {
    const { name, applied, fold } = replica;
    this.#keptSeqs.set(name, applied);
    this.#options.keeper?.keep(name, applied, fold.isOver ? null : fold.snapshot(), fold.atMs);
  }
}

function isNamed({ names }: SharedRooms, log: LogName): log is RoomLog {
  return isRoomLog(log) && names.has(log);
}

function isRoomLog(log: LogName): log is RoomLog {
  return log.startsWith('r:');
}

function isRoomEntry(entry: Entry): entry is Entry & EntryOf<RoomDeeds> {
  return Object.hasOwn(ROOM_DEEDS, entry.kind);
}
