/** A connection that keeps what its member hears, for tests of a chat without a protocol. */
import type { ChatEvent } from '../../src/chat/event.js';
import type { Encoder, Outlet } from '../../src/chat/member.js';

const NOTHING = new Uint8Array(0);

/** Keeps the events that it gets, and the reasons with which it is put out. */
export class Ear implements Outlet, Encoder {
  isSecure = false;
  readonly certificate = null;
  readonly remoteHost: string;
  readonly encoder = this;
  readonly heard: ChatEvent[] = [];
  readonly partings: string[] = [];
  /** The events in words: a member may have another nick later. */
  readonly #words: string[] = [];

  constructor(remoteHost = '192.0.2.1') {
    this.remoteHost = remoteHost;
  }

  encode(event: ChatEvent): Uint8Array {
    this.heard.push(event);
    this.#words.push(wordsFor(event));
    return NOTHING;
  }

  isDroppable(): boolean {
    return false;
  }

  send(): void {
    // It has been heard already.
  }

  expel(reason: string): void {
    this.partings.push(reason);
  }

  /** Takes what it has heard since the last call, in a word or two each. */
  words(): string[] {
    this.heard.length = 0;
    return this.#words.splice(0);
  }
}

function wordsFor(event: ChatEvent): string {
  if (event.kind === 'said' || event.kind === 'topic') return `${event.kind} ${event.text}`;
  if ('member' in event && event.member !== null) return `${event.kind} ${event.member.nick}`;
  return event.kind;
}
