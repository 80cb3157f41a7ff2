/** The rooms of one chat: open ones, and former ones. */
import type { Entry, EntryOf, LogName, RoomDeeds, RoomLog } from '../log/entry.js';
import { isRoomLog } from '../log/log-name.js';
import type { SharedLog } from '../log/shared-log.js';
import type { Abroad, Origin } from './abroad.js';
import type { Fold as CaseFold } from './case-mapping.js';
import type { Checkpointing } from './checkpointing.js';
import { OpenRooms } from './open-rooms.js';
import { Patience } from './patience.js';
import { Replica, type ReplicaOwner } from './replica.js';
import { ROOM_DEEDS, type RoomOutcomes } from './room-deeds.js';
import type { RoomKeeper } from './room-keeper.js';
import { type Cast, RoomState } from './room-state.js';
import type { RoomSnapshot } from './snapshot.js';
import { ROOM_CODEC } from './snapshot-codec.js';

/** A room with its log. */
export type RoomReplica = Replica<RoomDeeds, RoomOutcomes, RoomState>;

/** The number of closed rooms that are kept, with their logs, in case somebody opens them again. */
const MAX_CLOSED_ROOMS = 1_000;
/** A room is saved again after this number of packs: the next start applies at most that many. */
const PACKS_BETWEEN_SNAPSHOTS = 200;
/** How long a room waits for members who were inside when the server stopped, in milliseconds: 30 days. */
const MAX_ABSENCE_MS = 2_592_000_000;
/** How long a closed room counts its requests for names, in milliseconds: nothing is on its way for as long. */
const REQUESTS_MS = 3_600_000;
/** How long a room of another domain that nobody here is in is followed, in seconds. */
const MAX_UNUSED_SECONDS = 60;

/** The options of the rooms. */
export interface RoomsOptions {
  readonly log: SharedLog;
  readonly fold: CaseFold;
  readonly cast: Cast;
  readonly owner: ReplicaOwner;
  /** Returns a name that no other log ever has. */
  readonly newLogId: (log: LogName) => string;
  /** Keeps rooms from one run of the server to the next; null if nothing does. */
  readonly keeper: RoomKeeper | null;
  /** The facts that several processes have to agree on; null for one process. */
  readonly shared: SharedRooms | null;
  /** The other domains; null for a domain that knows of none. */
  readonly abroad: Abroad | null;
}

/** The open rooms, by the domain's log. */
export interface SharedRooms {
  readonly checkpoints: Checkpointing;
  readonly names: ReadonlySet<RoomLog>;
  /** The number of checks of a closed room before this process reports that it has closed. */
  readonly patienceFor: (log: RoomLog) => number;
  /** Makes the domain's log record that a room is open, or closed. */
  announce(log: RoomLog, isOpen: boolean): void;
}

