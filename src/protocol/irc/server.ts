/** What all IRC sessions of one server share. */
import type { Chat } from '../../chat/chat.js';
import type { Directory } from '../../chat/directory.js';
import type { ServerBans } from '../../chat/server-bans.js';
import { EncoderFamily } from './encoder.js';
import { isupportTokens } from './isupport.js';
import { MonitorBoard } from './monitor-board.js';
import type { ReplySource } from './reply-writer.js';
import type { IrcSettings } from './settings.js';

/** What the IRC side asks of the process around it. */
export interface ServerControl {
  /** What the configuration is called: its file, or `-` without one. */
  readonly configurationName: string;
  /** Reads the configuration again. @returns null, or why it could not be taken over */
  reload(): Promise<string | null>;
  /** Ends the server. */
  stop(reason: string): void;
  /** Something that an operator of the server should be able to read up. */
  log(event: string, details: Readonly<Record<string, unknown>>): void;
}

/** The choices of an {@link IrcServer}. */
export interface IrcServerOptions {
  readonly chat: Chat;
  readonly settings: IrcSettings;
  readonly control: ServerControl;
  /** The program's version. */
  readonly version: string;
}

/** The state and the settings that the commands work on. */
export class IrcServer implements ReplySource {
  readonly chat: Chat;
  readonly control: ServerControl;
  readonly version: string;
  readonly startedMs: number;
  readonly encoders: EncoderFamily;
  readonly monitors: MonitorBoard;
  /** Connections that have not registered yet. */
  unregisteredCount = 0;
  /** How often each command was used. */
  readonly commandCounts = new Map<string, number>();
  #settings: IrcSettings;
  #batches = 0;

  constructor(options: IrcServerOptions) {
    this.chat = options.chat;
    this.control = options.control;
    this.version = options.version;
    this.startedMs = options.chat.directory.now();
    this.encoders = new EncoderFamily(options.settings.serverName);
    this.monitors = new MonitorBoard(options.chat);
    this.#settings = options.settings;
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

  /** Takes over changed settings; the server's name stays, since everybody knows it by now. */
  configure(settings: IrcSettings): void {
    this.#settings = { ...settings, serverName: this.name };
  }

  /** The tokens of RPL_ISUPPORT for a client that may be in so many rooms. */
  isupport(isUtf8Only: boolean, maxRooms: number): string[] {
    return isupportTokens(this.#settings, { isUtf8Only, maxRooms });
  }

  /** Members that run a client with operator rights. */
  operatorCount(): number {
    let count = 0;
    for (const member of this.directory.members()) if (member.isOperator) count += 1;
    return count;
  }
}
