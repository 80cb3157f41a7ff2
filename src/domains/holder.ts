/** The node that holds the link of its domain to another one: it copies the home's messages for all nodes. */
import type { Bus } from './bus.js';
import { isPlainSession } from './customs.js';
import type { Gate } from './gate.js';
import { type Greeting, HomeLine, type HomeLineParts, type RoomWord } from './home-line.js';
import { MAX_STATE_BYTES } from './messages.js';
import type { Relayed } from './relayed.js';
import type { SharedHome } from './shared-home.js';
import type { Tenure } from './tenure.js';

/** The delay in milliseconds after which packs are offered again that the home could not take. */
const RETRY_MS = 500;
/** A node that cannot reach the home for this long gives the link up, and lets others try first, in milliseconds. */
const TRIAL_MS = 15_000;
const REST_MS = 5_000;
/** The most bytes of the home that wait to be copied: it is not heard while there are more. */
const MAX_WAITING_BYTES = 8_388_608;
/** The most offers that the home has not answered: it answers far sooner. */
const MAX_OFFERS = 20_000;

/** The parts of the node. */
export interface HolderParts extends HomeLineParts {
  readonly bus: Bus;
  readonly tenure: Tenure;
  readonly shared: SharedHome;
  /** The beginning of the sessions of this domain there. */
  readonly lineage: string;
  /** Whether a node of this domain is gone, and the nodes that are. */
  readonly isGone: (node: string) => boolean;
  readonly goneNodes: () => readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Judges what the home says. */
  readonly gate: Gate;
}

/** A room that is followed at the home. */
interface Followed {
  readonly room: string;
  id: number;
  /** Whether the home has been asked for the room as a whole for nodes that lack it, or for all packs. */
  isFresh: boolean;
  /** Whether the room as a whole has been asked for since the last time that it began to arrive. */
  isWanted: boolean;
  /** Names the last time that all packs of the home were copied; null if offers have been lost since then. */
  sync: number | null;
  /** The bytes of the room that have arrived. */
  at: number;
  /** The last pack that has been copied. */
  place: { readonly epoch: string; after: number } | null;
}