/**
 * Rooms by their names. A room is open while somebody is inside, forever if it is permanent, while it belongs to an
 * account, or while it waits for the members who were inside when the server stopped.
 */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #open = new OpenRooms<RoomReplica>();
  /**
   * Closed rooms; the one that closed last is the last. Their states hold nothing but the numbers of the sessions that
   * were there, without which an earlier entry could count again.
   */
  readonly #closed = new Map<string, RoomReplica>();
  /** Open rooms that may have nobody inside. */
  readonly #staying = new Set<RoomReplica>();
  /** The number of the last pack that is saved of each room, by its log; a room that is not saved has none. */
  readonly #keptSeqs = new Map<LogName, number>();
  /** The logs of rooms that have opened or closed since they were saved. */
  readonly #unkept = new Set<LogName>();
  /** Open and closed rooms. A room keeps its log when it is renamed. */
  readonly #byLog = new Map<LogName, RoomReplica>();
  readonly #byState = new WeakMap<RoomState, RoomReplica>();
  /** The logs of rooms that are about to reopen from an earlier run, and when that was asked for. */
  readonly #reviving = new Map<LogName, number>();
  /** Names that rooms are about to take; only those of unsettled logs count. */
  readonly #reservations = new Map<string, RoomReplica>();
  /** The open room that was last asked for, and its name: each line of a talk asks for the same one. */
  #recent: { readonly name: string; readonly replica: RoomReplica } | null = null;
  /** Rooms that wait until the domain's log is known; null when it is, and for one process. */
  #unbegun: RoomReplica[] | null = null;
  /** Closed rooms that are still open by the domain's log. */
  readonly #closing = new Patience();
  /** The rooms of other domains, and the number of seconds for which nobody here has been in them. */
  readonly #foreign = new Map<RoomReplica, number>();

  constructor(options: RoomsOptions) {
    this.#options = options;
    if (options.shared !== null) this.#unbegun = [];
  }

  get occupiedCount(): number {
    let count = this.#open.size;
    for (const { fold } of this.#staying) if (fold.size === 0) count -= 1;
    return count;
  }

  *open(): Generator<RoomState, void> {
    for (const { fold } of this.#open.values()) yield fold;
  }

  /** Returns an open room with its log. */
  find(name: string): RoomReplica | undefined {
    if (this.#recent?.name === name) return this.#recent.replica;
    const replica = this.#open.find(this.#options.fold(name));
    if (replica !== undefined) this.#recent = { name, replica };
    return replica;
  }

  /** Opens a room that stays when everybody has left, or finds it if it is open. */
  addPermanent(name: string, atMs: number): RoomState {
    const key = this.#options.fold(name);
    const known = this.#open.find(key);
    if (known !== undefined) return known.fold;
    // Several processes would not agree on the time: it is that of the first member who enters.
    const made = this.#make(key, name, this.#options.shared === null ? atMs : 0);
    this.#give(key, made);
    this.#begin(made);
    return made.fold;
  }

  /** Returns an empty room without a log, for the members who were in a room that cannot be opened. */
  unopened(name: string): RoomState {
    const { fold, cast } = this.#options;
    return new RoomState({ name, id: '', fold, cast, permanentSinceMs: null });
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

  /** Drops a room of another domain. Proposals to it are not taken. */
  dropForeign(replica: RoomReplica): void {
    const { fold, name } = replica;
    const key = this.#options.fold(fold.name);
    if (this.#closed.get(key) === replica) this.#closed.delete(key);
    this.#foreign.delete(replica);
    this.#byLog.delete(name);
    this.#unkept.delete(name);
    this.#remove(replica);
    for (const session of [...fold.sessions()]) fold.dismiss(session);
    replica.abandon();
  }

  /** Drops rooms of other domains that nobody here has been in for a while. Call it every second. */
  dropUnused(): void {
    for (const [replica, seconds] of this.#foreign) {
      const isUsed = !replica.isSettled || replica.fold.seats.some(({ member }) => member.isLocal);
      this.#foreign.set(replica, isUsed ? 0 : seconds + 1);
      if (seconds >= MAX_UNUSED_SECONDS) this.dropForeign(replica);
    }
  }

  /** Returns a room if it is not known yet whether the room is open. */
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
    const home = this.#options.shared === null || view?.isForeign === true ? null : fold(name.slice('r:'.length));
    const state = new RoomState({ name: title, id, fold, cast, permanentSinceMs, atMs, view, home });
    if (kept !== null) this.#keptSeqs.set(name, kept.seq);
    if (kept !== null && kept.snapshot !== null) state.restore(kept.snapshot);
    const made: RoomReplica = new Replica({ log, name, fold: state, belongs: isRoomEntry, owner });
    this.#byLog.set(made.name, made);
    this.#byState.set(state, made);
    return made;
  }

  /** The content of a room's log is known. */
  caughtUp(log: LogName): void {
    const replica = this.#byLog.get(log);
    if (replica === undefined) return;
    // Members who are inside by the saved state were there in an earlier run.
    if (this.#keptSeqs.has(log)) replica.fold.outlive();
    const { shared } = this.#options;
    if (shared !== null && isNamed(shared, log) && isUnused(replica)) this.#closing.add(log);
    const nowMs = this.#reviving.get(log);
    if (nowMs === undefined) this.sort(log);
    else this.#revived(replica, nowMs);
  }

  /** Returns the log of a new room: that of its name, unless a room that has been renamed keeps that log. */
  #freeLog(key: string): LogName {
    let log: LogName = `r:${key}`;
    for (let count = 2; this.#byLog.has(log); count += 1) log = `r:${key} ${count}`;
    return log;
  }

  /** Returns the room of a log. */
  ofLog(log: LogName): RoomReplica | undefined {
    return this.#byLog.get(log);
  }

  /** Returns a room with its log, whichever room has its name here; undefined if its log is not followed any more. */
  of(room: RoomState): RoomReplica | undefined {
    const replica = this.#byState.get(room);
    return replica !== undefined && this.#byLog.get(replica.name) === replica ? replica : undefined;
  }

  // Other names

  /** Whether a room may take a name: nobody is in another room of that name, or about to be. */
  isFree(name: string, replica: RoomReplica): boolean {
    const key = this.#options.fold(name);
    const known = this.#known(key);
    if (known === undefined || known === replica) return true;
    return known.isSettled && (this.#closed.has(key) || known.fold.isCeded);
  }

  /** Reserves a name for a room that is about to take it. Members who ask for the name meanwhile mean this room. */
  reserve(name: string, replica: RoomReplica): void {
    for (const [key, { isSettled }] of this.#reservations) if (isSettled) this.#reservations.delete(key);
    this.#reservations.set(this.#options.fold(name), replica);
  }

  /** The room that has a name, or is about to take it. */
  #known(key: string): RoomReplica | undefined {
    const known = this.#open.find(key) ?? this.#closed.get(key) ?? this.#reserved(key);
    // Where several processes agree on names, a room that has been renamed keeps the name of its log.
    return known ?? (this.#options.shared === null ? undefined : this.#byLog.get(`r:${key}`));
  }

  #reserved(key: string): RoomReplica | undefined {
    const replica = this.#reservations.get(key);
    return replica?.isSettled === false ? replica : undefined;
  }

  /** From now on, finds a room by its new name. @param log - its log */
  retitled(log: LogName, before: string): void {
    const replica = this.#byLog.get(log);
    if (replica === undefined) return;
    const { fold } = this.#options;
    const key = fold(replica.fold.name);
    const former = fold(before);
    const isShared = this.#options.shared !== null;
    this.#reservations.delete(key);
    if (key === former) return;
    const closed = this.#closed.get(key);
    // Where several processes agree on names, the log of the name leads to this room.
    if (closed !== undefined && !isShared) this.#forget(key, closed);
    this.#give(key, replica);
  }

  /** Opens a room by a name. The room that has the name now waits for it. */
  #give(key: string, replica: RoomReplica): void {
    const holder = this.#open.find(key);
    if (holder !== undefined && holder !== replica) this.#staying.delete(holder);
    this.#recent = null;
    const waiting = this.#open.give(key, replica);
    if (replica.fold.size === 0) this.#staying.add(replica);
    for (const { name } of waiting) this.sort(name);
  }

  /** A room is not open any more. */
  #remove(replica: RoomReplica): void {
    this.#staying.delete(replica);
    this.#recent = null;
    for (const { name } of this.#open.remove(replica)) this.sort(name);
  }

  /** Another room has the name of a room, which opens when the name is free here. */
  #wait(key: string, replica: RoomReplica): void {
    this.#staying.delete(replica);
    this.#recent = null;
    const waiting = this.#open.wait(key, replica);
    // It is open for others, whatever it is here.
    this.#announce(replica.name);
    for (const { name } of waiting) this.sort(name);
  }

  // Names that several processes agree on

  /** Returns the room whose log decides who has a name. */
  namesake(name: string): RoomReplica {
    const key = this.#options.fold(name);
    return this.followed(`r:${key}`, name);
  }

  /** Returns the room of a log, and follows it from now on. @param title - its name, if nobody knows it yet */
  followed(log: RoomLog, title: string = log.slice('r:'.length)): RoomReplica {
    const known = this.#byLog.get(log);
    if (known !== undefined) return known;
    const made = this.#makeOn(log, title, null);
    this.#close(this.#options.fold(title), made);
    this.#begin(made);
    return made;
  }

  /** The name of a log leads to another room from now on: all processes have to follow the log. */
  ceded(log: RoomLog): void {
    const replica = this.#byLog.get(log);
    const ceded = replica?.fold.claims?.ceded ?? null;
    if (replica === undefined || ceded === null) return;
    const home = this.#options.fold(log.slice('r:'.length));
    // There may be as many as there are open rooms: they are not among those that are kept in case.
    if (this.#closed.get(home) === replica) this.#closed.delete(home);
    this.#closing.remove(log);
    this.#announce(log);
    // This room may have had the name here when the state of that one was read.
    this.sort(ceded.room);
  }

  /** The name of a log does not lead to another room any more. */
  reclaimed(log: RoomLog): void {
    const replica = this.#byLog.get(log);
    if (replica === undefined) return;
    const { isOver, claims, name } = replica.fold;
    if (isOver) this.#close(claims?.home ?? this.#options.fold(name), replica);
    // A room of the configuration has its name again.
    else this.sort(log);
    if (this.#isNamed(log) && isUnused(replica)) this.#closing.add(log);
  }

  /**
   * Opens a room that somebody has entered, and closes one that everybody has left. A room cannot open under the name
   * of another open room: it opens when that one has it no more.
   *
   * @param log - its log
   */
  sort(log: LogName): void {
    const replica = this.#byLog.get(log);
    // A room whose content is incomplete may have got another name, or have closed: it is sorted when that is known.
    if (replica === undefined || replica.isOpening) return;
    const { size, isOver, isPermanent, name } = replica.fold;
    const key = this.#options.fold(name);
    const { shared } = this.#options;
    if (isOver) {
      if (this.#open.has(replica)) this.#shut(key, replica);
    } else if (this.#open.nameOf(replica) !== key) {
      this.#openBy(key, replica);
    } else if (size === 0) {
      this.#staying.add(replica);
    } else if (shared !== null && isPermanent) {
      this.#announce(log);
    }
  }

  /** Opens a room by its name, or has it wait for the name. */
  #openBy(key: string, replica: RoomReplica): void {
    // Where nobody else has its log, such a room opens when the log has been read, or when somebody enters.
    const isLeft = replica.fold.size === 0 && !this.#open.has(replica);
    if (this.#options.shared === null && isLeft) return;
    const holder = this.#open.find(key);
    this.#unclose(key, replica);
    // A permanent room of the configuration may have given its name away before it became permanent.
    if (holder !== undefined && !holder.fold.isCeded) {
      this.#wait(key, replica);
      return;
    }
    this.#give(key, replica);
    this.#unkept.add(replica.name);
    this.#announce(replica.name);
  }

  /** Everybody has left a room. */
  #shut(key: string, replica: RoomReplica): void {
    const { name, fold } = replica;
    const { shared } = this.#options;
    this.#unkept.add(name);
    this.#close(fold.claims?.home ?? key, replica);
    if (shared !== null && isNamed(shared, name) && isUnused(replica)) this.#closing.add(name);
    this.#remove(replica);
  }

  #unclose(key: string, replica: RoomReplica): void {
    if (this.#closed.get(key) === replica) {
      this.#closed.delete(key);
      return;
    }
    // By the content of its log, its name differs from the one by which it was asked for.
    for (const [before, closed] of this.#closed) if (closed === replica) this.#closed.delete(before);
  }

  #close(key: string, replica: RoomReplica): void {
    this.#closed.set(key, replica);
    this.#forgetBut(replica);
  }

  /** Forgets surplus closed rooms. Call it when logs have answered. */
  trim(): void {
    this.#forgetBut(null);
  }

  #forgetBut(kept: RoomReplica | null): void {
    if (this.#closed.size <= MAX_CLOSED_ROOMS) return;
    for (const [oldest, candidate] of this.#closed) {
      if (!candidate.isSettled || candidate === kept || this.#isNamed(candidate.name)) continue;
      // Another domain may let somebody enter it, through its log alone.
      if (candidate.fold.isKnownAbroad) continue;
      this.#forget(oldest, candidate);
      if (this.#closed.size <= MAX_CLOSED_ROOMS) return;
    }
  }

  /** Whether a name can have a room: while logs are late, only a bounded number of new rooms is kept. */
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

  /** Drops an empty room; only how far its log has been applied is kept. */
  #letGo(replica: RoomReplica): void {
    const { name } = replica;
    if (this.#keptSeqs.has(name)) this.#keep(replica);
    this.#keptSeqs.delete(name);
    this.#unkept.delete(name);
    this.#byLog.delete(name);
    this.#foreign.delete(replica);
    replica.close();
    const { shared } = this.#options;
    if (shared === null || replica.fold.isForeign) return;
    shared.checkpoints.keep(replica, ROOM_CODEC, 'all');
    shared.checkpoints.forget(name);
  }

  // Rooms that several processes have

  /** All rooms, open and closed. */
  all(): IterableIterator<RoomReplica> {
    return this.#byLog.values();
  }

  /** Follows the rooms that the domain's log names, since that log is known by now. */
  beginAll(): void {
    const { shared } = this.#options;
    const unbegun = this.#unbegun;
    if (shared === null || unbegun === null) return;
    this.#unbegun = null;
    for (const replica of unbegun) this.#begin(replica);
    for (const log of shared.names) this.#follow(log);
    for (const log of shared.checkpoints.rooms) if (isRoomLog(log)) this.#follow(log);
  }

  /** The domain's log has recorded whether a room is open. */
  named(log: RoomLog, isOpen: boolean): void {
    this.#closing.remove(log);
    if (isOpen) {
      this.#follow(log);
      const replica = this.#byLog.get(log);
      // The room is closed by now, or not yet open.
      if (replica !== undefined && isUnused(replica)) this.#closing.add(log);
      return;
    }
    const replica = this.#byLog.get(log);
    if (replica !== undefined && !replica.isOpening && !isUnused(replica)) this.#announce(log);
    else this.trim();
  }

  #follow(log: RoomLog): void {
    if (this.#unbegun !== null || this.#byLog.has(log)) return;
    const made = this.#makeOn(log, log.slice('r:'.length), null);
    this.#close(this.#options.fold(made.fold.name), made);
    this.#begin(made);
  }

  /** Makes all processes follow the open rooms that the domain's log does not name. */
  announceAll(): void {
    for (const { name } of this.#open.values()) this.#announce(name);
  }

  /** Makes all processes follow an open room. */
  #announce(log: LogName): void {
    const { shared, abroad } = this.#options;
    if (shared === null || abroad?.isForeign(log) === true) return;
    if (isRoomLog(log) && !shared.names.has(log)) shared.announce(log, true);
  }

  #isNamed(log: LogName): boolean {
    const { shared } = this.#options;
    return shared !== null && isNamed(shared, log);
  }

  /**
   * Checks the rooms that have closed, and those that nobody has returned to. Call it every second.
   *
   * @returns the rooms to abandon
   */
  review(nowMs: number): RoomReplica[] {
    const { shared } = this.#options;
    if (shared === null) return [];
    for (const log of this.#closing.ripe(shared.patienceFor)) {
      const replica = this.#byLog.get(log);
      if (replica?.isSettled === false) continue;
      if (replica === undefined || isUnused(replica)) shared.announce(log, false);
      else this.#closing.remove(log);
    }
    const left: RoomReplica[] = [];
    for (const replica of this.#staying) {
      const { isAwaiting, isForeign, registration, atMs } = replica.fold;
      if (!isAwaiting || isForeign || registration !== null || nowMs - atMs <= MAX_ABSENCE_MS) continue;
      left.push(replica);
    }
    return [...left, ...this.#spent(nowMs)];
  }

  /** Returns the closed rooms that still count their requests for names, though nothing refers to these. */
  #spent(nowMs: number): RoomReplica[] {
    const spent = [...this.#closed.values()].filter(({ isSettled, fold }) => {
      return fold.claims?.isSpent === true && fold.isOver && isSettled && nowMs - fold.atMs > REQUESTS_MS;
    });
    if (spent.length === 0) return spent;
    const referred = new Set<LogName>();
    for (const { fold } of this.#byLog.values()) {
      const room = fold.claims?.ceded?.room;
      if (room !== undefined) referred.add(room);
    }
    return spent.filter(({ name }) => !referred.has(name));
  }

  // From one run of the server to the next

  /** Opens the rooms that had members when the last run ended, except those that nobody has returned to for long. */
  revive(nowMs: number): void {
    for (const name of this.#options.keeper?.logs ?? []) {
      if (this.#byLog.has(name)) continue;
      const replica = this.#makeOn(name, name.slice('r:'.length), null);
      this.#reviving.set(name, nowMs);
      // Members who ask for the room before it is open mean this one.
      this.#closed.set(this.#options.fold(replica.fold.name), replica);
      replica.open(this.#keptSeqs.get(name));
    }
  }

  #revived(replica: RoomReplica, nowMs: number): void {
    const { fold, name } = replica;
    const key = this.#options.fold(fold.name);
    this.#reviving.delete(name);
    this.#unclose(key, replica);
    const isFree = this.#open.find(key) === undefined;
    if (!fold.isOver && isFree && (fold.registration !== null || nowMs - fold.atMs <= MAX_ABSENCE_MS)) {
      this.#give(key, replica);
      this.#keep(replica);
      return;
    }
    fold.close();
    if (replica.isSettled) this.#letGo(replica);
    else this.#close(key, replica);
  }

  /** Returns the open rooms as plain data, each with the name of its log. */
  snapshots(): (readonly [LogName, RoomSnapshot])[] {
    const open = [...this.#open.values()].filter(({ fold }) => !fold.isOver && !fold.isForeign);
    return open.map(({ name, fold }) => [name, fold.snapshot()]);
  }

  /** The saved state of a room may be lost: it is saved with the next ones. */
  renew(log: LogName): void {
    this.#unkept.add(log);
  }

  /** Saves the rooms whose logs have grown, or all of them. */
  keep(which: 'grown' | 'all'): void {
    const { keeper, shared } = this.#options;
    if (shared !== null) {
      for (const replica of this.#byLog.values()) {
        if (!replica.fold.isForeign) shared.checkpoints.keep(replica, ROOM_CODEC, which);
      }
    }
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

/** Whether a room is closed, and its name leads to no other one. */
function isUnused({ fold }: RoomReplica): boolean {
  return fold.isOver && !fold.isCeded;
}

function isNamed({ names }: SharedRooms, log: LogName): log is RoomLog {
  return isRoomLog(log) && names.has(log);
}

function isRoomEntry(entry: Entry): entry is Entry & EntryOf<RoomDeeds> {
  return Object.hasOwn(ROOM_DEEDS, entry.kind);
}
