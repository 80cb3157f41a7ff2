/** What all IRC sessions of one server share. */
import type { Directory } from '../../chat/directory.js';
import type { Member } from '../../chat/member.js';
import type { Room } from '../../chat/room.js';
import { ServerBans, type ServerBansOptions } from '../../chat/server-bans.js';
import { EncoderFamily } from './encoder.js';
import { isupportTokens } from './isupport.js';
import { MonitorBoard } from './monitor-board.js';
import { isVisible } from './permissions.js';
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
  readonly directory: Directory;
  readonly settings: IrcSettings;
  /** Where bans are kept, and how many; by default in memory. */
  readonly bans?: Pick<ServerBansOptions, 'store' | 'maxBans'> | undefined;
  readonly control: ServerControl;
  /** The program's version. */
  readonly version: string;
}

/** The state and the settings that the commands work on. */
export class IrcServer implements ReplySource {
  readonly directory: Directory;
  readonly control: ServerControl;
  readonly version: string;
  readonly startedMs: number;
  readonly encoders: EncoderFamily;
  readonly monitors: MonitorBoard;
  /** Whom the server keeps out, whatever protocol they speak. */
  readonly bans: ServerBans;
  /** Connections that have not registered yet. */
  unregisteredCount = 0;
  /** How often each command was used. */
  readonly commandCounts = new Map<string, number>();
  #settings: IrcSettings;
  #batches = 0;

  constructor(options: IrcServerOptions) {
    this.directory = options.directory;
    this.control = options.control;
    this.version = options.version;
    this.startedMs = options.directory.now();
    this.encoders = new EncoderFamily(options.settings.serverName);
    this.monitors = new MonitorBoard(options.directory);
    const { directory, bans } = options;
    this.bans = new ServerBans({ ...bans, fold: (text) => directory.fold(text), now: () => directory.now() });
    this.#settings = options.settings;
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
    return isupportTokens(this.#settings, { caseMapping: this.directory.caseMapping, isUtf8Only, maxRooms });
  }

  /** A room that a member may know of; a secret one is to others as if it did not exist. */
  visibleRoom(viewer: Member, name: string): Room | undefined {
    const room = this.directory.room(name);
    return room !== undefined && isVisible(viewer, room) ? room : undefined;
  }

  /** Members that run a client with operator rights. */
  operatorCount(): number {
    let count = 0;
    for (const member of this.directory.members()) if (member.isOperator) count += 1;
    return count;
  }

  /** Whether one member may see that another is in a room. */
  mayList(viewer: Member, member: Member): boolean {
    return !member.isInvisible || viewer === member || viewer.isOperator || sharesRoom(viewer, member);
  }
}

/** Whether two members have a room in common. */
export function sharesRoom(one: Member, other: Member): boolean {
  return one.seats.some((seat) => seat.room.seatOf(other) !== undefined);
}
