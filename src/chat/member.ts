/** A person (or a program) in the chat, whatever protocol it came by. */
import { canonicalAddress, parseAddress, withoutLeadingColon, type AddressBytes } from './address.js';
import type { Fold } from './case-mapping.js';
import type { ChatEvent } from './event.js';
import type { Room, Seat } from './room.js';
import type { Identity } from './user-mask.js';

/**
 * One way of reading events: a protocol with a charset and a set of capabilities. Members that read alike share one
 * encoder object, so that an event is encoded once for all of them and they are sent the same bytes.
 */
export interface Encoder {
  /**
   * Puts an event into bytes.
   *
   * @returns the bytes, never changed afterwards since many hold them; null when such members are not told of it
   */
  encode(event: ChatEvent): Uint8Array | null;
  /** Whether a member that falls behind can do without it. */
  isDroppable(event: ChatEvent): boolean;
}

/** Where a member hears. What stands behind it (a socket, a test) is not the chat's business. */
export interface Outlet {
  /** How this member reads; may be replaced while it is here. */
  readonly encoder: Encoder;
  /**
   * Takes bytes for the member. It must neither throw nor call back into the chat: it runs inside a fan-out, and one
   * member's trouble is dealt with after it.
   *
   * @param bytes - shared with others, so not to be written to
   * @param droppable - may be left out if the member is behind
   */
  send(bytes: Uint8Array, droppable: boolean): void;
  /**
   * Puts the member out of the chat.
   *
   * @param reason - what it and the others are told
   * @param ban - why it will not be let in again; not given when it may come back
   */
  expel(reason: string, ban?: string): void;
}

/** What a member is made of. */
export interface MemberOptions {
  /** The unique name it goes by. */
  readonly nick: string;
  readonly user: string;
  /** The address that it comes from, or a name for a peer without one. */
  readonly host: string;
  readonly realName: string;
  /** What a plain line calls it; the nick unless given. */
  readonly label?: string;
  readonly outlet: Outlet;
  /** When it came, in milliseconds since the epoch. */
  readonly atMs: number;
}

/** One participant. Its nick and its seats are changed by the {@link Directory} and its rooms only. */
export class Member {
  /** The unique name; `Directory.rename` changes it. */
  nick: string;
  user: string;
  /** The host that others see. */
  host: string;
  /** The host that it came from, spelled alike in all protocols. */
  readonly address: string;
  realName: string;
  readonly outlet: Outlet;
  readonly sinceMs: number;
  /** When it last said something, in milliseconds since the epoch. */
  lastSpokeMs: number;
  /** Why it is away; null while it is here. */
  away: string | null = null;
  /** The account it has logged in to; null without one. */
  account: string | null = null;
  isOperator = false;
  isInvisible = false;
  isBot = false;
  hearsWallops = false;
  /** Its places in rooms, in the order of joining. */
  readonly seats: Seat[] = [];
  /** Rooms that it may enter by invitation; null while there are none. */
  invitations: Set<Room> | null = null;
  /** The number of the last fan-out that reached it: see `Directory.tellPeers`. */
  lastFanOut = 0;
  readonly #label: string | null;
  readonly #addressBytes: AddressBytes | null;

  constructor(options: MemberOptions) {
    this.nick = options.nick;
    this.user = options.user;
    this.address = withoutLeadingColon(canonicalAddress(options.host));
    this.host = this.address;
    this.#addressBytes = parseAddress(options.host);
    this.realName = options.realName;
    this.outlet = options.outlet;
    this.sinceMs = options.atMs;
    this.lastSpokeMs = options.atMs;
    this.#label = options.label ?? null;
  }

  /** What a plain line calls it. */
  get label(): string {
    return this.#label ?? this.nick;
  }

  /** `nick!user@host`, by which others know it. */
  get mask(): string {
    return `${this.nick}!${this.user}@${this.host}`;
  }

  /** What masks are held against: a mask of the real address holds whatever host others see. */
  identity(fold: Fold): Identity {
    const hosts = this.host === this.address ? [this.address] : [this.host, this.address];
    return { name: fold(`${this.nick}!${this.user}`), hosts: hosts.map(fold), address: this.#addressBytes };
  }
}
