/** A room of this domain that another one follows. */
import type { Origin } from '../chat/abroad.js';
import type { Chat } from '../chat/chat.js';
import { encodeRoom } from '../chat/snapshot-codec.js';
import type { LogName } from '../log/entry.js';
import type { SharedLog } from '../log/shared-log.js';
import { Backlog, type BacklogReader } from './backlog.js';
import { MAX_STATE_BYTES, type Resume, STATE_PART_BYTES, type Word } from './messages.js';

/** The bytes of a whole room that cost as much as one entry. */
const BYTES_PER_ENTRY = 4_096;
/** The time after which a room is asked for again, in milliseconds, if its log is ahead of it or behind. */
const RENEW_MS = 50;

/** The rooms of this domain, as they are sent. */
export interface RoomSource {
  readonly chat: Pick<Chat, 'originOf'>;
  readonly log: SharedLog;
  /** Names this run of the server, or all nodes with the same logs. */
  readonly epoch: string;
  /** Whether other nodes have the same logs: a domain may have received packs from one of them. */
  readonly isShared: boolean;
  readonly backlogs: Map<LogName, Backlog>;
}

/** The domain that follows a room. */
export interface Follower {
  readonly rooms: RoomSource;
  readonly isFull: boolean;
  /** Counts work for the domain. @param entries - the work, in entries */
  charge(entries: number): void;
  tell(word: Word, body?: Uint8Array): void;
  refuse(id: number): void;
  /** Works for the domain, outside of its requests. An error ends the channel, and not the process. */
  attempt(work: () => void): void;
}

/** Sends the room as it is, and what happens in it. */
export class Visited implements BacklogReader {
  readonly #visitor: Follower;
  readonly #id: number;
  /** Its configured name. */
  readonly room: string;
  readonly #resume: Resume | null;
  #log: LogName | null = null;
  #backlog: Backlog | null = null;
  #sent = 0;
  #isOver = false;
  /** Whether the current room has been asked for. */
  #isRenewing = false;
  /** The room that is to be sent when the channel accepts more; null for none. */
  #postponed: { readonly mayResume: boolean } | null = null;

  constructor(visitor: Follower, id: number, room: string, resume: Resume | null) {
    this.#visitor = visitor;
    this.#id = id;
    this.room = room;
    this.#resume = resume;
  }

  begin(): void {
    this.#renew(true);
  }

  get log(): LogName | null {
    return this.#log;
  }

  /** Sends the current room, and the packs after it. @param mayResume - whether known parts need not be sent */
  #renew(mayResume: boolean): void {
    if (this.#isRenewing || this.#mustWait(mayResume)) return;
    this.#isRenewing = true;
    const { rooms } = this.#visitor;
    rooms.chat.originOf(this.room, (log, origin) => {
      this.#isRenewing = false;
      this.#visitor.attempt(() => {
        if (!this.#isOver && !this.#mustWait(mayResume)) this.#send(log, origin, mayResume);
      });
    });
  }

  /** Sends a room, or only the packs that the domain lacks of it. */
  #send(log: LogName, { id, seq, snapshot }: Origin, mayResume: boolean): void {
    const { rooms } = this.#visitor;
    const known = rooms.backlogs.get(log);
    if (known?.has(seq) === false) {
      // The room and the backlog receive a pack one after the other.
      this.#isRenewing = true;
      this.#later = setTimeout(() => {
        this.#isRenewing = false;
        this.#visitor.attempt(() => {
          this.#renew(mayResume);
        });
      }, RENEW_MS).unref();
      return;
    }
    const resume = mayResume && this.#resume?.epoch === rooms.epoch ? this.#resume : null;
    const after = rooms.isShared && resume !== null ? Math.min(resume.after, seq) : seq;
    const backlog = known ?? new Backlog(rooms.log, log, after);
    if (known === undefined) rooms.backlogs.set(log, backlog);
    this.#log = log;
    this.#backlog?.readers.delete(this);
    this.#backlog = backlog;
    backlog.readers.add(this);
    if (resume !== null && backlog.has(resume.after)) {
      this.#sent = resume.after;
    } else {
      const text = new TextEncoder().encode(encodeRoom(snapshot));
      this.#visitor.charge(text.length / BYTES_PER_ENTRY);
      if (text.length > MAX_STATE_BYTES) {
        this.#visitor.refuse(this.#id);
        return;
      }
      this.#sent = seq;
      const head: Word = { kind: 'state', id: this.#id, log: id, seq, bytes: text.length };
      for (let at = 0; at < text.length; at += STATE_PART_BYTES) {
        this.#visitor.tell(head, text.subarray(at, at + STATE_PART_BYTES));
      }
    }
    this.#grow();
    if (this.#sent >= backlog.top) this.#visitor.tell({ kind: 'caught-up', id: this.#id });
    else this.#isBehind = true;
  }

  /** Postpones the room while the channel is full: all rooms together can be more than may wait in it. */
  #mustWait(mayResume: boolean): boolean {
    this.#postponed = this.#visitor.isFull ? { mayResume } : null;
    return this.#postponed !== null;
  }

  #later: NodeJS.Timeout | null = null;
  /** Whether the other end still has to be told that it has received everything. */
  #isBehind = false;

  grown(): void {
    this.#visitor.attempt(() => {
      this.#grow();
    });
  }

  /** Sends as much as the channel accepts. */
  #grow(): void {
    if (this.#postponed !== null) {
      this.#renew(this.#postponed.mayResume);
      return;
    }
    const backlog = this.#backlog;
    if (this.#isOver || this.#isRenewing || backlog === null) return;
    if (!backlog.has(this.#sent)) {
      this.#renew(false);
      return;
    }
    while (!this.#visitor.isFull) {
      const next = backlog.next(this.#sent);
      if (next === undefined) break;
      this.#sent = next.seq;
      this.#visitor.tell({ kind: 'pack', id: this.#id, seq: next.seq }, next.bytes);
    }
    if (!this.#isBehind || this.#sent < backlog.top) return;
    this.#isBehind = false;
    this.#visitor.tell({ kind: 'caught-up', id: this.#id });
  }

  away(): void {
    this.#visitor.tell({ kind: 'away', id: this.#id });
  }

  back(): void {
    this.#visitor.tell({ kind: 'back', id: this.#id });
  }

  stop(): void {
    this.#isOver = true;
    this.#postponed = null;
    if (this.#later !== null) clearTimeout(this.#later);
    this.#backlog?.readers.delete(this);
  }
}
