/** A member as the chat changes it. */
import { type Privilege, PRIVILEGES, type Security, type Trait, type Who } from '../log/entry.js';
import { canonicalAddress, withoutLeadingColon } from './address.js';
import type { Fold as CaseFold } from './case-mapping.js';
import { DeviceState } from './device-state.js';
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

export const UNSECURED: Security = { isSecure: false, certificate: null };
const SECURE: Security = { isSecure: true, certificate: null };

/** Returns how a connection is secured: nearly all connections share one of two objects. */
export function securityOf({ isSecure, certificate }: Security): Security {
  if (certificate !== null) return { isSecure, certificate };
  return isSecure ? SECURE : UNSECURED;
}

/** The options of a member. */
export interface MemberOptions {
  readonly session: string;
  readonly who: Who;
  /** When it arrived, in milliseconds since the epoch. */
  readonly atMs: number;
  /** Null for a member without a connection. */
  readonly outlet?: Outlet | null;
  /** Its name in the plain protocol; by default the nick. */
  readonly label?: string | undefined;
  /** Whether it belongs to this node. */
  readonly isLocal?: boolean;
  /** Whether no other connection may share it. */
  readonly isAlone?: boolean;
}

/** One participant, with everything that the entries of logs change about it. */
export class MemberState implements Member {
  /**
   * The outlet that events go to. It is one object, since a fan-out asks every member for it, and the first field,
   * since that is in the processor's cache then.
   */
  outlet: Outlet;
  /** Replaced when its node has been given up and has returned. */
  session: string;
  /** Replaced as a whole, since rooms keep their own copies. */
  who: Who;
  /** Whether this node looks after it; another one may do so after the loss of a node. */
  isLocal: boolean;
  isAlone: boolean;
  readonly sinceMs: number;
  away: string | null = null;
  /** Replaced as a whole, since nearly all members share the empty one. */
  traits = NO_TRAITS;
  metadata = NO_NOTES;
  readonly seats: SeatState[] = [];
  invitations: Set<RoomState> | null = null;
  /** The ranks that it has in the rooms that it is brought into, until these have let it in; null for none. */
  entering: Map<string, number> | null = null;
  /** How its connection is secured, as its node has reported. */
  security = UNSECURED;
  /** Why it has left the chat; empty while it is here. */
  parting = '';
  /** The running number of its last entry in the domain's log. */
  last = 0;
  /** The number of the last fan-out that reached it: see the publisher. */
  lastFanOut = 0;
  /** All its outlets but the first, which gets the answers. */
  furtherOutlets = NO_OUTLETS;
  /** Since when nobody is connected for it, in milliseconds since the epoch; null while somebody is. */
  absentSinceMs: number | null = null;
  /** The differences between its outlets; null while there are none. */
  #devices: DeviceState | null = null;
  readonly #label: string | null;
  /** Null until it says something, since its arrival counts until then. */
  #lastSpokeMs: number | null = null;

  constructor({ session, who, atMs, outlet, label, isLocal = false, isAlone = false }: MemberOptions) {
    this.session = session;
    this.who = who;
    this.isLocal = isLocal;
    this.isAlone = isAlone;
    this.outlet = outlet ?? NOWHERE;
    this.sinceMs = atMs;
    this.#label = label ?? null;
  }

  get lastSpokeMs(): number {
    return this.#lastSpokeMs ?? this.sinceMs;
  }

  set lastSpokeMs(atMs: number) {
    this.#lastSpokeMs = atMs;
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
    return hasPrivilege(this.acting, privilege);
  }

  get label(): string {
    return this.#label ?? this.nick;
  }

  /** Changes its names. */
  become(changes: Partial<Who>): void {
    this.who = { ...this.who, ...changes };
  }

  identity(fold: CaseFold): Identity {
    return identityOf(this.acting, fold);
  }

  /**
   * The session through which this node acts for it; null if that is its own, or if nobody is connected for it here.
   */
  get branch(): string | null {
    return this.#devices === null ? null : this.#devices.branch;
  }

