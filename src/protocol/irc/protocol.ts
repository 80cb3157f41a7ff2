/** IRC, as a server speaks it. */
import { withoutLeadingColon } from '../../chat/address.js';
import type { AccountDoor } from '../account-door.js';
import type { EntryRefused, Mask, Protocol, SessionOptions } from '../protocol.js';
import { BANNED_TEXT, type Link, type Session } from '../session.js';
import type { SessionState } from '../session-state.js';
import { closingLink } from './client.js';
import { NUMERICS } from './numerics.js';
import { SecretMask } from './secrets.js';
import { IrcSession } from './session.js';
import type { IrcSettings } from './settings.js';
import { IrcState, type IrcStateOptions } from './shared-state.js';

/** IRC on one server, with the state that its sessions share. */
export class IrcProtocol implements Protocol {
  readonly userName = '';
  readonly #state: IrcState;

  constructor(options: IrcStateOptions) {
    this.#state = new IrcState(options);
  }

  /** Applies changed settings. */
  configure(settings: IrcSettings): void {
    this.#state.configure(settings);
  }

  /** Wrong passwords since the start. */
  get wrongPasswordCount(): number {
    return this.#state.passwords.failureCount;
  }

  /** The accounts, for other protocols. */
  get accounts(): AccountDoor {
    return this.#state;
  }

  /** How often each command has been used. */
  get commandCounts(): ReadonlyMap<string, number> {
    return this.#state.commandCounts;
  }

  createSession(link: Link, { charset }: SessionOptions): Session {
    return new IrcSession(link, { server: this.#state, charset });
  }

  restoreSession(link: Link, { charset }: SessionOptions, state: SessionState): Session {
    return new IrcSession(link, { server: this.#state, charset }, state);
  }

  createMask(): Mask {
    return new SecretMask(() => this.#state.settings.operators.map(({ name }) => name));
  }

  refuse({ host, reason, isBan }: EntryRefused): Uint8Array {
    const [code] = NUMERICS.ERR_YOUREBANNEDCREEP;
    const lines = isBan ? [`:${this.#state.name} ${code} * :${BANNED_TEXT}: ${reason}`] : [];
    lines.push(closingLink(withoutLeadingColon(host), reason), '');
    return Buffer.from(lines.join('\r\n'));
  }
}
