/** A member as the chat changes it. */
import type { Privilege, Trait, Who } from '../log/entry.js';
import { canonicalAddress, withoutLeadingColon } from './address.js';
import type { Fold as CaseFold } from './case-mapping.js';
import type { Member, Outlet } from './member.js';
import { NO_NOTES } from './notes.js';
import { joinOutlets, NOWHERE, outletsOf } from './outlets.js';
import type { RoomState, SeatState } from './room-state.js';
import { hasPrivilege, identityOf } from './subject.js';
import type { Identity } from './user-mask.js';

export const NO_TRAITS: ReadonlySet<Trait> = new Set();
const NO_OUTLETS: readonly Outlet[] = [];

/** Returns the identity of somebody who has only an address yet. */
export function stranger(host: string): Who {
  const address = withoutLeadingColon(canonicalAddress(host));
  return { nick: '', user: '', host: address, address, realName: '', account: null, privileges: null };
}

/** The arguments that make a member. */
export interface MemberOptions {
  readonly session: string;
  readonly who: Who;
  /** When it arrived, in milliseconds since the epoch. */
  readonly atMs: number;
  /** Null for a member without a connection. */
  readonly outlet?: Outlet | null;
  /** Its name in plain lines; by default the nick. */
  readonly label?: string | undefined;
  /** Whether it is one of this node's. */
  readonly isLocal?: boolean;
}

/** One participant, with everything that the entries of logs change about it. */
export class MemberState implements Member {
  /**
   * Where it hears. One object, since a fan-out asks every member for it, and the first field, since that is in the
   * processor's cache then.
   */
  outlet: Outlet;
  readonly session: string;
  /** Replaced as a whole, since rooms keep their own copies. */
  who: Who;
  readonly isLocal: boolean;
  readonly sinceMs: number;
  lastSpokeMs: number;
  away: string | null = null;
  /** Replaced as a whole, since nearly all members share the empty one. */
  traits = NO_TRAITS;
  metadata = NO_NOTES;
  readonly seats: SeatState[] = [];
  invitations: Set<RoomState> | null = null;
  /** Why it has left the chat; empty while it is here. */
  parting = '';
  /** The running number of its last entry in the domain's log. */
  last = 0;
  /** The number of the last fan-out that reached it: see the publisher. */
  lastFanOut = 0;
  /** All its outlets but the first, through which it is answered. */
  furtherOutlets = NO_OUTLETS;
  /** Since when nobody is connected for it, in milliseconds since the epoch; null while somebody is. */
  absentSinceMs: number | null = null;
  /** The outlets that nobody is at, and why; null for none. */
  #absences: Map<Outlet, string> | null = null;
  readonly #label: string | null;

  constructor({ session, who, atMs, outlet, label, isLocal = false }: MemberOptions) {
    this.session = session;
    this.who = who;
    this.isLocal = isLocal;
    this.outlet = outlet ?? NOWHERE;
    this.sinceMs = atMs;
    this.lastSpokeMs = atMs;
    this.#label = label ?? null;
  }

  get nick(): string {
    return this.who.nick;
  }

  get user(): string {
    return this.who.user;
  }

  get host(): string {
    return this.who.host;
  }

  get address(): string {
    return this.who.address;
  }

  get realName(): string {
    return this.who.realName;
  }

  get account(): string | null {
    return this.who.account;
  }

  get isOperator(): boolean {
    return this.who.privileges !== null;
  }

  may(privilege: Privilege): boolean {
    return hasPrivilege(this.who, privilege);
  }

  get label(): string {
    return this.#label ?? this.nick;
  }

  /** Changes its names. */
  become(changes: Partial<Who>): void {
    this.who = { ...this.who, ...changes };
  }

  identity(fold: CaseFold): Identity {
    return identityOf(this.who, fold);
  }

  /** Gives it one more outlet. */
  attach(outlet: Outlet): void {
    this.#hearThrough([...outletsOf(this.outlet), outlet]);
  }

  /** Takes an outlet away; the member stays. */
  detach(outlet: Outlet): void {
    this.#absences?.delete(outlet);
    this.#hearThrough(outletsOf(this.outlet).filter((one) => one !== outlet));
  }

  /** Notes that nobody is at an outlet. @param reason - null when somebody is there */
  mark(outlet: Outlet, reason: string | null): void {
    this.#absences ??= new Map();
    this.#absences.delete(outlet);
    if (reason !== null) this.#absences.set(outlet, reason);
  }

  /** Why nobody is at any of its outlets, by the last word about that; null if somebody is. */
  get absence(): string | null {
    const absences = this.#absences;
    if (absences === null || absences.size < outletsOf(this.outlet).length) return null;
    return [...absences.values()].at(-1) ?? null;
  }

  #hearThrough(outlets: readonly Outlet[]): void {
    this.outlet = joinOutlets(outlets);
    this.furtherOutlets = outlets.slice(1);
  }
}

/**
 * Returns the changeable state of a member that a protocol has named.
 *
 * @throws TypeError when this chat has not made it
 */
export function stateOf(member: Member): MemberState {
  if (member instanceof MemberState) return member;
  throw new TypeError('The chat knows only the members that it has made');
}
