/** The changes of entries and rooms that cross the border between a domain and the home of a room. */
import { areOfOneDomain, isFromAbroad } from '../chat/abroad.js';
import { nodeOf } from '../chat/gone-nodes.js';
import type { RoomSnapshot, SeatSnapshot } from '../chat/snapshot.js';
import { byMaskList, type Entry, type Heir, renamedSpeaker, type SettingChange, type Who } from '../log/entry.js';
import { isPlainSession, MAX_KEYS, MAX_MASKS } from './customs.js';
import { roomAbroad } from './domain-names.js';

/** One room of another domain, as this one has it. */
export interface BorderParts {
  /** The name of this domain. */
  readonly own: string;
  /** The beginning of its sessions elsewhere: see {@link lineageOf}. */
  readonly lineage: string;
  /** The label behind the nicks of its people in the home of the room. */
  readonly ownLabel: string;
  readonly home: string;
  /** The label behind the nicks of people of the home here. */
  readonly homeLabel: string;
}

/** The people of this domain in a room, as far as this domain knows. */
export interface Attendees {
  readonly isInside: (session: string) => boolean;
  /** Whether the member of a former session continues under another one. */
  readonly isHeir: (former: string, session: string) => boolean;
}

/** The latest time that is accepted, in milliseconds after now: clocks differ. */
const MAX_AHEAD_MS = 86_400_000;

/**
 * The border of a domain and the home of rooms. Sessions of the home begin with its name and a slash here; those of
 * this domain begin with its name and its lineage there. A room keeps the facts about people as the home has them, so
 * that both sides judge alike.
 */
export class Border {
  readonly #parts: BorderParts;
  readonly #here: string;
  readonly #there: string;

  constructor(parts: BorderParts) {
    this.#parts = parts;
    this.#here = `${parts.own}/${parts.lineage}`;
    this.#there = `${parts.home}/`;
  }

  // People

  /** Returns the identity of somebody of this domain, as the home sees it. */
  guiseOf(who: Who): Who {
    const { own, ownLabel } = this.#parts;
    const account = who.account === null ? null : `${who.account}@${own}`;
    return { ...who, nick: `${who.nick}/${ownLabel}`, address: who.host, account, privileges: null };
  }

  /** Returns the identity here of somebody whom the home knows. */
  faceOf(who: Who): Who {
    const { home, homeLabel } = this.#parts;
    const account = who.account === null ? null : `${who.account}@${home}`;
    return { ...who, nick: `${who.nick}/${homeLabel}`, account };
  }

  /** Returns the former name here of somebody whom the home knew. */
  authorOf<T extends { readonly nick: string }>(author: T): T {
    const { ownLabel, homeLabel } = this.#parts;
    const suffix = `/${ownLabel}`;
    const { nick } = author;
    return { ...author, nick: nick.endsWith(suffix) ? nick.slice(0, -suffix.length) : `${nick}/${homeLabel}` };
  }

  // Sessions

  /** Returns the session here of a session that the home names. Two that differ there differ here. */
  sessionHere(session: string): string {
    // Otherwise the home could name the sessions of a third domain as if they had entered from here.
    if (session.startsWith(this.#here)) {
      const own = session.slice(this.#here.length);
      if (isPlainSession(own)) return own;
    }
    return this.#there + session;
  }

  /** Returns the name here of a node that the home reports as gone: one of its own, or one of another domain. */
  #nodeHere(node: string): string {
    return nodeOf(this.sessionHere(`${node}.1`));
  }

  /** Returns the same for sessions that continue under other ones. A place never changes from one domain to another. */
  #heirsHere(heirs: readonly Heir[]): Heir[] {
    return heirs
      .map(([former, session]) => [this.sessionHere(former), this.sessionHere(session)] as const)
      .filter(([former, session]) => areOfOneDomain(former, session));
  }

