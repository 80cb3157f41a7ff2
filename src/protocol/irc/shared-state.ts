/** The state that all IRC sessions of one server share. */
import type { Chat } from '../../chat/chat.js';
import type { Directory } from '../../chat/directory.js';
import type { EventOf } from '../../chat/event.js';
import type { Member } from '../../chat/member.js';
import type { ServerBans } from '../../chat/server-bans.js';
import { PasswordGuard, type PasswordGuardOptions } from '../password-guard.js';
import type { ServerControl } from '../server-control.js';
import { EncoderFamily } from './encoder.js';
import { isupportChanges, isupportTokens } from './isupport.js';
import { MetadataBoard } from './metadata-board.js';
import { MonitorBoard } from './monitor-board.js';
import type { ReplySource } from './reply-writer.js';
import type { IrcSettings } from './settings.js';

/** A registered client, as the shared state sees it. */
export interface RegisteredClient {
  /** @param tokens - those of RPL_ISUPPORT that have changed */
  isupportChanged(tokens: readonly string[]): void;
  /** A channel has another name. @param answered - the member that gets this as its answer; null for none */
  retitled(event: EventOf<'retitled'>, answered: Member | null): void;
}

/** Options of an {@link IrcState}. */
export interface IrcStateOptions {
  readonly chat: Chat;
  readonly settings: IrcSettings;
  readonly control: ServerControl;
  /** The program's version. */
  readonly version: string;
  readonly passwords?: PasswordGuardOptions;
}

/** The state and the settings that the commands work on. */
export class IrcState implements ReplySource {
  readonly chat: Chat;
  readonly control: ServerControl;
  readonly version: string;
  readonly startedMs: number;
  readonly encoders: EncoderFamily;
  readonly monitors: MonitorBoard;
  readonly metadata: MetadataBoard;
  /** Clients that have registered. */
  readonly clients = new Set<RegisteredClient>();
  readonly passwords: PasswordGuard;
  /** Connections that have not registered yet. */
  unregisteredCount = 0;
  /** How often each command has been used. */
  readonly commandCounts = new Map<string, number>();
  #settings: IrcSettings;
  #batches = 0;

  constructor(options: IrcStateOptions) {
    this.chat = options.chat;
    this.control = options.control;
    this.version = options.version;
    this.startedMs = options.chat.directory.now();
    this.passwords = new PasswordGuard(options.passwords);
    this.encoders = new EncoderFamily(options.settings.serverName);
    this.monitors = new MonitorBoard(options.chat);
    this.metadata = new MetadataBoard(options.chat);
    this.#settings = options.settings;
    this.chat.observeRooms({
      retitled: (event, answered) => {
        for (const client of this.clients) client.retitled(event, answered);
      },
    });
  }

  get directory(): Directory {
    return this.chat.directory;
  }

  get bans(): ServerBans {
    return this.chat.bans;
  }

  get settings(): IrcSettings {
    return this.#settings;
  }

  get name(): string {
    return this.#settings.serverName;
  }

  nextBatch(): string {
    this.#batches += 1;
    return `r${this.#batches}`;
  }

  /**
   * Applies changed settings. The server's name stays, since everybody knows it by now, and so do the nicks that are
   * well formed, since all of them are compared by that.
   */
  configure(settings: IrcSettings): void {
    // Nothing that differs between clients is a setting, so the changes are the same for all of them.
    const before = this.isupport(false, 0);
    this.#settings = { ...settings, serverName: this.name, nicks: this.#settings.nicks };
    const changes = isupportChanges(before, this.isupport(false, 0));
    if (changes.length === 0) return;
    for (const client of this.clients) client.isupportChanged(changes);
  }

  /** Returns the tokens of RPL_ISUPPORT for a client that may be in so many rooms. */
  isupport(isUtf8Only: boolean, maxRooms: number): string[] {
    return isupportTokens(this.#settings, { isUtf8Only, maxRooms });
  }
}
