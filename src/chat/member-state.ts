/** A member as the chat changes it. */
import { type AddressBytes, canonicalAddress, parseAddress, withoutLeadingColon } from './address.js';
import type { Fold } from './case-mapping.js';
import type { Arrival, Member, Outlet, Trait } from './member.js';
import type { RoomState, SeatState } from './room-state.js';
import type { Identity } from './user-mask.js';

const NO_TRAITS: ReadonlySet<Trait> = new Set();

/** One participant, with everything that the verbs of the chat change about it. */
export class MemberState implements Member {
  nick = '';
  user = '';
  host: string;
  readonly address: string;
  realName = '';
  readonly outlet: Outlet;
  readonly sinceMs: number;
  lastSpokeMs: number;
  away: string | null = null;
  readonly account: string | null = null;
  isOperator = false;
  /** Replaced as a whole, since nearly all members share the empty one. */
  traits = NO_TRAITS;
  readonly seats: SeatState[] = [];
  invitations: Set<RoomState> | null = null;
  /** The number of the last fan-out that reached it: see the publisher. */
  lastFanOut = 0;
  readonly #label: string | null;
  readonly #addressBytes: AddressBytes | null;

  /** @param atMs - when it arrives, in milliseconds since the epoch */
  constructor({ host, outlet, label }: Arrival, atMs: number) {
    this.address = withoutLeadingColon(canonicalAddress(host));
    this.host = this.address;
    this.#addressBytes = parseAddress(host);
    this.outlet = outlet;
    this.sinceMs = atMs;
    this.lastSpokeMs = atMs;
    this.#label = label ?? null;
  }

  get label(): string {
    return this.#label ?? this.nick;
  }

  identity(fold: Fold): Identity {
    const hosts = this.host === this.address ? [this.address] : [this.host, this.address];
    return { name: fold(`${this.nick}!${this.user}`), hosts: hosts.map(fold), address: this.#addressBytes };
  }
}

/**
 * Returns what the chat may change of a member that a protocol has named.
 *
 * @throws TypeError when this chat has not made it
 */
export function stateOf(member: Member): MemberState {
  if (member instanceof MemberState) return member;
  throw new TypeError('The chat knows only the members that it has made');
}
