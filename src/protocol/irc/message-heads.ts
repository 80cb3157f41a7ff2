/** The beginnings of messages, each of which is the same for everything that somebody says in one place. */
import type { MessageType } from '../../chat/event.js';
import type { Member } from '../../chat/member.js';
import { sourceOf } from './source.js';

export const MESSAGE_COMMANDS = { message: 'PRIVMSG', notice: 'NOTICE', signal: 'TAGMSG' } as const;

/** The most beginnings that are remembered. */
const MAX_HEADS = 1024;

interface Head {
  readonly type: MessageType;
  readonly target: string;
  readonly text: string;
}

/** Remembers the last beginning of each speaker: to put it together would cost more than the rest of a line. */
export class MessageHeads {
  readonly #heads = new Map<Member['who'], Head>();

  /** Returns `:nick!user@host PRIVMSG target :`. */
  of(who: Member['who'], type: MessageType, target: string): string {
    const known = this.#heads.get(who);
    if (known?.type === type && known.target === target) return known.text;
    if (this.#heads.size >= MAX_HEADS) this.#heads.clear();
    // By `join`, since a text that V8 has joined lies in one piece and is copied faster than one that was added up.
    const text = [':', sourceOf(who), ' ', MESSAGE_COMMANDS[type], ' ', target, ' :'].join('');
    this.#heads.set(who, { type, target, text });
    return text;
  }
}
