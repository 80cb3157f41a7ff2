/** Plain lines, as a server speaks them. */
import type { Chat } from '../../chat/chat.js';
import type { Room } from '../../chat/room.js';
import { MemoryHistory } from '../../history/memory-history.js';
import type { AccountDoor } from '../account-door.js';
import { DEFAULT_PAST, type PastSettings } from '../past.js';
import type { EntryRefused, Mask, Protocol, SessionOptions } from '../protocol.js';
import { BANNED_TEXT, type Link, type Session } from '../session.js';
import type { SessionState } from '../session-state.js';
import { formatNotice } from './format.js';
import { PlainMask } from './secrets.js';
import { PLAIN_USER, type PlainOptions, type PlainPast, PlainSession } from './session.js';

/** The services that plain peers may ask for beside talking. */
export interface PlainServices {
  /** @defaultValue nothing was said before */
  readonly past?: PlainPast;
  /** @defaultValue there are no accounts */
  readonly accounts?: AccountDoor;
}

/** Plain lines on one server, with the one room that their peers are in. */
export class PlainProtocol implements Protocol {
  readonly userName = PLAIN_USER;
  readonly #chat: Chat;
  readonly #lobby: Room;
  readonly #accounts: AccountDoor | null;
  #past: PlainPast;

  /** @param lobby - a permanent room */
  constructor(chat: Chat, lobby: Room, { past, accounts }: PlainServices = {}) {
    this.#chat = chat;
    this.#lobby = lobby;
    this.#past = past ?? { history: new MemoryHistory(), settings: DEFAULT_PAST };
    this.#accounts = accounts ?? null;
  }

  /** Applies changed settings to those who arrive from now on. */
  configure(settings: PastSettings): void {
    this.#past = { ...this.#past, settings };
  }

  createSession(link: Link, options: SessionOptions): Session {
    return new PlainSession(link, this.#options(link, options));
  }

  restoreSession(link: Link, options: SessionOptions, state: SessionState): Session {
    return new PlainSession(link, this.#options(link, options), state);
  }

  #options(link: Link, { charset, maxLineBytes, quietMs }: SessionOptions): PlainOptions {
    return {
      chat: this.#chat,
      lobby: this.#lobby,
      past: this.#past,
      accounts: this.#accounts,
      charset,
      maxLineBytes,
      quietMs,
      limits: link.limits,
    };
  }

  createMask(): Mask {
    return new PlainMask();
  }

  refuse({ reason, isBan, atMs }: EntryRefused): Uint8Array {
    return Buffer.from(formatNotice(isBan ? `${BANNED_TEXT}: ${reason}` : reason, atMs));
  }
}
