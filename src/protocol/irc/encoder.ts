/** Events as IRC lines, once for each class of capabilities and charset. */
import type { Actor, ChatEvent, Said, Tag } from '../../chat/event.js';
import type { Encoder } from '../../chat/member.js';
import { speechRefusal } from '../../chat/permissions.js';
import { type Charset, encodeText } from '../charset.js';
import { type Capability, hasCapability, readingBits } from './capabilities.js';
import { escapeTagValue } from './line.js';
import { CONCAT_TAG, MAX_LINE_BYTES } from './message.js';
import { MESSAGE_COMMANDS, MessageHeads } from './message-heads.js';
import { formatChanges, rankSigns } from './modes.js';
import { partsOf } from './multiline.js';
import { NUMERICS } from './numerics.js';
import { sourceOf } from './source.js';
import { byteLength, cutToBytes, MAX_BYTES_PER_UNIT, splitByBytes } from './text-length.js';
import { formatIsoTime } from './times.js';

/** One line to send. Its tags are apart, so that a label or a batch can be put before them. */
export interface OutgoingLine {
  /** `name=value`, separated by `;`, values escaped; empty without tags. */
  readonly tags: string;
  /** Everything after the tags, without CRLF. */
  readonly body: string;
  /** Whether it belongs to a batch that a line before it has opened, or ends that. */
  readonly isNested?: true;
}

/** The longest body without its CRLF. */
export const MAX_BODY_BYTES = MAX_LINE_BYTES - 2;
/** A channel, a source and the command always leave this many bytes for modes. */
export const MODE_STRING_BYTES = 250;

/** Returns the whole line, cut between two characters if it is too long. */
export function formatLine(line: OutgoingLine, charset: Charset): string {
  const body = cutToBytes(line.body, MAX_BODY_BYTES, charset);
  return line.tags === '' ? `${body}\r\n` : `@${line.tags} ${body}\r\n`;
}

/** The facts in the tags of an event. */
interface Facts {
  readonly atMs: number;
  /** Empty without one. */
  readonly id: string;
  readonly account: string | null;
  readonly isBot: boolean;
  /** Those of the speaker's program. */
  readonly tags: readonly Tag[];
}

/** A message with everything that its lines show. */
export interface Utterance extends Facts, Pick<Said, 'type' | 'text' | 'isDivisible'> {
  /** `nick!user@host`, or the server's name. */
  readonly source: string;
  readonly target: string;
}

/** How one class of IRC members reads events. */
export class IrcEncoder implements Encoder {
  readonly serverName: string;
  readonly #capabilities: number;
  readonly #charset: Charset;
  readonly #heads: MessageHeads;

  /**
   * @param serverName - the source of the server's own events
   * @param capabilities - see `readingBits`
   * @param heads - those of all classes, since they do not differ in them
   */
  constructor(serverName: string, capabilities: number, charset: Charset, heads: MessageHeads) {
    this.serverName = serverName;
    this.#capabilities = capabilities;
    this.#charset = charset;
    this.#heads = heads;
  }

