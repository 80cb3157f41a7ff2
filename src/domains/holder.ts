/** The node that holds the link of its domain to another one. */
import { performance } from 'node:perf_hooks';
import type { Heir } from '../log/entry.js';
import { Throttle } from '../throttle.js';
import type { Bus } from './bus.js';
import { Copyist } from './copyist.js';
import { isPlainSession } from './customs.js';
import { Demand } from './demand.js';
import type { Gate } from './gate.js';
import { type GoneFacts, GoneReports } from './gone-reports.js';
import { type Budget, type Greeting, HomeLine, type HomeLineParts, type RoomWord } from './home-line.js';
import { BOX, LETTER_BOX } from './letters.js';
import { decodeHeirs, encodeHeirs } from './messages.js';
import type { Postal } from './postal.js';
import type { Relayed } from './relayed.js';
import { RollCall } from './roll-call.js';
import type { SharedHome } from './shared-home.js';
import type { Tenure } from './tenure.js';

/** A node that cannot reach the home for this long gives the link up, and lets others try first, in milliseconds. */
const TRIAL_MS = 15_000;
const REST_MS = 5_000;

/**
 * The work for a home per second on average and at once, in entries and in bytes: all that it sends is written to the
 * database of the nodes, and each of them reads it. A second has more lines than thousands of people say, and a burst
 * has the largest room twice.
 */
const ENTRIES_PER_SECOND = 5_000;
const BURST_ENTRIES = 100_000;
const BYTES_PER_SECOND = 1_048_576;
const BURST_BYTES = 33_554_432;

/** The parts of the node. */
export interface HolderParts extends HomeLineParts, GoneFacts {
  readonly bus: Bus;
  readonly tenure: Tenure;
  readonly shared: SharedHome;
  readonly postal: Postal;
  /** The beginning of the sessions of this domain there. */
  readonly lineage: string;
  /** Whether a node of this domain is gone. */
  readonly isGone: (node: string) => boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Judges what the home says. */
  readonly gate: Gate;
}

/** Holds the link as long as its term lasts. */
export class Holder {
  readonly #parts: HolderParts;
  readonly #demand = new Demand();
  readonly #rollCall: RollCall;
  readonly #goneReports: GoneReports;
  readonly #budget: Budget;
  #line: HomeLine | null = null;
  /** What copies the rooms of the home; null while the home cannot be reached. */
  #copyist: Copyist | null = null;
  #term = 0;
  /** The last term that this node has tried to follow with its own. */
  #claimed = -1;
  /** When the home last greeted. */
  #greetedMs = 0;
  /** Since when it holds the link without reaching the home, and until when it does not claim it. */
  #triedMs = 0;
  #restMs = 0;

  constructor(parts: HolderParts) {
    this.#parts = parts;
    this.#rollCall = new RollCall(parts);
    this.#goneReports = new GoneReports(parts, parts.lineage);
    parts.postal.send = (message, body) => this.#line?.send(message, body);
    const nowMs = performance.now();
    this.#budget = {
      entries: new Throttle(ENTRIES_PER_SECOND, BURST_ENTRIES, nowMs),
      bytes: new Throttle(BYTES_PER_SECOND, BURST_BYTES, nowMs),
    };
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
    const isVain = this.#line !== null && this.#copyist === null && nowMs - this.#triedMs > TRIAL_MS;
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
    for (const room of this.#demand.prune(isGone)) this.#copyist?.drop(room);
    this.#reportGone();
    this.#rollCall.tick();
  }

  /** Another node holds the link from now on, or nobody, or this one. */
  moved(): void {
    this.#end();
    this.#demand.clear();
    if (this.#isHolding) this.#begin();
  }

  #begin(): void {
    this.#term = this.#parts.tenure.tenant.term;
    this.#triedMs = this.#parts.now();
    // The events of a line that has ended concern nobody.
    const isCurrent = (): boolean => this.#line === line;
    const line = new HomeLine(
      { ...this.#parts, budget: this.#budget },
      {
        greeted: (greeting) => {
          if (isCurrent()) this.#greeted(line, greeting);
        },
        lost: (wasUp) => {
          if (isCurrent()) this.#parted(wasUp);
        },
        answered: (turn, why) => {
          if (isCurrent()) this.#copyist?.answered(turn, why);
        },
        heard: (word, body) => {
          if (isCurrent()) this.#heard(line, word, body);
        },
      },
    );
    this.#line = line;
  }

  #end(): void {
    const line = this.#line;
    this.#line = null;
    this.#endCopies();
    line?.close();
  }