  set branch(session: string | null) {
    this.#deviceState().branch = session;
  }

  /** The session that proposes what it does here. */
  get proposer(): string {
    return this.branch ?? this.session;
  }

  /** Whether somebody is connected for it here. */
  get isConnected(): boolean {
    return this.outlet !== NOWHERE;
  }

  /** Notes that it is also connected to another node. */
  divide(): void {
    this.#deviceState().hasMoved = true;
  }

  /** Its identity where it currently acts: with the address of one connection, and the rights given there. */
  get acting(): Who {
    return this.#devices?.acting ?? this.who;
  }

  /** Whether it currently acts where its identity differs from that everywhere else. */
  get isElsewhere(): boolean {
    return this.#devices !== null && this.#devices.acting !== null;
  }

  /** Whether it may matter which of its outlets it acts through. */
  get isDivided(): boolean {
    return this.furtherOutlets.length > 0 || this.#devices?.hasMoved === true;
  }

  /** Runs a call in which it has another identity; null for the usual one. */
  actAs<T>(who: Who | null, act: () => T): T {
    const devices = this.#deviceState();
    const before = devices.acting;
    devices.acting = who;
    try {
      return act();
    } finally {
      devices.acting = before;
    }
  }

  #deviceState(): DeviceState {
    this.#devices ??= new DeviceState();
    return this.#devices;
  }

  /** Adds an outlet. */
  attach(outlet: Outlet): void {
    if (this.outlet === NOWHERE) this.#deviceState().hasMoved = true;
    this.#hearThrough([...outletsOf(this.outlet), outlet]);
  }

  /** Removes an outlet; the member stays. */
  detach(outlet: Outlet): void {
    const devices = this.#deviceState();
    devices.forget(outlet);
    devices.hasMoved = true;
    this.#hearThrough(outletsOf(this.outlet).filter((one) => one !== outlet));
  }

  /** Notes the privileges that a password has given at an outlet. @param privileges - null for none */
  entitle(outlet: Outlet, privileges: readonly Privilege[] | null): void {
    if (privileges === null) this.#devices?.rights.delete(outlet);
    else this.#deviceState().rights.set(outlet, privileges);
  }

  /** The privileges that it has through one of its outlets; null for none. */
  privilegesAt(outlet: Outlet): readonly Privilege[] | null {
    const { privileges } = this.who;
    const given = this.#devices?.rights.get(outlet);
    if (privileges === null || given === undefined) return null;
    return privileges.every((one) => given.includes(one))
      ? privileges
      : privileges.filter((one) => given.includes(one));
  }

  /** The privileges that were given at any of its outlets; null for none. */
  get entitled(): readonly Privilege[] | null {
    const all = new Set(this.#devices === null ? [] : [...this.#devices.rights.values()].flat());
    return this.#devices === null || this.#devices.rights.size === 0 ? null : PRIVILEGES.filter((one) => all.has(one));
  }

  /** Notes that nobody is present at an outlet. @param reason - null if somebody is */
  mark(outlet: Outlet, reason: string | null): void {
    const { absences } = this.#deviceState();
    absences.delete(outlet);
    if (reason !== null) absences.set(outlet, reason);
  }

  /** Why nobody is present at any of its outlets, by the latest reason; null if somebody is. */
  get absence(): string | null {
    const absences = this.#devices?.absences;
    if (absences === undefined || absences.size < outletsOf(this.outlet).length) return null;
    return [...absences.values()].at(-1) ?? null;
  }

  #hearThrough(outlets: readonly Outlet[]): void {
    this.outlet = joinOutlets(outlets);
    this.furtherOutlets = outlets.slice(1);
    for (const { room } of this.seats) room.audienceChanged();
  }
}

/**
 * Returns the changeable state of a member that a protocol has named.
 *
 * @throws TypeError if this chat has not made it
 */
export function stateOf(member: Member): MemberState {
  if (member instanceof MemberState) return member;
  throw new TypeError('The chat knows only the members that it has made');
}