/** Holds the link as long as its term lasts. */
export class Holder {
  readonly #parts: HolderParts;
  #line: HomeLine | null = null;
  #term = 0;
  #home: Greeting | null = null;
  #ids = 0;
  #turns = 0;
  #syncs = 0;
  readonly #byId = new Map<number, Followed>();
  readonly #followed = new Map<string, Followed>();
  /** The nodes that need each room. */
  readonly #wanted = new Map<string, Set<string>>();
  /** The rooms of the packs that are on their way home. */
  readonly #offers = new Map<number, string>();
  /** The nodes that the home knows to be gone. */
  #told: ReadonlySet<string> = new Set();
  #waitingBytes = 0;
  /** The last term that this node has tried to follow with its own. */
  #claimed = -1;
  /** When the home last greeted. */
  #greetedMs = 0;
  /** Since when it holds the link without reaching the home, and until when it does not claim it. */
  #triedMs = 0;
  #restMs = 0;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(parts: HolderParts) {
    this.#parts = parts;
  }

  /** The age of the last sign of life of the home, in milliseconds; null if this node does not hold the link. */
  get silentMs(): number | null {
    return this.#line?.silentMs ?? null;
  }

  get #isHolding(): boolean {
    const { tenure, bus, isGone } = this.#parts;
    return tenure.tenant.node === bus.node && !isGone(bus.node);
  }

  /** Takes the link over if nobody holds it, and reports nodes that are gone. Call it often. */
  tick(): void {
    const { bus, tenure, isGone } = this.#parts;
    const { node, term } = tenure.tenant;
    if (this.#line !== null && !this.#isHolding) this.#end();
    if (!bus.isReady || isGone(bus.node)) return;
    const nowMs = this.#parts.now();
    const isVain = this.#line !== null && this.#home === null && nowMs - this.#triedMs > TRIAL_MS;
    if (isVain) this.#restMs = nowMs + REST_MS;
    // It has lost its line because the log was out of reach: others may have taken the link since then.
    if (isVain || (this.#line === null && this.#isHolding)) bus.say({ kind: 'resign', term });
    const isFree = node === null || isGone(node);
    if (isFree && this.#claimed !== term && nowMs >= this.#restMs) {
      this.#claimed = term;
      bus.say({ kind: 'claim', after: term }, undefined, (why) => {
        if (why !== null) this.#claimed = -1;
      });
    }
    this.#dropUnwanted();
    this.#reportGone();
  }

  /** Another node holds the link from now on, or nobody, or this one. */
  moved(): void {
    this.#end();
    this.#wanted.clear();
    if (this.#isHolding) this.#begin();
  }

  #begin(): void {
    this.#term = this.#parts.tenure.tenant.term;
    this.#triedMs = this.#parts.now();
    // The events of a line that has ended concern nobody.
    const isCurrent = (): boolean => this.#line === line;
    const line = new HomeLine(this.#parts, {
      greeted: (greeting) => {
        if (isCurrent()) this.#greeted(greeting);
      },
      lost: (wasUp) => {
        if (isCurrent()) this.#lost(wasUp);
      },
      answered: (turn, why) => {
        if (isCurrent()) this.#answered(turn, why);
      },
      heard: (word, body) => {
        if (isCurrent()) this.#copy(word, body);
      },
    });
    this.#line = line;
  }

  #end(): void {
    const line = this.#line;
    this.#line = null;
    this.#home = null;
    this.#forget();
    line?.close();
  }

  #forget(): void {
    this.#byId.clear();
    this.#followed.clear();
    this.#offers.clear();
    this.#told = new Set();
  }

  /** Says something about the link. If that is not in the log, what follows must not be, either. */
  #say(message: Relayed, body?: Uint8Array): void {
    const line = this.#line;
    const bytes = body?.length ?? 0;
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > MAX_WAITING_BYTES) line?.pause();
    this.#parts.bus.say(message, body, (why) => {
      this.#waitingBytes -= bytes;
      if (this.#waitingBytes <= MAX_WAITING_BYTES) line?.resume();
      if (why !== null) line?.reopen();
    });
  }

  #sayHeld(): void {
    const home = this.#home;
    const facts = home && { label: home.label, epoch: home.epoch, rooms: home.rooms };
    this.#say({ kind: 'held', term: this.#term, home: facts });
  }

  // From the home

  #greeted(greeting: Greeting): void {
    this.#home = greeting;
    this.#greetedMs = this.#parts.now();
    this.#parts.log.info('this node holds a link', { domain: this.#parts.home });
    this.#sayHeld();
    for (const room of this.#wanted.keys()) this.#follow(room);
    this.#reportGone();
  }

  #lost(wasUp: boolean): void {
    this.#home = null;
    const nowMs = this.#parts.now();
    // A home that ends the connection again and again is not reached, either.
    if (wasUp && nowMs - this.#greetedMs > TRIAL_MS) this.#triedMs = nowMs;
    this.#forget();
    if (wasUp) this.#sayHeld();
  }

  #follow(room: string): Followed {
    const followed: Followed = {
      room,
      id: 0,
      isFresh: false,
      isWanted: false,
      sync: null,
      at: 0,
      place: this.#parts.shared.streamOf(room),
    };
    this.#followed.set(room, followed);
    this.#ask(followed, false);
    // The room may have nobody of the nodes that are gone, but proposals of theirs may still be on their way to it.
    this.#told = new Set();
    return followed;
  }

  /** Asks the home for a room: as a whole, or for the packs after the last one that has been copied. */
  #ask(followed: Followed, isFresh: boolean): void {
    this.#byId.delete(followed.id);
    this.#ids += 1;
    followed.id = this.#ids;
    followed.isFresh = isFresh;
    followed.sync = null;
    followed.at = 0;
    this.#byId.set(followed.id, followed);
    const { room, place } = followed;
    this.#line?.send({
      kind: 'follow',
      id: followed.id,
      room,
      resume: isFresh || place === null ? null : { ...place },
    });
  }

  #copy(word: RoomWord, body: Uint8Array): void {
    const followed = this.#byId.get(word.id);
    if (followed === undefined) return;
    const common = { term: this.#term, room: followed.room };
    switch (word.kind) {
      case 'state':
        this.#copyState(followed, word, body);
        return;
      case 'pack': {
        const { place } = followed;
        // While the room is sent as a whole, its packs come once more after that.
        if (followed.isFresh || place === null || word.seq <= place.after) return;
        if (word.seq !== place.after + 1) {
          this.#line?.violated('it has left out a part of a room');
          return;
        }
        const { entries, why } = this.#parts.gate.judge(followed.room, body);
        this.#line?.charge(entries);
        if (why !== null) {
          this.#line?.violated(why);
          return;
        }
        place.after = word.seq;
        this.#say({ kind: 'pack', ...common, seq: word.seq }, body);
        return;
      }
      case 'caught-up':
        if (followed.isFresh) return;
        this.#syncs += 1;
        followed.sync = this.#syncs;
        if (followed.place !== null && this.#home !== null) {
          followed.place = { epoch: this.#home.epoch, after: followed.place.after };
        }
        this.#say({ kind: 'caught-up', ...common, sync: followed.sync });
        if (followed.isWanted) this.#ask(followed, true);
        return;
      case 'refused':
        this.#byId.delete(followed.id);
        this.#followed.delete(followed.room);
        this.#say({ kind: 'refused', ...common });
        return;
      case 'away':
      case 'back':
        this.#say({ kind: word.kind, ...common });
    }
  }

  #copyState(followed: Followed, { log, seq, bytes }: RoomWord & { readonly kind: 'state' }, body: Uint8Array): void {
    const { room, at, isFresh } = followed;
    if (bytes > MAX_STATE_BYTES || at + body.length > bytes || body.length === 0) {
      this.#line?.violated('it has sent a room that cannot be taken');
      return;
    }
    // Nodes that ask for the room from now on have missed its first part.
    if (at === 0) followed.isWanted = false;
    const head = { kind: 'state', term: this.#term, room, log, seq, at, bytes, isFresh } as const;
    this.#say(head, body);
    followed.at += body.length;
    if (followed.at < bytes) return;
    followed.at = 0;
    if (isFresh && followed.place !== null) {
      // Nodes that have the room need the packs up to there.
      this.#ask(followed, false);
      return;
    }
    followed.isFresh = false;
    followed.place = { epoch: this.#home?.epoch ?? '', after: seq };
  }

  #answered(turn: number, why: 'unknown' | 'invalid' | null): void {
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

  // From the nodes

  heard(node: string, message: Relayed, body: Uint8Array): void {
    switch (message.kind) {
      case 'want':
        this.#want(node, message.room, message.isFresh);
        return;
      case 'drop':
        this.#wanted.get(message.room)?.delete(node);
        return;
      case 'offer':
        this.#parts.gate.offered(message.room, body);
        this.#offer(node, message, body);
        return;
      case 'pack':
        // The node that holds the link has judged it before it has copied it.
        if (this.#line === null) this.#parts.gate.judge(message.room, body);
        return;
      default:
    }
  }

  #want(node: string, room: string, isFresh: boolean): void {
    const nodes = this.#wanted.get(room) ?? new Set();
    this.#wanted.set(room, nodes.add(node));
    if (this.#home === null) return;
    const known = this.#followed.get(room);
    const followed = known ?? this.#follow(room);
    this.#reportGone();
    const sync = known?.sync ?? null;
    if (sync !== null) this.#say({ kind: 'caught-up', term: this.#term, room, sync });
    if (!isFresh || (followed.place === null && followed.at === 0)) return;
    followed.isWanted = true;
    if (followed.sync !== null) this.#ask(followed, true);
  }

  #offer(node: string, { room, term, sync }: Relayed & { readonly kind: 'offer' }, body: Uint8Array): void {
    // People who enter again find their ranks only after that.
    this.#reportGone();
    const followed = this.#followed.get(room);
    // It offers the pack again when the room has caught up, and a node that is gone does so under another name.
    if (this.#home === null || term !== this.#term || this.#parts.isGone(node)) return;
    if (followed?.sync !== sync) return;
    if (this.#offers.size >= MAX_OFFERS) {
      this.#line?.violated('it does not answer');
      return;
    }
    this.#turns += 1;
    this.#offers.set(this.#turns, room);
    this.#line?.send({ kind: 'append', id: followed.id, turn: this.#turns }, body);
  }

  /** Lets the home know which nodes are gone: it removes their people. */
  #reportGone(): void {
    if (this.#home === null) return;
    const { goneNodes, lineage } = this.#parts;
    const gone = goneNodes();
    for (const node of gone) {
      // A node that cannot have had members has no name elsewhere.
      if (this.#told.has(node) || !isPlainSession(`${lineage}${node}.1`)) continue;
      this.#line?.send({ kind: 'gone', node: lineage + node });
    }
    this.#told = new Set(gone);
  }

  #dropUnwanted(): void {
    for (const [room, nodes] of this.#wanted) {
      for (const node of nodes) if (this.#parts.isGone(node)) nodes.delete(node);
      if (nodes.size > 0) continue;
      this.#wanted.delete(room);
      const followed = this.#followed.get(room);
      if (followed === undefined) continue;
      this.#followed.delete(room);
      this.#byId.delete(followed.id);
      this.#line?.send({ kind: 'stop', id: followed.id });
    }
  }

  repeat(): void {
    if (this.#line !== null && this.#isHolding) this.#sayHeld();
  }

  missed(): void {
    this.#line?.reopen();
  }

  /** Others take the link over if that lasts. Two nodes must not take it from each other again and again. */
  away(): void {
    this.#end();
  }

  back(): void {
    this.tick();
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    if (this.#line !== null && this.#isHolding) this.#parts.bus.say({ kind: 'resign', term: this.#term });
    this.#end();
  }
}
