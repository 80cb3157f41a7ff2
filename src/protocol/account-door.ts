/** The accounts of a server, for a protocol whose peers log in, and all peers that have logged in. */
import type { AccountService, AccountSettings, RegisterAsk } from '../accounts/account-service.js';
import type { Member } from '../chat/member.js';

/** The facts that the owner of an account may know of a connection that is logged in to it. */
export interface ConnectionFacts {
  /** Its number on this server. */
  readonly id: number;
  /** The address that it connects from. */
  readonly address: string;
  /** Whether nobody between the peer and the server can read along. */
  readonly isSecure: boolean;
  /** Since when it is there, in milliseconds since the epoch. */
  readonly sinceMs: number;
}

/** A peer that may be logged in to an account. */
export interface AccountUser {
  /** The account that it is logged in to; null without one. */
  readonly account: string | null;
  /** It is not logged in any more, since its account is gone, or the account's owner has decided so elsewhere. */
  loseAccount(): void;
}

/** A connection that may be logged in to an account, and has a member. */
export interface Device extends AccountUser {
  readonly member: Member;
  readonly connection: ConnectionFacts;
  /** Ends its connection. @param reason - for the peer and the other members */
  close(reason: string): void;
}

/** The accounts of a server. */
export interface AccountDoor {
  readonly accounts: AccountService;
  /** Null on a server without accounts. */
  readonly accountSettings: AccountSettings | null;
  /** Judges the name of an account that somebody wants: it must be like a nick, and nobody else's. */
  judgeName(name: string, wanting: Member): ReturnType<RegisterAsk['mayBeNamed']>;
  /** Peers of other protocols than IRC that are logged in, or are about to be. */
  readonly others: Set<Device>;
}
