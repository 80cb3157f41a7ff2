/** Events of the chat, as lines of a history. */
import { isFromAbroad } from '../../chat/abroad.js';
import type { Directory } from '../../chat/directory.js';
import type { EventOf, RoomChange, Said } from '../../chat/event.js';
import type { Member } from '../../chat/member.js';
import type { Departed, Identified, Outcome } from '../../chat/outcome.js';
import type { Shelves } from '../../history/history.js';
import { LINE_BITS, type LineKind, personalShelf, type Shelf } from '../../history/line.js';
import type { LineDraft } from '../../history/line-draft.js';
import type { LogName, SettingChange, Tag, Who } from '../../log/entry.js';
import { isRoomLog } from '../../log/log-name.js';
import { placeOf } from '../../log/place.js';

/** Folds a name, as the directory does. */
type Fold = Directory['fold'];

/** An event in a room. */
type InRoom = EventOf<'joined' | 'left' | 'kicked' | 'topic' | 'settings' | 'retitled'> | Identified | Departed;

const NO_TAGS: readonly Tag[] = [];

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
      case 'titled':
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
      case 'lost':
        for (const { member } of [...outcome.quits, ...outcome.partings]) this.#shelves.clear(`s:${member.session}`);
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
    // People of other domains read their history there.
    const theirs = isFromAbroad(to.session) ? null : this.#shelfOf(to);
    if (theirs !== null) this.#words(theirs, said, to.nick, this.#fold(by?.nick ?? ''));
    if (by === null || isFromAbroad(by.session)) return;
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
    this.#shelves.record(log, draftOf(event));
  }

  #shelfOf(member: Member): Shelf {
    const { account, session } = member;
    return personalShelf(account === null ? null : this.#fold(account), session);
  }
}

function wordsOf(
  { id, atMs, by, type, text, tags, ranks, isDivisible }: Said,
  target: string,
  peer: string | null,
): LineDraft {
  return {
    msgid: id,
    atMs,
    kind: type,
    peer,
    who: by?.who ?? null,
    target,
    ranks,
    text,
    tags,
    object: null,
    bits: (by?.traits.has('bot') === true ? LINE_BITS.bot : 0) | (isDivisible ? LINE_BITS.divisible : 0),
  };
}

function draftOf(event: InRoom): LineDraft {
  switch (event.kind) {
    case 'joined':
      return eventDraft('join', event, event.member.who, event.member.realName);
    case 'left':
      return eventDraft('part', event, event.member.who, event.reason);
    case 'departed':
      return eventDraft('quit', event, event.member.who, event.reason);
    case 'kicked':
      return eventDraft('kick', event, event.by?.who, event.reason, event.member.nick);
    case 'identified':
      return eventDraft('nick', event, { ...event.before, account: event.member.account }, '', event.member.nick);
    case 'topic':
      return eventDraft('topic', event, event.by?.who, event.text);
    case 'settings':
      return eventDraft('mode', event, event.by?.who, '', JSON.stringify(event.changes.map(writtenChange)));
    case 'retitled':
      return eventDraft('rename', event, event.by?.who, event.reason, event.before);
  }
}

/** A change of a rank names its member by its nick, which is what a reader of the past knows. */
function writtenChange(change: RoomChange): SettingChange {
  if (change.kind !== 'rank') return change;
  const { kind, on, rank, member } = change;
  return { kind, on, rank, target: member.nick };
}

/** @param object - see {@link LineDraft.object} */
function eventDraft(
  kind: LineKind,
  { id: msgid, atMs, room }: InRoom,
  who: Who | undefined,
  text: string,
  object: string | null = null,
): LineDraft {
  const target = room.name;
  return { msgid, atMs, kind, peer: null, who: who ?? null, target, ranks: 0, text, tags: NO_TAGS, object, bits: 0 };
}

/** Whether a tag says something about the moment only, such as that somebody is typing. */
function isPassing([name]: Tag): boolean {
  return name === 'typing' || name === 'draft/typing';
}
