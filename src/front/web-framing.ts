/** Lines as WebSocket frames: a line is one message, without its ending (IRCv3 websocket; RFC 6455, section 5). */
import { isUtf8 } from 'node:buffer';
import { SharedBytes } from '../net/shared-bytes.js';
import { Memo } from './memo.js';

/** The opcodes that a server sends: RFC 6455, section 5.2. */
export const OPCODES = { text: 0x1, binary: 0x2, pong: 0xa } as const;
export type Opcode = (typeof OPCODES)[keyof typeof OPCODES];

/** The message is complete: no fragment follows. */
const FIN = 0x80;
/** Longer payloads have their length in two, or in eight, more bytes. */
const MAX_SHORT_BYTES = 125;
const MAX_MEDIUM_BYTES = 0xffff;
const MEDIUM = 126;
const LONG = 127;

const LF = 0x0a;
const CR = 0x0d;

/** Returns the bytes that stand before a payload. A server masks nothing, so they are the same for each peer. */
export function frameHeader(opcode: Opcode, payloadBytes: number): Buffer {
  const first = FIN | opcode;
  if (payloadBytes <= MAX_SHORT_BYTES) return Buffer.of(first, payloadBytes);
  if (payloadBytes <= MAX_MEDIUM_BYTES) return Buffer.of(first, MEDIUM, payloadBytes >> 8, payloadBytes & 0xff);
  const header = Buffer.alloc(10);
  header[0] = first;
  header[1] = LONG;
  header.writeBigUInt64BE(BigInt(payloadBytes), 2);
  return header;
}

/** Makes the frames for all peers that read the same kind of message. */
export class Framer {
  readonly #opcode: Opcode;
  readonly #shared = new Memo((lines: SharedBytes) => new SharedBytes(this.#frame(lines.bytes)));

  constructor(opcode: Opcode) {
    this.#opcode = opcode;
  }

  /**
   * Frames whole lines; an empty one is left out. A message to many peers is framed once.
   *
   * @param lines - each with its ending, LF or CRLF; the last may be without
   */
  frame(lines: Uint8Array | SharedBytes): Uint8Array | SharedBytes {
    return lines instanceof SharedBytes ? this.#shared.of(lines) : this.#frame(lines);
  }

  #frame(lines: Uint8Array): Buffer {
    const parts: Uint8Array[] = [];
    for (let start = 0; start < lines.length;) {
      const lf = lines.indexOf(LF, start);
      const next = lf < 0 ? lines.length : lf + 1;
      const end = lf < 0 ? lines.length : lf;
      const line = lines.subarray(start, end > start && lines[end - 1] === CR ? end - 1 : end);
      if (line.length > 0) {
        const payload = this.#opcode === OPCODES.text ? toUtf8(line) : line;
        parts.push(frameHeader(this.#opcode, payload.length), payload);
      }
      start = next;
    }
    return Buffer.concat(parts);
  }
}

/** A browser fails the connection at a text message that is not UTF-8, so what is none is replaced by U+FFFD. */
function toUtf8(line: Uint8Array): Uint8Array {
  return isUtf8(line) ? line : Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(line));
}
