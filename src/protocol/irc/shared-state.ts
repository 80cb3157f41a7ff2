/** The state that all IRC sessions of one server share. */
import { type AccountService, type AccountSettings, DEFAULT_ACCOUNT_SETTINGS } from '../../accounts/account-service.js';
import { Accounts } from '../../accounts/accounts.js';
import { MemoryAccounts } from '../../accounts/memory-accounts.js';
import { ObservedAccounts } from '../../accounts/observed-accounts.js';
import { PasswordGuard, type PasswordGuardOptions } from '../../accounts/password-guard.js';
import type { Chat } from '../../chat/chat.js';
import type { Directory } from '../../chat/directory.js';
import type { EventOf } from '../../chat/event.js';
import type { Member, Outlet } from '../../chat/member.js';
import type { ServerBans } from '../../chat/server-bans.js';
import type { History } from '../../history/history.js';
import { type Markers, MemoryMarkers } from '../../history/markers.js';
import { MemoryHistory } from '../../history/memory-history.js';
import type { AccountDoor, AccountUser, Device } from '../account-door.js';
import { isReservedNick } from '../reserved-nicks.js';
import type { ServerControl } from '../server-control.js';
import { offerChanges, type Offers, offersOf } from './capabilities.js';
import { EncoderFamily } from './encoder.js';
import { isupportChanges, isupportTokens } from './isupport.js';
import { MarkBoard } from './mark-board.js';
import { MetadataBoard } from './metadata-board.js';
import { MonitorBoard } from './monitor-board.js';
import { isNick } from './names.js';
import type { ReplySource } from './reply-writer.js';
import type { IrcSettings } from './settings.js';

/** A registered client, as the shared state sees it. */
export interface RegisteredClient extends Device {
  /** @param tokens - those of RPL_ISUPPORT that have changed */
  isupportChanged(tokens: readonly string[]): void;
  /** Other capabilities are offered. */
  offersChanged(added: Offers, removed: readonly string[]): void;
  /** A channel has another name. @param answered - the member that gets this as its answer; null for none */
  retitled(event: EventOf<'retitled'>, answered: Member | null): void;
  /** A member that several clients share is in a channel. @param voice - that of the client that has asked for it */
  entered(event: EventOf<'joined'>, voice: Outlet | null): void;
}

/** Options of an {@link IrcState}. */
export interface IrcStateOptions {
  readonly chat: Chat;
  readonly settings: IrcSettings;
  readonly control: ServerControl;
  /** The program's version. */
  readonly version: string;
  readonly passwords?: PasswordGuardOptions;
  /** @defaultValue accounts in memory */
  readonly accounts?: AccountService;
  /** The messages of the past. @defaultValue nothing */
  readonly history?: History;
  /** The times up to which people have read those. @defaultValue in memory */
  readonly markers?: Markers;
}

/** The state and the settings that the commands work on. */
export class IrcState implements ReplySource, AccountDoor {
  readonly chat: Chat;
  readonly control: ServerControl;
  /** The messages of the past. */
  readonly history: History;
  readonly markers: Markers;
  readonly markBoard = new MarkBoard();
  readonly version: string;
  readonly startedMs: number;
  readonly encoders: EncoderFamily;
  readonly monitors: MonitorBoard;
  readonly metadata: MetadataBoard;
  /** Clients that have registered. */
  readonly clients = new Set<RegisteredClient>();
  readonly passwords: PasswordGuard;
  readonly accounts: AccountService;
  /** Clients that have logged in, and have not registered yet. */
  readonly entering = new Set<AccountUser>();
  readonly others = new Set<Device>();
  /** Connections that have not registered yet. */
  unregisteredCount = 0;
  /** How often each command has been used. */
  readonly commandCounts = new Map<string, number>();
  #settings: IrcSettings;
  #offers: Offers;
  #batches = 0;

  constructor(options: IrcStateOptions) {
    this.chat = options.chat;
    this.control = options.control;
    this.history = options.history ?? new MemoryHistory();
    this.markers = options.markers ?? new MemoryMarkers();
    this.version = options.version;
    this.startedMs = options.chat.directory.now();
    this.passwords = new PasswordGuard(options.passwords);
    this.encoders = new EncoderFamily(options.settings.serverName);
    this.monitors = new MonitorBoard(options.chat);
    this.metadata = new MetadataBoard(options.chat);
    this.#settings = options.settings;
    this.#offers = offersOf(options.settings);
    this.accounts = options.accounts ?? accountsInMemory(options);
    this.accounts.observe({
      registered: () => undefined,
      // First, so that nobody loses the nick on logging out.
      erased: (account) => {
        this.chat.releaseAccount(account);
      },
    });
    this.chat.observeErasures((account) => {
      this.#accountErased(account);
    });
    this.chat.observeRooms({
      retitled: (event, answered) => {
        for (const client of this.clients) client.retitled(event, answered);
      },
      entered: (event, voice) => {
        for (const client of this.clients) client.entered(event, voice);
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

  get accountSettings(): AccountSettings | null {
    return this.#settings.accounts;
  }

  judgeName(name: string, wanting: Member): ReturnType<AccountDoor['judgeName']> {
    const { directory, settings } = this;
    if (!isNick(name, settings) || isReservedNick(name, settings.reservedNicks, directory)) return 'malformed';
    return directory.isTaken(name, wanting) ? 'taken' : 'yes';
  }

  /** The capabilities that are offered. */
  get offers(): Offers {
    return this.#offers;
  }

  /** Logs out everybody who uses an account that has been erased, here or by another process. */
  #accountErased(name: string): void {
    const { fold } = this.directory;
    const folded = fold(name);
    // All of them before any: those that share a member lose it together.
    const users = [...this.clients, ...this.entering, ...this.others].filter(
      ({ account }) => account !== null && fold(account) === folded,
    );
    for (const user of users) user.loseAccount();
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
    this.#changeOffers(offersOf(settings));
    const changes = isupportChanges(before, this.isupport(false, 0));
    if (changes.length === 0) return;
    for (const client of this.clients) client.isupportChanged(changes);
  }

  #changeOffers(offers: Offers): void {
    const { added, removed } = offerChanges(this.#offers, offers);
    this.#offers = offers;
    if (added.size === 0 && removed.length === 0) return;
    for (const client of this.clients) client.offersChanged(added, removed);
  }

  /** Returns the tokens of RPL_ISUPPORT for a client that may be in so many rooms. */
  isupport(isUtf8Only: boolean, maxRooms: number): string[] {
    return isupportTokens(this.#settings, { isUtf8Only, maxRooms });
  }
}

function accountsInMemory({ chat, settings, control }: IrcStateOptions): AccountService {
  const accounts = new Accounts({
    fold: chat.directory.fold,
    book: new MemoryAccounts(),
    settings: settings.accounts ?? DEFAULT_ACCOUNT_SETTINGS,
    log: (event, details) => {
      control.log(event, details);
    },
  });
  return new ObservedAccounts(accounts, (ask) => ask());
}
