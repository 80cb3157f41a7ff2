/** The registry of protocols. To add one, register it here. */
import type { Chat } from '../chat/chat.js';
import { IRC, IrcProtocol } from '../protocol/irc/protocol.js';
import type { IrcSettings } from '../protocol/irc/settings.js';
import type { PasswordGuardOptions } from '../protocol/password-guard.js';
import { PLAIN, PlainProtocol } from '../protocol/plain/protocol.js';
import type { Protocol } from '../protocol/protocol.js';
import type { ServerControl } from '../protocol/server-control.js';

/** The facts about web listeners, which serve a page and speak IRC in WebSockets. */
export const WEB = { name: 'web', defaultPort: 8067, isOptional: true } as const;

/** The facts of every protocol, in the order in which they are listed. */
export const PROTOCOLS = [PLAIN, IRC, WEB] as const;
export type ProtocolName = (typeof PROTOCOLS)[number]['name'];

/** The part of the configuration that the protocols need. */
export interface ProtocolSettings {
  /** The room of the plain peers. */
  readonly lobby: string;
  readonly irc: IrcSettings;
}

/** The protocols of one server. */
export class Protocols {
  readonly #irc: IrcProtocol;
  readonly #byName: Readonly<Record<ProtocolName, Protocol>>;

  constructor(
    chat: Chat,
    settings: ProtocolSettings,
    options: { readonly version: string; readonly control: ServerControl; readonly passwords: PasswordGuardOptions },
  ) {
    this.#irc = new IrcProtocol({ chat, settings: settings.irc, ...options });
    this.#byName = { plain: new PlainProtocol(chat, chat.openRoom(settings.lobby)), irc: this.#irc, web: this.#irc };
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
  }
}