  #endCopies(): void {
    this.#copyist?.end();
    this.#copyist = null;
    this.#parts.postal.box?.lost();
    this.#goneReports.restart();
  }

  // From the home

  #greeted(line: HomeLine, greeting: Greeting): void {
    const { bus, gate, shared, log, home: domain } = this.#parts;
    this.#greetedMs = this.#parts.now();
    log.info('this node holds a link', { domain });
    this.#copyist = new Copyist({
      bus,
      line,
      greeting,
      gate,
      term: this.#term,
      rollCall: this.#rollCall,
      placeOf: (room) => shared.streamOf(room),
      nodesOf: (room) => this.#demand.nodesOf(room),
      followed: () => {
        // The room may have nobody of nodes that are gone, but proposals of theirs may still be on their way to it.
        this.#goneReports.restart();
      },
    });
    this.#copyist.sayHeld();
    // A room that is sent as a whole has their people otherwise.
    this.#reportGone();
    for (const room of this.#demand.rooms()) this.#copyist.follow(room);
    this.#reportGone();
    line.send({ kind: 'follow', id: BOX, room: LETTER_BOX, resume: null });
  }

  #heard(line: HomeLine, word: RoomWord, body: Uint8Array): void {
    if (word.id === BOX) this.#hearOfLetters(line, word, body);
    else this.#copyist?.heard(word, body);
  }

  #hearOfLetters(line: HomeLine, word: RoomWord, body: Uint8Array): void {
    const { box } = this.#parts.postal;
    if (word.kind === 'caught-up') box?.open();
    else if (word.kind === 'tell' || word.kind === 'told') {
      if (box?.hear(word, body) === false) line.violated('it has sent a letter that nobody there can have sent');
    }
  }

  #parted(wasUp: boolean): void {
    const nowMs = this.#parts.now();
    // A home that ends the connection again and again is not reached, either.
    if (wasUp && nowMs - this.#greetedMs > TRIAL_MS) this.#triedMs = nowMs;
    this.#endCopies();
    if (!wasUp) return;
    const line = this.#line;
    this.#parts.bus.say({ kind: 'held', term: this.#term, home: null }, undefined, (why) => {
      if (why !== null) line?.reopen();
    });
  }

  // From the nodes

  heard(node: string, message: Relayed, body: Uint8Array): void {
    switch (message.kind) {
      case 'want':
        this.#demand.add(message.room, node);
        this.#copyist?.want(message.room, message.isFresh);
        this.#reportGone();
        return;
      case 'drop':
        this.#demand.remove(message.room, node);
        return;
      case 'offer':
        this.#parts.gate.offered(message.room, body);
        // A node that is gone offers it again under another name.
        if (message.term !== this.#term || this.#parts.isGone(node)) return;
        // People who enter again find their ranks only after that.
        this.#reportGone();
        this.#copyist?.offer(message.room, message.sync, body);
        return;
      case 'lost':
        this.#lost(node, message.node, body);
        return;
      case 'inside':
        if (message.term === this.#term) this.#rollCall.answered(node, message, body);
        return;
      case 'pack':
        // The node that holds the link has judged it before it has copied it.
        if (this.#line === null) this.#parts.gate.judge(message.room, body);
        return;
      default:
    }
  }

  /** Lets the home know which nodes are gone: it removes their people. */
  #reportGone(): void {
    const line = this.#line;
    if (this.#copyist === null || line === null) return;
    this.#goneReports.report((node, heirs) => {
      // The other nodes must know it before the home's answer is copied.
      if (heirs.length > 0) this.#parts.bus.say({ kind: 'lost', node }, encodeHeirs(heirs));
      this.#sendGone(line, node, heirs);
    });
  }

  #sendGone(line: HomeLine, node: string, heirs: readonly Heir[]): void {
    const { lineage, gate } = this.#parts;
    gate.lost(node, heirs);
    const there = heirs
      .map(([former, session]) => [lineage + former, lineage + session] as const)
      .filter((heir) => heir.every((session) => isPlainSession(session)));
    line.send({ kind: 'gone', node: lineage + node }, encodeHeirs(there));
  }

  /** A node has said that another one is gone. It may have said so before this node knows of it. */
  #lost(by: string, node: string, body: Uint8Array): void {
    const heirs = decodeHeirs(body);
    if (heirs === null || this.#parts.isGone(by)) return;
    this.#parts.gate.lost(node, heirs);
    const line = this.#line;
    if (this.#copyist !== null && line !== null && this.#goneReports.add(node)) this.#sendGone(line, node, heirs);
  }

  repeat(): void {
    if (this.#isHolding) this.#copyist?.sayHeld();
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
    if (this.#line !== null && this.#isHolding) this.#parts.bus.say({ kind: 'resign', term: this.#term });
    this.#end();
  }
}
