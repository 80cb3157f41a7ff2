/** The registry of protocols. To add one, register it here. */
import type { AccountService } from '../accounts/account-service.js';
import type { PasswordGuardOptions } from '../accounts/password-guard.js';
import type { Chat } from '../chat/chat.js';
import type { History } from '../history/history.js';
import type { Markers } from '../history/markers.js';
import { IRC } from '../protocol/irc/facts.js';
import { IrcProtocol } from '../protocol/irc/protocol.js';
import type { IrcSettings } from '../protocol/irc/settings.js';
import { PlainProtocol } from '../protocol/plain/protocol.js';
import type { Protocol } from '../protocol/protocol.js';
import type { ServerControl } from '../protocol/server-control.js';
import type { ProtocolName } from './protocol-names.js';

/** The names of ALPN; a client that offers none is served as well. Plain lines have no registered name. */
export const APPLICATION_PROTOCOLS: Readonly<Record<ProtocolName, readonly string[] | undefined>> = {
  plain: undefined,
  irc: [IRC.name],
  web: ['http/1.1'],
};

/** The part of the configuration that the protocols need. */
export interface ProtocolSettings {
  /** The room of the plain peers. */
  readonly lobby: string;
  readonly irc: IrcSettings;
}

/** The protocols of one server. */
export class Protocols {
  readonly #irc: IrcProtocol;
  readonly #plain: PlainProtocol;
  readonly #byName: Readonly<Record<ProtocolName, Protocol>>;
  #settings: ProtocolSettings;

  constructor(
    chat: Chat,
    settings: ProtocolSettings,
    options: {
      readonly version: string;
      readonly control: ServerControl;
      readonly passwords: PasswordGuardOptions;
      readonly accounts: AccountService;
      readonly history: History;
      readonly markers: Markers;
    },
  ) {
    this.#settings = settings;
    this.#irc = new IrcProtocol({ chat, settings: settings.irc, ...options });
    const past = { history: options.history, settings: settings.irc.history };
    this.#plain = new PlainProtocol(chat, chat.openRoom(settings.lobby), { past, accounts: this.#irc.accounts });
    this.#byName = { plain: this.#plain, irc: this.#irc, web: this.#irc };
  }

  get settings(): ProtocolSettings {
    return this.#settings;
  }

  of(name: ProtocolName): Protocol {
    return this.#byName[name];
  }

  /** Wrong passwords since the start. */
  get wrongPasswordCount(): number {
    return this.#irc.wrongPasswordCount;
  }

  /** How often each command of IRC has been used. */
  get commandCounts(): ReadonlyMap<string, number> {
    return this.#irc.commandCounts;
  }

  /** Applies changed settings. Nobody is dropped; a changed lobby waits for a restart. */
  configure({ irc }: ProtocolSettings): void {
    this.#irc.configure(irc);
    this.#plain.configure(irc.history);
    this.#settings = { lobby: this.#settings.lobby, irc };
  }
}
