/** The copies of a home's rooms in the log of the nodes, over one connection to the home. */
import { encodePack } from '../log/codec.js';
import { type Entry, MAX_PACK_ENTRIES } from '../log/entry.js';
import type { AppendFailure } from '../log/shared-log.js';
import type { Bus } from './bus.js';
import type { Gate } from './gate.js';
import type { Greeting, HomeLine, RoomWord } from './home-line.js';
import type { Relayed } from './relayed.js';
import type { RollCall } from './roll-call.js';
import { StateParts } from './state-parts.js';

/** The delay in milliseconds after which packs are offered again that the home could not take. */
const RETRY_MS = 500;
/** The most bytes of the home that wait to be copied: it is not heard while there are more. */
const MAX_WAITING_BYTES = 8_388_608;
/** The most offers that the home has not answered: it answers far sooner. */
const MAX_OFFERS = 20_000;

/** The last pack of a room that has been copied. */
export interface Place {
  readonly epoch: string;
  readonly after: number;
}

/** How often people who are not inside are removed from a room before it is copied without them. */
const MAX_DISMISSALS = 3;

/** A room that is followed at the home. */
interface Followed {
  readonly room: string;
  id: number;
  /** Whether the home has been asked for the room as a whole for nodes that lack it, or for all packs. */
  isFresh: boolean;
  /** Whether the room as a whole has been asked for since the last time that it was copied. */
  isWanted: boolean;
  /** Names the last time that all packs of the home were copied; null if offers have been lost since then. */
  sync: number | null;
  place: Place | null;
  /** How often people of this domain who are not inside have been removed from it. */
  dismissals: number;
}

/** The parts of a copyist. */
export interface CopyistParts {
  readonly bus: Bus;
  readonly line: HomeLine;
  readonly greeting: Greeting;
  /** The number of the pack in which this node has claimed the link. */
  readonly term: number;
  /** Judges what the home says. */
  readonly gate: Gate;
  readonly rollCall: RollCall;
  /** Returns how far a room has been copied before. */
  readonly placeOf: (room: string) => Place | null;
  /** The nodes that need a room. */
  readonly nodesOf: (room: string) => ReadonlySet<string>;
  /** A room is followed from now on. */
  readonly followed: () => void;
}

/** Copies what the home sends, and sends the home what nodes offer. */
export class Copyist {
  readonly #parts: CopyistParts;
  readonly #followed = new Map<string, Followed>();
  readonly #byId = new Map<number, Followed>();
  #ids = 0;
  #syncs = 0;
  #turns = 0;
  /** The rooms of the packs that are on their way home. */
  readonly #offers = new Map<number, string>();
  /** The rooms of the packs by which people leave who were inside by a former link. */
  readonly #departures = new Map<number, Followed>();
  /** The home sends the parts of a room one after the other, and no other room in between. */
  readonly #parted = new StateParts();
  #partedId = 0;
  #waitingBytes = 0;
  readonly #timers = new Set<NodeJS.Timeout>();
  #isOver = false;

  constructor(parts: CopyistParts) {
    this.#parts = parts;
  }

