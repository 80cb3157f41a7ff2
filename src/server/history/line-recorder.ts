/** What happens in the chat, as lines of a history. */
import type { Directory } from '../../chat/directory.js';
import type { Actor, EventOf, RoomChange, Said } from '../../chat/event.js';
import type { Member } from '../../chat/member.js';
import type { Departed, Identified, Outcome } from '../../chat/outcome.js';
import { placeOf } from '../../chat/positions.js';
import type { Shelves } from '../../history/history.js';
import { type Line, LINE_BITS, type LineKind, personalShelf, type Shelf } from '../../history/line.js';
import type { LogName, SettingChange, Tag } from '../../log/entry.js';

/** Whose name is folded. */
type Fold = Directory['fold'];

/** An event in a room. */
type InRoom = EventOf<'joined' | 'left' | 'kicked' | 'topic' | 'settings' | 'retitled'> | Identified | Departed;

/** Makes lines of outcomes. */
export class LineRecorder {
  readonly #shelves: Shelves;
  readonly #fold: Fold;

  constructor(shelves: Shelves, fold: Fold) {
    this.#shelves = shelves;
    this.#fold = fold;
  }

  /** Records an outcome, if it is one that people read. @param log - the log that has brought it */
  record(log: LogName, outcome: Outcome): void {
    switch (outcome?.kind) {
      case 'said':
        this.#said(log, outcome);
        return;
      case 'redacted':
        this.#redacted(log, outcome);
        return;
      case 'amended':
        if (outcome.event !== null) this.#happened(log, outcome.event);
        return;
      case 'joined':
      case 'left':
      case 'kicked':
      case 'topic':
      case 'settings':
      case 'retitled':
      case 'identified':
      case 'departed':
        this.#happened(log, outcome);
        return;
      case 'quit':
        this.#shelves.clear(`s:${outcome.member.session}`);
        return;
      default:
    }
  }

  #said(log: LogName, said: Said): void {
    if (said.type === 'signal' && said.tags.every(isPassing)) return;
    const { by, room, to } = said;
    if (room !== null) {
      if (isRoomLog(log)) this.#words(log, said, room.name, null);
      return;
    }
    if (to === null) return;
    const theirs = this.#shelfOf(to);
    this.#words(theirs, said, to.nick, this.#fold(by?.nick ?? ''));
    if (by === null) return;
    const own = this.#shelfOf(by);
    if (own !== theirs) this.#words(own, said, to.nick, this.#fold(to.nick));
  }

  #words(shelf: Shelf, said: Said, target: string, peer: string | null): void {
    if (this.#shelves.keeps(shelf)) this.#shelves.record(shelf, wordsOf(said, target, peer));
  }

  #redacted(log: LogName, redacted: EventOf<'redacted'>): void {
    const { message: msgid, by, to } = redacted;
    const people = [by, to].flatMap((member) => (member === null ? [] : [this.#shelfOf(member)]));
    this.#shelves.redact({ shelves: isRoomLog(log) ? [log] : people, msgid, log, ...placeOf(msgid) });
  }

  #happened(log: LogName, event: InRoom): void {
    if (!isRoomLog(log) || !this.#shelves.keeps(log)) return;
    this.#shelves.record(log, { ...eventLine(event), target: event.room.name });
  }

  #shelfOf(member: Member): Shelf {
    const { account, session } = member;
    return personalShelf(account === null ? null : this.#fold(account), session);
  }
}

/**
 * Returns the line of a message. Field by field: to spread one object with a number as large as a time into another
 * would cost more than all the rest.
 */
function wordsOf(
  { id, atMs, by, type, text, tags, ranks, isDivisible }: Said,
  target: string,
  peer: string | null,
): Line {
  const { seq, part } = placeOf(id);
  return {
    seq,
    part,
    atMs,
    kind: type,
    msgid: id,
    peer,
    source: by === null ? '' : `${by.nick}!${by.user}@${by.host}`,
    account: by?.account ?? null,
    target,
    ranks,
    text,
    tags,
    object: null,
    bits: (by?.traits.has('bot') === true ? LINE_BITS.bot : 0) | (isDivisible ? LINE_BITS.divisible : 0),
  };
}

function eventLine(event: InRoom): Line {
  switch (event.kind) {
    case 'joined':
      return { ...lineOf('join', event, event.member), text: event.member.realName };
    case 'left':
      return { ...lineOf('part', event, event.member), text: event.reason };
    case 'departed':
      return { ...lineOf('quit', event, event.member), text: event.reason };
    case 'kicked':
      return { ...lineOf('kick', event, event.by), text: event.reason, object: event.member.nick };
    case 'identified': {
      const { nick, user, host } = event.before;
      return { ...lineOf('nick', event, event.member), source: `${nick}!${user}@${host}`, object: event.member.nick };
    }
    case 'topic':
      return { ...lineOf('topic', event, event.by), text: event.text };
    case 'settings':
      return { ...lineOf('mode', event, event.by), object: JSON.stringify(event.changes.map(writtenChange)) };
    case 'retitled':
      return { ...lineOf('rename', event, event.by), text: event.reason, object: event.before };
  }
}

/** A change of a rank names its member by its nick, which is what a reader of the past knows. */
function writtenChange(change: RoomChange): SettingChange {
  if (change.kind !== 'rank') return change;
  const { kind, on, rank, member } = change;
  return { kind, on, rank, target: member.nick };
}

/** Returns a line with what all have in common. */
function lineOf(kind: LineKind, { id, atMs }: Pick<Said, 'id' | 'atMs'>, by: Actor): Line {
  const { seq, part } = placeOf(id);
  return {
    seq,
    part,
    atMs,
    kind,
    msgid: id,
    peer: null,
    source: by === null ? '' : `${by.nick}!${by.user}@${by.host}`,
    account: by?.account ?? null,
    target: '',
    ranks: 0,
    text: '',
    tags: [],
    object: null,
    bits: 0,
  };
}

/** Whether a tag says something about the moment only, such as that somebody is typing. */
function isPassing([name]: Tag): boolean {
  return name === 'typing' || name === 'draft/typing';
}

function isRoomLog(log: LogName): log is LogName & `r:${string}` {
  return log.startsWith('r:');
}
