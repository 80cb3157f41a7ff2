/** The registry of protocols. To add one, register it here. */
import type { AccountService } from '../accounts/account-service.js';
import type { PasswordGuardOptions } from '../accounts/password-guard.js';
import type { Chat } from '../chat/chat.js';
import type { History } from '../history/history.js';
import type { Markers } from '../history/markers.js';
import { IRC, IrcProtocol } from '../protocol/irc/protocol.js';
import { IRC_TLS_PORT, type IrcSettings } from '../protocol/irc/settings.js';
import { PLAIN, PlainProtocol } from '../protocol/plain/protocol.js';
import type { Protocol } from '../protocol/protocol.js';
import type { ServerControl } from '../protocol/server-control.js';

/** The facts about web listeners, which serve a page and speak IRC in WebSockets. */
export const WEB = { name: 'web', defaultPort: 8067, isOptional: true } as const;

/** The facts of every protocol, in the order in which they are listed. */
export const PROTOCOLS = [PLAIN, IRC, WEB] as const;
export type ProtocolName = (typeof PROTOCOLS)[number]['name'];

/** The protocol that the flags for TLS are about, and its usual port. */
export const FLAGGED_TLS = { protocol: IRC, port: IRC_TLS_PORT } as const;

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