  /** Says something about the link. If that is not in the log, what follows must not be, either. */
  say(message: Relayed, body?: Uint8Array): void {
    const { line, bus } = this.#parts;
    const bytes = body?.length ?? 0;
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > MAX_WAITING_BYTES) line.pause('full');
    bus.say(message, body, (why: AppendFailure | null) => {
      this.#waitingBytes -= bytes;
      if (this.#isOver) return;
      if (this.#waitingBytes <= MAX_WAITING_BYTES) line.resume('full');
      if (why !== null) line.reopen();
    });
  }

  /** Reports that the link is up. */
  sayHeld(): void {
    const { term, greeting } = this.#parts;
    const { label, epoch, rooms } = greeting;
    this.say({ kind: 'held', term, home: { label, epoch, rooms } });
  }

  // For the nodes

  /** Follows a room, if that is not so yet. */
  follow(room: string): void {
    if (!this.#followed.has(room)) this.#begin(room);
  }

  #begin(room: string): Followed {
    const place = this.#parts.placeOf(room);
    const followed: Followed = { room, id: 0, isFresh: false, isWanted: false, sync: null, place, dismissals: 0 };
    this.#followed.set(room, followed);
    this.#ask(followed, false);
    this.#parts.followed();
    return followed;
  }

  /** A node needs a room. @param isFresh - whether it needs it as a whole */
  want(room: string, isFresh: boolean): void {
    const known = this.#followed.get(room) ?? this.#begin(room);
    if (known.sync !== null) this.say({ kind: 'caught-up', ...this.#common(known), sync: known.sync });
    // The room is still to be copied as a whole.
    if (!isFresh || known.place === null) return;
    known.isWanted = true;
    if (known.sync !== null) this.#ask(known, true);
  }

  /** Nobody needs a room any more. */
  drop(room: string): void {
    const followed = this.#followed.get(room);
    if (followed !== undefined) this.#stop(followed);
  }

  #stop({ room, id }: Followed): void {
    this.#followed.delete(room);
    this.#byId.delete(id);
    this.#parts.line.send({ kind: 'stop', id });
  }

  /** A node that knows of the last `caught-up` has a pack for a room. */
  offer(room: string, sync: number, body: Uint8Array): void {
    const { line } = this.#parts;
    const followed = this.#followed.get(room);
    // It offers the pack again when the room has caught up.
    if (followed?.sync !== sync) return;
    if (this.#offers.size >= MAX_OFFERS) {
      line.violated('it does not answer');
      return;
    }
    this.#turns += 1;
    this.#offers.set(this.#turns, room);
    line.send({ kind: 'append', id: followed.id, turn: this.#turns }, body);
  }

  // From the home

  /** Asks the home for a room: as a whole, or for the packs after the last one that has been copied. */
  #ask(followed: Followed, isFresh: boolean): void {
    this.#byId.delete(followed.id);
    this.#ids += 1;
    followed.id = this.#ids;
    followed.isFresh = isFresh;
    followed.sync = null;
    this.#byId.set(followed.id, followed);
    const { id, room, place } = followed;
    this.#parts.line.send({ kind: 'follow', id, room, resume: isFresh ? null : place });
  }

  #common({ room }: Followed): { readonly term: number; readonly room: string } {
    return { term: this.#parts.term, room };
  }

  /** The home has received a pack, or has not. `why` is null if it has. */
  answered(turn: number, why: 'unknown' | 'invalid' | null): void {
    const left = this.#departures.get(turn);
    if (left !== undefined) {
      this.#departures.delete(turn);
      const isLast = ![...this.#departures.values()].includes(left);
      if (isLast && this.#followed.get(left.room) === left) this.#ask(left, left.isFresh);
      return;
    }
    const room = this.#offers.get(turn) ?? '';
    this.#offers.delete(turn);
    const followed = this.#followed.get(room);
    if (followed === undefined || why === null || followed.sync === null) return;
    // Later packs of the same people would not count without this one.
    followed.sync = null;
    const { id } = followed;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.#byId.get(id) === followed) this.#ask(followed, false);
    }, RETRY_MS).unref();
    this.#timers.add(timer);
  }

  heard(word: RoomWord, body: Uint8Array): void {
    const followed = this.#byId.get(word.id);
    if (followed === undefined) return;
    switch (word.kind) {
      case 'state':
        this.#takePart(followed, word, body);
        return;
      case 'pack':
        this.#copyPack(followed, word.seq, body);
        return;
      case 'caught-up':
        this.#caughtUp(followed);
        return;
      case 'refused':
        this.#byId.delete(followed.id);
        this.#followed.delete(followed.room);
        this.say({ kind: 'refused', ...this.#common(followed) });
        return;
      case 'away':
      case 'back':
        this.say({ kind: word.kind, ...this.#common(followed) });
        return;
      case 'tell':
      case 'told':
      // The node that holds the link does not copy letters.
    }
  }

  #copyPack(followed: Followed, seq: number, body: Uint8Array): void {
    const { line, gate } = this.#parts;
    const { place, room } = followed;
    // While the room is sent as a whole, its packs come once more after that.
    if (followed.isFresh || place === null || seq <= place.after) return;
    if (seq !== place.after + 1) {
      line.violated('it has left out a part of a room');
      return;
    }
    const { entries, why } = gate.judge(room, body);
    line.charge(entries);
    if (why !== null) {
      line.violated(why);
      return;
    }
    followed.place = { epoch: place.epoch, after: seq };
    this.say({ kind: 'pack', ...this.#common(followed), seq }, body);
  }

  #caughtUp(followed: Followed): void {
    if (followed.isFresh) return;
    this.#syncs += 1;
    followed.sync = this.#syncs;
    if (followed.place !== null) {
      followed.place = { epoch: this.#parts.greeting.epoch, after: followed.place.after };
    }
    this.say({ kind: 'caught-up', ...this.#common(followed), sync: followed.sync });
    if (followed.isWanted) this.#ask(followed, true);
  }

  #takePart(followed: Followed, word: RoomWord & { readonly kind: 'state' }, body: Uint8Array): void {
    // The rest of another room does not follow if nobody needs that any more.
    if (this.#parted.isPartial && !this.#byId.has(this.#partedId)) this.#parted.drop();
    const isOther = this.#parted.isPartial && this.#partedId !== word.id;
    this.#partedId = word.id;
    const state = isOther ? 'unfit' : this.#parted.take(word, body);
    if (state === 'unfit') this.#parts.line.violated('it has sent a room that cannot be taken');
    else if (state !== null) this.#judge(followed, word, state.text);
  }

  /** Copies a room as a whole, without people of this domain who are not in it by the knowledge of their nodes. */
  #judge(followed: Followed, word: RoomWord & { readonly kind: 'state' }, text: string): void {
    const { line, gate, rollCall, nodesOf } = this.#parts;
    const { room, id } = followed;
    const state = gate.read(text);
    if (typeof state === 'string') {
      line.violated(state);
      return;
    }
    if (state === null) {
      // The nodes could not judge it.
      this.say({ kind: 'refused', ...this.#common(followed) });
      this.#stop(followed);
      return;
    }
    if (state.nodes.size === 0) {
      this.#copyState(followed, word, state.textWith(word.seq, new Set()));
      return;
    }
    line.pause('roll call');
    const call = rollCall.begin([...state.nodes, ...nodesOf(room)], (inside) => {
      if (this.#isOver) return;
      // What follows is heard after that, so that it is copied after it.
      if (this.#byId.get(id) === followed && !this.#dismiss(followed, state.departures(word.seq, inside))) {
        this.#copyState(followed, word, state.textWith(word.seq, inside));
      }
      line.resume('roll call');
    });
    this.say({ kind: 'roll-call', ...this.#common(followed), call });
  }

  /**
   * Lets people leave who were inside by a former link, and asks for the room without them then.
   *
   * @returns false if there are none, or if they have been told to leave too often
   */
  #dismiss(followed: Followed, departures: readonly Entry[]): boolean {
    if (departures.length === 0 || followed.dismissals >= MAX_DISMISSALS) return false;
    followed.dismissals += 1;
    // The rest of what the home says about the room now is of no use.
    this.#byId.delete(followed.id);
    for (let at = 0; at < departures.length; at += MAX_PACK_ENTRIES) {
      const pack = encodePack(departures.slice(at, at + MAX_PACK_ENTRIES));
      if (pack.kind !== 'bytes') throw new RangeError('the entries do not fit into a pack');
      this.#turns += 1;
      this.#departures.set(this.#turns, followed);
      this.#parts.line.send({ kind: 'append', id: followed.id, turn: this.#turns }, pack.bytes);
    }
    return true;
  }

  #copyState(followed: Followed, { log, seq }: RoomWord & { readonly kind: 'state' }, text: string): void {
    const { isFresh } = followed;
    const body = new TextEncoder().encode(text);
    // Nodes that ask for the room from now on have missed it.
    followed.isWanted = false;
    followed.dismissals = 0;
    this.say({ kind: 'state', ...this.#common(followed), log, seq, isFresh }, body);
    if (isFresh && followed.place !== null) {
      // Nodes that have the room need the packs up to there.
      this.#ask(followed, false);
      return;
    }
    followed.isFresh = false;
    followed.place = { epoch: this.#parts.greeting.epoch, after: seq };
  }

  /** The connection is lost, or another node holds the link. */
  end(): void {
    this.#isOver = true;
    this.#parts.rollCall.drop();
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
