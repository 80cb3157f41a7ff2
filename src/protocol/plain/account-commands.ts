/** The commands of plain peers to make an account, to log in to it, and out of it. */
import type { RegisterOutcome, VerifyOutcome } from '../../accounts/account-service.js';
import type { Chat } from '../../chat/chat.js';
import type { Member } from '../../chat/member.js';
import { whenSettled } from '../../chat/ticket.js';
import type { AccountDoor, Device } from '../account-door.js';
import { LOGIN_FAILURES, REFUSALS, UNAVAILABLE } from '../account-texts.js';
import type { Link } from '../session.js';
import { sourceKey } from '../source-key.js';

/** The peer, as the commands see it. */
export interface AccountPeer {
  readonly chat: Chat;
  readonly member: Member;
  readonly link: Link;
  readonly isOver: boolean;
  notify(text: string): void;
  close(reason: string): void;
  /** Waits for a result; the peer's own lines wait meanwhile. Its taker is not called when the peer has left. */
  await<T>(work: Promise<T>, take: (result: T) => void): void;
}

/** A command, and what is behind it. Masks in recordings know these words as well. */
const COMMAND = /^\/(identify|register|verify|logout)(?![a-z])(.*)$/is;
const MAIL = /^[^@]+@[^@]+$/;

const USAGES = {
  identify: '/identify ACCOUNT PASSWORD',
  register: '/register NAME PASSWORD [E-MAIL]',
  verify: '/verify NAME CODE',
};

/** The lines of the help that are about accounts. */
export const ACCOUNT_HELP: readonly string[] = [
  `${USAGES.register} makes an account, and logs you in`,
  `${USAGES.verify} confirms it by the code that was sent to you`,
  `${USAGES.identify} logs you in`,
  '/logout logs you out',
];

/** The account of one plain peer. */
export class AccountCommands implements Device {
  readonly #peer: AccountPeer;
  readonly #door: AccountDoor;
  readonly #sinceMs: number;
  /** The account that it has shown to be its own, as long as its member has not got it; null for none. */
  #claim: string | null = null;

  constructor(peer: AccountPeer, door: AccountDoor) {
    this.#peer = peer;
    this.#door = door;
    this.#sinceMs = peer.member.sinceMs;
    if (peer.member.account !== null) door.others.add(this);
  }

  get member(): Member {
    return this.#peer.member;
  }

  get account(): string | null {
    return this.#claim ?? this.member.account;
  }

  get connection(): Device['connection'] {
    const { id, remoteHost, isSecure } = this.#peer.link;
    return { id, address: remoteHost, isSecure, sinceMs: this.#sinceMs };
  }

  close(reason: string): void {
    this.#peer.close(reason);
  }

  loseAccount(): void {
    this.#claim = null;
    this.#door.others.delete(this);
    this.#peer.chat.setAccount(this.member, null);
    this.#peer.notify('you are logged out');
  }

  /** The peer has left. */
  left(): void {
    this.#door.others.delete(this);
  }

  /** Runs a command about accounts. @returns whether the words are one */
  run(text: string): boolean {
    const [, name = '', rest = ''] = COMMAND.exec(text) ?? [];
    if (name === '') return false;
    // Only blanks that stay where they are in a recording.
    const words = rest.split(/[ \t]+/).filter((word) => word !== '');
    if (this.#door.accountSettings === null) this.#peer.notify('there are no accounts on this server');
    else if (name.toLowerCase() === 'identify') this.#identify(words);
    else if (name.toLowerCase() === 'register') this.#register(words);
    else if (name.toLowerCase() === 'verify') this.#verify(words);
    else this.#logOut();
    return true;
  }

  get #asker(): { readonly source: string; readonly maxDelayMs: number } {
    const { limits, remoteHost } = this.#peer.link;
    return { source: sourceKey(remoteHost, limits.ipv6PrefixBits), maxDelayMs: limits.maxPasswordDelayMs };
  }

  #identify(words: readonly string[]): void {
    const [first = '', ...more] = words;
    if (first === '') {
      this.#peer.notify(`type ${USAGES.identify}`);
      return;
    }
    const name = more.length > 0 ? first : this.member.nick;
    const password = more.length > 0 ? more.join(' ') : first;
    this.#peer.await(this.#door.accounts.logIn({ name, password, ...this.#asker }), (outcome) => {
      if (outcome.kind === 'logged-in') this.#enter(outcome.account);
      else this.#peer.notify(LOGIN_FAILURES[outcome.kind]);
    });
  }

  #register([name, password, email = '*', ...more]: readonly string[]): void {
    const { accountSettings, accounts } = this.#door;
    if (name === undefined || password === undefined || more.length > 0) this.#peer.notify(`type ${USAGES.register}`);
    else if (this.account !== null) this.#peer.notify(`you are logged in as ${this.account} already`);
    else if (accountSettings?.registration !== true) this.#peer.notify('accounts cannot be made on this server');
    else {
      const { accountsPerHour } = this.#peer.link.limits;
      const wanted = { name, nick: name, refusedNick: null, email, password, accountsPerHour };
      // Somebody may have left out the name, and given a password in its place.
      const isMisplaced = email === '*' && MAIL.test(password);
      const mayBeNamed = (wish: string) => (isMisplaced ? 'malformed' : this.#door.judgeName(wish, this.member));
      this.#await(accounts.register({ ...wanted, ...this.#asker, mayBeNamed }));
    }
  }

  #verify([name, code]: readonly string[]): void {
    if (name === undefined || code === undefined) this.#peer.notify(`type ${USAGES.verify}`);
    else this.#await(this.#door.accounts.verify({ name, code, ...this.#asker }));
  }

  /** Waits for an account that is made, or confirmed. Its nick is kept for it although the peer may leave before. */
  #await(work: Promise<RegisterOutcome | VerifyOutcome>): void {
    const { chat } = this.#peer;
    const kept = work.then((outcome) => {
      if (outcome.kind === 'registered') chat.reserveNicks([outcome.account], true);
      return outcome;
    });
    this.#peer.await(kept, (outcome) => {
      if (outcome.kind === 'registered') this.#enter(outcome.account);
      else if (outcome.kind === 'refused') this.#peer.notify(REFUSALS[outcome.why]);
      else this.#peer.notify(`a code was sent to ${outcome.email}: type /verify ${outcome.account} and the code`);
    });
  }

  #enter(account: string): void {
    this.#claim = account;
    this.#door.others.add(this);
    whenSettled(this.#peer.chat.setAccount(this.member, account), (changed) => {
      // It may have been erased while the log was late.
      if (this.#claim !== account) return;
      this.#claim = null;
      this.#peer.notify(changed?.kind === 'refused' ? UNAVAILABLE : `you are logged in as ${account}`);
    });
  }

  #logOut(): void {
    if (this.account === null) this.#peer.notify('you are not logged in');
    else this.loseAccount();
  }
}