  encode(event: ChatEvent): Uint8Array | null {
    // Nearly everything is this, so nothing is made for it but the text.
    const line = this.#formatOne(event);
    if (line !== null) return encodeText(line, this.#charset);
    const lines = this.format(event);
    if (lines.length === 0) return null;
    return encodeText(lines.map((line) => formatLine(line, this.#charset)).join(''), this.#charset);
  }

  toText(event: ChatEvent): string | null {
    return this.#charset === 'utf-8' ? this.#formatOne(event) : null;
  }

  /** A client can miss typing notifications and changes of presence, but not who is where. */
  isDroppable(event: ChatEvent): boolean {
    if (event.kind === 'said') return event.type === 'signal';
    return event.kind === 'away' || event.kind === 'realname';
  }

  /** Returns the lines of an event for members of this class; none if they do not see it. */
  format(event: ChatEvent): OutgoingLine[] {
    if (event.kind === 'said') return this.formatUtterance(this.#utteranceOf(event));
    return this.#bodies(event).map((body) => ({ tags: this.tagsOf(factsOf(event)), body }));
  }

  /** Whether members of this class have a capability that changes how an event reads. */
  has(name: Capability): boolean {
    return hasCapability(this.#capabilities, name);
  }

  #source(actor: Actor): string {
    return actor === null ? this.serverName : sourceOf(actor);
  }

  #bodies(event: Exclude<ChatEvent, { kind: 'said' }>): string[] {
    switch (event.kind) {
      case 'redacted': {
        if (!this.has('draft/message-redaction')) return [];
        const { by, room, to, message, reason } = event;
        const target = room?.name ?? to?.nick ?? '*';
        return [`:${sourceOf(by)} REDACT ${target} ${message}${reason === '' ? '' : ` :${reason}`}`];
      }
      case 'annotated':
        // Each client gets its own numerics for this: see `metadata.ts`.
        return [];
      case 'joined': {
        const { member, room } = event;
        const extras = this.has('extended-join') ? ` ${member.account ?? '*'} :${member.realName}` : '';
        const source = sourceOf(member);
        const join = `:${source} JOIN ${room.name}${extras}`;
        // away-notify: joining while away is announced, too. The reason is speech, so it may be left out.
        return member.away !== null && this.has('away-notify') && speechRefusal(member, room) === null
          ? [join, `:${source} AWAY :${member.away}`]
          : [join];
      }
      case 'left':
        return [`:${sourceOf(event.member)} PART ${event.room.name}${event.reason === '' ? '' : ` :${event.reason}`}`];
      case 'quit':
        return [`:${sourceOf(event.member)} QUIT :${event.reason}`];
      case 'kicked':
        return [`:${this.#source(event.by)} KICK ${event.room.name} ${event.member.nick} :${event.reason}`];
      case 'expelled':
        return [`:${this.#source(event.by)} KILL ${event.member.nick} :${event.reason}`];
      case 'renamed': {
        const { member, before } = event;
        return [`:${before}!${member.user}@${member.host} NICK ${member.nick}`];
      }
      case 'topic':
        return [`:${this.#source(event.by)} TOPIC ${event.room.name} :${event.text}`];
      case 'settings': {
        const head = `:${this.#source(event.by)} MODE ${event.room.name} `;
        return formatChanges(event.changes, MODE_STRING_BYTES).map((modes) => head + modes);
      }
      case 'invited': {
        const { by, member, room, audience } = event;
        return audience === 'guest' || this.has('invite-notify')
          ? [`:${this.#source(by)} INVITE ${member.nick} ${room.name}`]
          : [];
      }
      case 'knocked': {
        // For those who get it, the channel stands instead of their nicks: all of them get the same bytes.
        const { room, by } = event;
        const [code, text] = NUMERICS.RPL_KNOCK;
        return [`:${this.serverName} ${code} ${room.name} ${room.name} ${sourceOf(by)} :${text}`];
      }
      case 'retitled':
        return this.has('draft/channel-rename')
          ? [`:${this.#source(event.by)} RENAME ${event.before} ${event.room.name} :${event.reason}`]
          : [];
      case 'away': {
        const { member } = event;
        if (!this.has('away-notify')) return [];
        return [`:${sourceOf(member)} AWAY${member.away === null ? '' : ` :${member.away}`}`];
      }
      case 'account': {
        const { member } = event;
        return this.has('account-notify') ? [`:${sourceOf(member)} ACCOUNT ${member.account ?? '*'}`] : [];
      }
      case 'host': {
        const { member, before } = event;
        return this.has('chghost')
          ? [`:${member.nick}!${member.user}@${before} CHGHOST ${member.user} ${member.host}`]
          : [];
      }
      case 'realname':
        return this.has('setname') ? [`:${sourceOf(event.member)} SETNAME :${event.member.realName}`] : [];
      case 'announced':
        return [`:${this.#source(event.by)} WALLOPS :${event.text}`];
      case 'broadcast':
        return [`:${this.#source(event.by)} ${MESSAGE_COMMANDS[event.type]} ${EVERYBODY} :${event.text}`];
    }
  }

  /** Returns the whole line of a message; null for any other event, and if it has to be divided. */
  #formatOne(event: ChatEvent): string | null {
    if (event.kind !== 'said' || !isOneLine(event)) return null;
    const body = this.#headOf(event) + event.text;
    const isLong = body.length * MAX_BYTES_PER_UNIT > MAX_BODY_BYTES;
    if (isLong && event.isDivisible && byteLength(body, this.#charset) > MAX_BODY_BYTES) return null;
    const tags = this.#capabilities === 0 ? '' : this.tagsOf(this.#utteranceOf(event));
    return formatLine({ tags, body }, this.#charset);
  }

  #headOf(event: Said): string {
    const { by, type } = event;
    const target = targetOf(event);
    return by === null
      ? `:${this.serverName} ${MESSAGE_COMMANDS[type]} ${target} :`
      : this.#heads.of(by.who, type, target);
  }

  #utteranceOf(event: Said): Utterance {
    const { by, atMs, id, tags, type, text, isDivisible } = event;
    return {
      atMs,
      id,
      account: by?.account ?? null,
      isBot: by?.traits.has('bot') === true,
      tags,
      source: this.#source(by),
      target: targetOf(event),
      type,
      text,
      isDivisible,
    };
  }

  /** Returns the lines of a message. */
  formatUtterance(event: Utterance): OutgoingLine[] {
    const tags = this.tagsOf(event);
    const head = `:${event.source} ${MESSAGE_COMMANDS[event.type]} ${event.target}`;
    if (event.type === 'signal') return this.has('message-tags') ? [{ tags, body: head }] : [];
    if (!isOneLine(event)) return this.#formatParts(event, tags, head);
    const room = MAX_BODY_BYTES - byteLength(head, this.#charset) - ' :'.length;
    const texts = event.isDivisible ? splitByBytes(event.text, room, this.#charset) : [event.text];
    const furtherTags = texts.length > 1 ? this.tagsOf({ ...event, id: '' }) : tags;
    return texts.map((text, index) => ({ tags: index === 0 ? tags : furtherTags, body: `${head} :${text}` }));
  }

  /** A message of several lines: a batch, or else the lines as its writer has cut them (multiline, "Fallback"). */
  #formatParts(event: Utterance, tags: string, head: string): OutgoingLine[] {
    const room = MAX_BODY_BYTES - byteLength(head, this.#charset) - ' :'.length;
    const parts = partsOf(event.text).flatMap(({ text, isConcat }) =>
      // The mask may have grown since the writer has measured it.
      splitByBytes(text, room, this.#charset).map((piece, index) => ({ text: piece, isConcat: isConcat || index > 0 })),
    );
    if (!this.has('draft/multiline')) {
      const furtherTags = this.tagsOf({ ...event, id: '' });
      const shown = parts.filter(({ text }) => text !== '');
      return shown.map(({ text }, index) => ({ tags: index === 0 ? tags : furtherTags, body: `${head} :${text}` }));
    }
    // No other batch of a reader has this reference: no other message has this id.
    const reference = `m${event.id.replaceAll('.', '-')}`;
    const opening = `:${event.source} BATCH +${reference} draft/multiline ${event.target}`;
    const lines = parts.map(({ text, isConcat }) => ({
      tags: `batch=${reference}${isConcat ? `;${CONCAT_TAG}` : ''}`,
      body: `${head} :${text}`,
      isNested: true as const,
    }));
    return [
      { tags, body: opening },
      ...lines,
      { tags: '', body: `:${this.serverName} BATCH -${reference}`, isNested: true },
    ];
  }

  /** Returns the tags that members of this class get. */
  tagsOf({ atMs, account, isBot, id, tags: given }: Facts): string {
    if (this.#capabilities === 0) return '';
    const tags: string[] = [];
    if (this.has('server-time')) tags.push(`time=${formatIsoTime(atMs)}`);
    if (this.has('account-tag') && account !== null) tags.push(`account=${escapeTagValue(account)}`);
    if (this.has('message-tags')) {
      if (isBot) tags.push('bot');
      if (id !== '') tags.push(`msgid=${id}`);
      for (const [name, value] of given) tags.push(clientTag(name, value));
    }
    return tags.join(';');
  }
}

/** Whether a message has a text of one line, which may be too long. */
function isOneLine({ type, text }: Pick<Said, 'type' | 'text'>): boolean {
  return type !== 'signal' && !text.includes('\n') && !text.includes('\r');
}

/** The target of what is for everybody: a mask of servers (RFC 2812 section 3.3.1), as other servers show it. */
const EVERYBODY = '$$*';

/** Returns a nick, or a channel with the signs of the ranks that it is addressed to. */
function targetOf({ room, to, ranks }: Said): string {
  if (room === null) return to?.nick ?? '*';
  return ranks === 0 ? room.name : rankSigns(ranks, true) + room.name;
}

function clientTag(name: string, value: string): string {
  return value === '' ? `+${name}` : `+${name}=${escapeTagValue(value)}`;
}

const NO_TAGS: readonly Tag[] = [];

function factsOf(event: Exclude<ChatEvent, { kind: 'said' }>): Facts {
  const by = 'by' in event ? event.by : event.member;
  return {
    atMs: event.atMs,
    id: 'id' in event ? event.id : '',
    account: by?.account ?? null,
    isBot: by?.traits.has('bot') === true,
    tags: NO_TAGS,
  };
}

/** One encoder for each class in use. */
export class EncoderFamily {
  readonly #serverName: string;
  readonly #encoders = new Map<string, IrcEncoder>();
  readonly #heads = new MessageHeads();

  constructor(serverName: string) {
    this.#serverName = serverName;
  }

  /** Returns the encoder for a set of capabilities; only those count that change how an event reads. */
  of(capabilities: number, charset: Charset): IrcEncoder {
    const reading = readingBits(capabilities);
    const key = `${charset} ${reading}`;
    const known = this.#encoders.get(key);
    if (known !== undefined) return known;
    const made = new IrcEncoder(this.#serverName, reading, charset, this.#heads);
    this.#encoders.set(key, made);
    return made;
  }
}
