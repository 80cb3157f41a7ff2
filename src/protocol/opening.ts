/** The first bytes of a peer: they show whether it speaks HTTP or TLS. */

export type ForeignProtocol = 'HTTP' | 'TLS';

const LF = 0x0a;
const CR = 0x0d;
/** Enough for a method and the beginning of a target. */
const MAX_HEAD_BYTES = 32;
const NOTHING = new Uint8Array(0);
/** A TLS record: a handshake (22) of version 3.x (RFC 8446 section 5.1). No text begins like this. */
const HANDSHAKE = 0x16;
const TLS_MAJOR = 0x03;
const TLS_HEAD_BYTES = 3;
const MAX_TLS_MINOR = 0x04;
/**
 * A request line, and HTTP/2's preface too: a method, a target, a version (RFC 9112 section 3, RFC 9113 section 3.4).
 */
const REQUEST_LINE = /^[!#$%&'*+.^_`|~0-9a-z-]+ +\S+ +HTTP\/\d/i;
/** The beginning of a request line that is longer than a chat accepts, or arrives in pieces. */
const REQUEST_HEAD = /^(?:CONNECT |[A-Z][A-Z-]+ +(?:\/|\*|https?:))/;

/**
 * Examines what a peer sends first. A web page can make its browser send HTTP requests to any port of this machine, and
 * the lines of their bodies would be commands. A client that expects TLS sends bytes that nobody can read.
 */
export class Opening {
  /** Made for the first byte: a session that goes on for another process has had its own. */
  #head = NOTHING;
  #length = 0;

  /** The bytes that it has seen. */
  get head(): Uint8Array {
    return this.#head.subarray(0, this.#length);
  }

  /** Takes the next bytes. @returns the protocol, if it shows before the first line has ended */
  receive(bytes: Uint8Array): ForeignProtocol | null {
    for (const byte of bytes) {
      if (this.#length === MAX_HEAD_BYTES) break;
      // Empty lines before a request line are ignored (RFC 9112 section 2.2).
      if (this.#length === 0 && (byte === LF || byte === CR)) continue;
      if (this.#length === 0) this.#head = new Uint8Array(MAX_HEAD_BYTES);
      this.#head[this.#length] = byte;
      this.#length += 1;
    }
    return this.#length >= TLS_HEAD_BYTES && this.#beginsLikeTls() ? 'TLS' : null;
  }

  /** Returns the protocol of the first line that is not empty, which has arrived whole. */
  ofLine(line: Uint8Array): ForeignProtocol | null {
    return REQUEST_LINE.test(Buffer.from(line.buffer, line.byteOffset, line.length).toString('latin1')) ? 'HTTP' : null;
  }

  /** Guesses the protocol of a first line of which only the beginning is known. */
  ofBeginning(): ForeignProtocol | null {
    if (this.#length > 0 && this.#beginsLikeTls()) return 'TLS';
    return REQUEST_HEAD.test(Buffer.from(this.#head.subarray(0, this.#length)).toString('latin1')) ? 'HTTP' : null;
  }

  #beginsLikeTls(): boolean {
    const [type, major = TLS_MAJOR, minor = 0] = this.#head.subarray(0, this.#length);
    return type === HANDSHAKE && major === TLS_MAJOR && minor <= MAX_TLS_MINOR;
  }
}

/** Returns the reason for closing a peer that has the wrong port. */
export function describeForeign(protocol: ForeignProtocol): string {
  return `this port is for chat, not for ${protocol}`;
}