  /** Returns the same for several nodes. */
  nodesHere(nodes: readonly string[]): string[] {
    return nodes.map((node) => this.#nodeHere(node));
  }

  /** Returns the session at home of a session that is known here; null for one that the home cannot know. */
  sessionThere(session: string): string | null {
    if (session.startsWith(this.#there)) return session.slice(this.#there.length);
    return session.includes('/') ? null : this.#here + session;
  }

  // Entries

  /** Returns an entry of this domain as it is sent to the home. */
  outward(entry: Entry): Entry {
    const { lineage } = this.#parts;
    const sent = { ...entry, ...renamedSpeaker(entry, (session) => lineage + session), seen: 0 };
    switch (sent.kind) {
      case 'join':
        return { ...sent, name: this.#nameThere(sent.name) };
      case 'kick':
        return { ...sent, target: this.#targetThere(sent.target) };
      case 'settings':
        return { ...sent, changes: sent.changes.map((change) => this.#change(change, (t) => this.#targetThere(t))) };
      case 'invite':
        return { ...sent, guest: this.sessionThere(sent.guest) ?? sent.guest };
      case 'redact':
        return { ...sent, message: withoutPrefix(sent.message, this.#idPrefix) };
      default:
        return sent;
    }
  }

  #targetThere(target: string | null): string | null {
    return target === null ? null : this.sessionThere(target);
  }

  #change(change: SettingChange, of: (target: string | null) => string | null): SettingChange {
    return change.kind === 'rank' ? { ...change, target: of(change.target) } : change;
  }

  /** Returns an entry of the home's log as this domain applies it. @param nowMs - milliseconds since the epoch */
  inward(entry: Entry, nowMs: number): Entry {
    const speaker = renamedSpeaker(entry, (session) => this.sessionHere(session));
    const taken = { ...entry, ...speaker, seen: 0, atMs: timeHere(entry.atMs, nowMs) };
    const targetHere = (target: string | null): string | null => (target === null ? null : this.sessionHere(target));
    switch (taken.kind) {
      case 'join':
      case 'retitle':
        return { ...taken, name: this.nameHere(taken.name) };
      case 'kick':
        return { ...taken, target: targetHere(taken.target) };
      case 'settings':
        return {
          ...taken,
          changes: taken.changes.map((change) => this.#change(change, targetHere)),
          maxMasks: Math.min(taken.maxMasks, MAX_MASKS),
        };
      case 'annotate':
        return { ...taken, maxKeys: Math.min(taken.maxKeys, MAX_KEYS) };
      case 'invite':
        return { ...taken, guest: this.sessionHere(taken.guest) };
      case 'redact':
        return { ...taken, message: this.#idPrefix + taken.message };
      case 'gone': {
        const { heirs = [], ...rest } = taken;
        return { ...rest, node: this.#nodeHere(taken.node), ...heirsIn(this.#heirsHere(heirs)) };
      }
      default:
        return taken;
    }
  }

  // Rooms

  /** Returns the name here of a room of the home. */
  nameHere(room: string): string {
    return roomAbroad({ room, domain: this.#parts.home });
  }

  #nameThere(name: string): string {
    const suffix = `:${this.#parts.home}`;
    return name.toLowerCase().endsWith(suffix) ? name.slice(0, -suffix.length) : name;
  }

  /** Ids of the home begin with its name here, so that it cannot name the messages of others. */
  get #idPrefix(): string {
    return `${this.#parts.home}.`;
  }

  /** Returns the name of a log of the home in ids here. */
  idHere(id: string): string {
    return this.#idPrefix + id;
  }

  /**
   * Returns a room of the home, in its words, without people of this domain who are not inside: the home cannot bring
   * anybody into its rooms, nor give anybody another session, by which it could speak for them.
   *
   * @param seq - the number of the last pack that is in it
   */
  attended(room: RoomSnapshot, seq: number, { isInside, isHeir }: Attendees): RoomSnapshot {
    const heirs = room.heirs.filter((heir) => {
      const [former, session] = [this.sessionHere(heir[0]), this.sessionHere(heir[1])];
      return (isFromAbroad(former) && isFromAbroad(session)) || isHeir(former, session);
    });
    const seats: SeatSnapshot[] = [];
    const absent: SeatSnapshot[] = [];
    for (const seat of room.seats) {
      const session = this.sessionHere(seat.session);
      (isFromAbroad(session) || isInside(session) ? seats : absent).push(seat);
    }
    if (absent.length === 0 && heirs.length === room.heirs.length) return room;
    // A session that enters again continues with the next number.
    const last = [...room.numbers.last, ...absent.map(({ session, last: n }) => [session, n, seq] as const)];
    return { ...room, seats, heirs, numbers: { ...room.numbers, last } };
  }

  /**
   * Returns the entries by which people of this domain who are not inside leave a room of the home.
   *
   * @param room - the room in the words of the home
   * @param seq - the number of the last pack that is in it
   * @param atMs - milliseconds since the epoch
   */
  departures(room: RoomSnapshot, seq: number, atMs: number, isInside: Attendees['isInside']): Entry[] {
    const departures: Entry[] = [];
    for (const { session, last } of room.seats) {
      const here = this.sessionHere(session);
      if (isFromAbroad(here) || isInside(here)) continue;
      const there = this.#parts.lineage + here;
      departures.push({ kind: 'over', session: there, n: last + 1, atMs, seen: 0, base: seq });
    }
    return departures;
  }

  /**
   * Returns a room of the home as it is here.
   *
   * @param seq - the number of the last pack that is in it
   * @param nowMs - milliseconds since the epoch: times far after it are brought back
   */
  roomHere(all: RoomSnapshot, seq: number, nowMs: number, attendees: Attendees): RoomSnapshot {
    const room = this.attended(all, seq, attendees);
    const here = (session: string): string => this.sessionHere(session);
    const time = (atMs: number): number => timeHere(atMs, nowMs);
    return {
      ...room,
      name: this.nameHere(room.name),
      createdAtMs: time(room.createdAtMs),
      registration: room.registration && { ...room.registration, atMs: time(room.registration.atMs) },
      topic: room.topic && { ...room.topic, by: this.authorOf(room.topic.by), atMs: time(room.topic.atMs) },
      masks: byMaskList((list) =>
        room.masks[list].map((mask) => ({ ...mask, by: this.authorOf(mask.by), atMs: time(mask.atMs) })),
      ),
      seats: room.seats.map((seat) => ({ ...seat, session: here(seat.session), sinceMs: time(seat.sinceMs) })),
      invitations: room.invitations.map((invitation) => ({
        ...invitation,
        guest: here(invitation.guest),
        by: invitation.by && here(invitation.by),
      })),
      heirs: this.#heirsHere(room.heirs),
      gone: this.nodesHere(room.gone),
      numbers: {
        ...room.numbers,
        last: room.numbers.last.map(([session, n, at]) => [here(session), n, at] as const),
      },
      messages: room.messages.map(([key, session]) => [key, here(session)] as const),
      knocks: room.knocks.map((knock) => ({ session: here(knock.session), atMs: time(knock.atMs) })),
      retitledAtMs: room.retitledAtMs.map(time),
      atMs: time(room.atMs),
    };
  }
}

function heirsIn(heirs: readonly Heir[]): { readonly heirs?: readonly Heir[] } {
  return heirs.length === 0 ? {} : { heirs };
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

function timeHere(atMs: number, nowMs: number): number {
  return Math.min(atMs, nowMs + MAX_AHEAD_MS);
}
