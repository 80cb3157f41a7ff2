/** One domain that follows rooms of this one, over one connection. */
import { performance } from 'node:perf_hooks';
import { homeOf, type Letter } from '../chat/abroad.js';
import type { Chat } from '../chat/chat.js';
import { sessionsOf } from '../chat/gone-nodes.js';
import { decodePack } from '../log/codec.js';
import type { Entry, Heir, LogName } from '../log/entry.js';
import { Throttle } from '../throttle.js';
import { isPlainSession, isSession } from './customs.js';
import { type FrameChannel, newByteThrottle } from './frame-channel.js';
import { LetterLimits } from './letter-limits.js';
import { LETTER_BOX, Letters } from './letters.js';
import { decodeHeirs, type Visit, type Word } from './messages.js';
import type { LetterTaker } from './open-letters.js';
import type { Visa } from './visa.js';
import { type Follower, type RoomSource, Visited } from './visited.js';
import { withdrawalOf } from './withdrawal.js';

/** The proposals of one domain per second on average, and at once. */
const ENTRIES_PER_SECOND = 2_000;
const BURST_ENTRIES = 10_000;
/** The connections of one domain per second on average, and at once: it tries again once a second. */
const ADMISSIONS_PER_SECOND = 1;
const BURST_ADMISSIONS = 100;
/** The cost of following a room, in entries; a domain may follow all rooms at once. */
const FOLLOW_COST = 50;
/** The most packs of a domain that wait for logs of rooms. */
const MAX_APPENDS = 256;
/** The most places that people of one domain have in the rooms of this one. */
const MAX_PLACES = 10_000;
/** The interval at which their places are counted, in milliseconds, since each count looks at every room. */
const COUNT_MS = 1_000;

/** How long a domain has to follow the rooms that its people are in, in milliseconds. */
const FOLLOW_MS = 15_000;

/** The parts that all visitors share. */
export interface HomeRooms extends RoomSource {
  readonly chat: Pick<Chat, 'originOf' | 'countForeign' | 'dismissForeign' | 'loseForeignNode' | 'areForeignPeers'>;
  /** Delivers a letter of a domain to somebody of this one. */
  readonly deliver: (domain: string, letter: Letter, take: LetterTaker) => void;
  /** Sends on a letter to a third domain. */
  readonly sendOn: (domain: string, letter: Letter, take: LetterTaker) => void;
  /** Returns the configured name of a shared room; undefined for any other room. */
  readonly sharedName: (name: string) => string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The bounds on the requests of one domain, which outlast its connections. */
export interface VisitorLimits {
  readonly entries: Throttle;
  readonly letters: LetterLimits;
  readonly bytes: Throttle;
  readonly admissions: Throttle;
}

export function newVisitorLimits(): VisitorLimits {
  return {
    entries: new Throttle(ENTRIES_PER_SECOND, BURST_ENTRIES, performance.now()),
    letters: new LetterLimits(),
    bytes: newByteThrottle(),
    admissions: new Throttle(ADMISSIONS_PER_SECOND, BURST_ADMISSIONS, performance.now()),
  };
}

/** Serves one domain. Nothing that it sends ends the process, and it can speak only for its own people. */
export class Visitor implements Follower {
  readonly rooms: HomeRooms;
  readonly domain: string;
  readonly #visa: Visa;
  readonly #channel: FrameChannel<Visit>;
  readonly #visited = new Map<number, Visited>();
  readonly #limits: VisitorLimits;
  readonly letters: Letters;
  #appends = 0;
  #places = 0;
  #countedMs = -COUNT_MS;
  #sweep: NodeJS.Timeout | null = null;

  constructor(rooms: HomeRooms, domain: string, visa: Visa, channel: FrameChannel<Visit>, limits: VisitorLimits) {
    this.rooms = rooms;
    this.domain = domain;
    this.#visa = visa;
    this.#channel = channel;
    this.#limits = limits;
    channel.throttle = limits.bytes;
    this.letters = new Letters({
      limits: limits.letters,
      send: (message, body) => {
        this.tell(message, body);
      },
      outward: ({ by, to }) => (to.startsWith(`${domain}/`) ? { by, to: to.slice(domain.length + 1) } : null),
      inward: ({ by, to }) => (isPlainSession(by) && isSession(to) ? { by: `${domain}/${by}`, to } : null),
      deliver: (letter, take) => {
        this.#deliver(letter, take);
      },
      attempt: (work) => {
        this.#channel.attempt(work, 'the answer to a letter');
      },
    });
    this.#sweepLater();
  }

