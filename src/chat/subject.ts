/** Somebody who is subject to the rules of a room. */
import type { Privilege, Who } from '../log/entry.js';
import { parseAddress } from './address.js';
import type { Fold } from './case-mapping.js';
import type { Identity } from './user-mask.js';

/** The facts that the rules check: those of a member now, or as a room knows it. */
export interface Subject {
  /** Its name in logs: `node.incarnation.number`. */
  readonly session: string;
  /** The account that it has logged in to; null without one. */
  readonly account: string | null;
  /** Whether its identity here may differ from that in its rooms. @defaultValue false */
  readonly isElsewhere?: boolean;
  /** Whether it has one of the privileges of the server's operators. */
  may(privilege: Privilege): boolean;
  /** Returns the texts that masks are compared with. One of the real address always matches. */
  identity(fold: Fold): Identity;
}

/** Whether somebody with this identity has one of the privileges of the server's operators. */
export function hasPrivilege({ privileges }: Who, privilege: Privilege): boolean {
  return privileges?.includes(privilege) === true;
}

/** Returns the texts that masks are compared with, for somebody with this identity. */
export function identityOf({ nick, user, host, address, account }: Who, fold: Fold): Identity {
  const hosts = host === address ? [address] : [host, address];
  return {
    name: fold(`${nick}!${user}`),
    hosts: hosts.map(fold),
    address: parseAddress(address),
    account: account === null ? null : fold(account),
  };
}

/** Somebody who acts on a room without a place in it, as its entry describes it. */
export class Outsider implements Subject {
  readonly session: string;
  readonly who: Who;
  readonly isElsewhere = true;

  constructor(session: string, who: Who) {
    this.session = session;
    this.who = who;
  }

  get account(): string | null {
    return this.who.account;
  }

  may(privilege: Privilege): boolean {
    return hasPrivilege(this.who, privilege);
  }

  identity(fold: Fold): Identity {
    return identityOf(this.who, fold);
  }
}

/** Whether two sets of privileges, which are always in the same order, are the same. */
export function isSamePrivileges(one: readonly Privilege[] | null, other: readonly Privilege[] | null): boolean {
  return one === other || one?.join() === other?.join();
}

/** Whether two identities are the same. */
export function isSameWho(one: Who, other: Who): boolean {
  return (
    one === other ||
    (one.nick === other.nick &&
      one.user === other.user &&
      one.host === other.host &&
      one.address === other.address &&
      one.realName === other.realName &&
      one.account === other.account &&
      isSamePrivileges(one.privileges, other.privileges))
  );
}
