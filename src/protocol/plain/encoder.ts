/** Events as plain lines in one charset; one encoder per charset serves every plain member. */
import type { ChatEvent } from '../../chat/event.js';
import type { Encoder } from '../../chat/member.js';
import { type Charset, encodeText } from '../charset.js';
import { formatEvent } from './format.js';

class PlainEncoder implements Encoder {
  readonly #charset: Charset;

  constructor(charset: Charset) {
    this.#charset = charset;
  }

  encode(event: ChatEvent): Uint8Array | null {
    const line = formatEvent(event);
    return line === null ? null : encodeText(line, this.#charset);
  }

  toText(event: ChatEvent): string | null {
    return this.#charset === 'utf-8' ? formatEvent(event) : null;
  }

  /** A member can miss who came and went, but not what was said. */
  isDroppable(event: ChatEvent): boolean {
    return event.kind !== 'said';
  }
}

const encoders: Readonly<Record<Charset, Encoder>> = {
  'utf-8': new PlainEncoder('utf-8'),
  gbk: new PlainEncoder('gbk'),
};

/** Returns the one encoder of plain lines in a charset. */
export function plainEncoder(charset: Charset): Encoder {
  return encoders[charset];
}