  #sweepLater(): void {
    this.#sweep ??= setTimeout(() => {
      this.#sweep = null;
      this.attempt(() => {
        this.#dismissUnseen();
      });
    }, FOLLOW_MS).unref();
  }

  /** Removes people of the domain from rooms that it does not follow: it has given these up without their people. */
  #dismissUnseen(): void {
    const logs = new Set<LogName>();
    for (const { log } of this.#visited.values()) {
      if (log === null) {
        this.#sweepLater();
        return;
      }
      logs.add(log);
    }
    const prefix = `${this.domain}/`;
    this.rooms.chat.dismissForeign((session, log) => session.startsWith(prefix) && !logs.has(log));
  }

  #deliver(letter: Letter, take: LetterTaker): void {
    const third = homeOf(letter.to);
    if (third === null) this.rooms.deliver(this.domain, letter, take);
    else if (this.rooms.chat.areForeignPeers(letter.by, letter.to)) this.rooms.sendOn(third, letter, take);
    else take({ kind: 'refused', why: 'no-such-member' });
  }

  get isFull(): boolean {
    return this.#channel.isFull;
  }

  /** Counts work for the domain: if it requests too much, its requests wait. @param entries - the work, in entries */
  charge(entries: number): void {
    this.#channel.charge(this.#limits.entries, entries);
  }

  tell(word: Word, body?: Uint8Array): void {
    this.#channel.send(word, body);
  }

  /** Works for the domain, outside of its requests. An error ends the channel, and not the process. */
  attempt(work: () => void): void {
    this.#channel.attempt(work, 'a room for it');
  }

  /** Carries out a request of the domain. @returns false for a request that nobody may make */
  hear(visit: Visit, body: Uint8Array): boolean {
    switch (visit.kind) {
      case 'follow': {
        const { id, resume } = visit;
        this.charge(FOLLOW_COST);
        if (visit.room === LETTER_BOX) {
          this.letters.open(id);
          this.tell({ kind: 'caught-up', id });
          return true;
        }
        const room = this.rooms.sharedName(visit.room);
        if (this.#visited.has(id)) return false;
        if (room === undefined) {
          this.refuse(id);
          return true;
        }
        // One following for each room: every line is sent once.
        for (const [former, visited] of this.#visited) if (visited.room === room) this.#forget(former);
        const visited = new Visited(this, id, room, resume);
        this.#visited.set(id, visited);
        visited.begin();
        return true;
      }
      case 'stop':
        this.#forget(visit.id);
        this.#sweepLater();
        return true;
      case 'append':
        return this.#append(visit, body);
      case 'gone':
        return this.#lose(visit.node, body);
      case 'tell':
      case 'told':
        this.charge(1);
        return this.letters.hear(visit, body);
      case 'pulse':
        return true;
      case 'hello':
        return false;
    }
  }

  /** A node of the domain is gone. @returns false if no node can have that name */
  #lose(node: string, body: Uint8Array): boolean {
    const heirs = body.length === 0 ? [] : decodeHeirs(body);
    if (heirs === null || !isPlainSession(`${node}.1`)) return false;
    const isLost = sessionsOf(node);
    const isFitHeir = ([former, session]: Heir): boolean =>
      isLost(former) && !isLost(session) && isPlainSession(former) && isPlainSession(session);
    if (!heirs.every(isFitHeir)) return false;
    const prefix = `${this.domain}/`;
    const known = heirs.map(([former, session]) => [prefix + former, prefix + session] as const);
    const followed = new Set([...this.#visited.values()].map(({ room }) => room));
    const work = this.rooms.chat.loseForeignNode(prefix + node, known, (name) => {
      const shared = this.rooms.sharedName(name);
      return shared === undefined ? null : followed.has(shared);
    });
    this.charge(FOLLOW_COST + work + heirs.length);
    return true;
  }

  refuse(id: number): void {
    this.#forget(id);
    this.tell({ kind: 'refused', id });
  }

  #forget(id: number): void {
    this.#visited.get(id)?.stop();
    this.#visited.delete(id);
  }

  #append({ id, turn }: Extract<Visit, { readonly kind: 'append' }>, body: Uint8Array): boolean {
    const visited = this.#visited.get(id);
    const log = visited?.log ?? null;
    const fail = (why: 'unknown' | 'invalid'): void => {
      this.tell({ kind: 'failed', turn, why });
    };
    const decoded = decodePack(body);
    if (decoded.kind === 'unknown-version') {
      // A later version of fdmux is honest, and would send it again over another connection.
      this.charge(1);
      fail('invalid');
      return true;
    }
    if (decoded.kind !== 'pack') return false;
    this.charge(decoded.entries.length);
    if (visited === undefined || log === null || this.#appends >= MAX_APPENDS) {
      fail('unknown');
      return true;
    }
    const entries: Entry[] = [];
    for (const entry of decoded.entries) {
      const stamped = this.#visa.stamped(entry, this.rooms.now());
      if (stamped === null) return false;
      entries.push(stamped.kind === 'join' ? this.#admitted(stamped, visited.room) : stamped);
    }
    this.#appends += 1;
    this.rooms.log.append(log, entries, {
      appended: () => {
        this.#appends -= 1;
        this.tell({ kind: 'appended', turn });
      },
      failed: (why) => {
        this.#appends -= 1;
        fail(why === 'invalid' ? 'invalid' : 'unknown');
      },
    });
    return true;
  }

  #admitted(join: Entry & { readonly kind: 'join' }, room: string): Entry {
    // An empty room takes the name by which it is entered: it could replace any other room.
    return this.#hasPlace() ? { ...join, name: room } : withdrawalOf(join);
  }

  /** Whether one more of the domain's people may enter a room. */
  #hasPlace(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#countedMs >= COUNT_MS) {
      this.#countedMs = nowMs;
      this.#places = this.rooms.chat.countForeign(`${this.domain}/`);
    }
    this.#places += 1;
    return this.#places <= MAX_PLACES;
  }

  /** The channel accepts more. */
  drained(): void {
    for (const visited of this.#visited.values()) visited.grown();
  }

  /** Ends the connection, which may be lost already. */
  end(): void {
    for (const visited of this.#visited.values()) visited.stop();
    this.#visited.clear();
    if (this.#sweep !== null) clearTimeout(this.#sweep);
    this.letters.lost();
    this.#channel.close();
  }
}
