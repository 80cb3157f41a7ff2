/**
 * The header that a proxy sends before a peer's own bytes: the PROXY protocol, versions 1 and 2
 * (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt).
 */
import { isIPv4, isIPv6 } from 'node:net';
import { crc32c } from './crc32c.js';

/** The peer on whose behalf the proxy has connected. */
export interface ProxiedPeer {
  readonly host: string;
  readonly port: number;
}

/** How a header has ended; `invalid` says why in a few words. */
export type ProxyVerdict =
  | {
      readonly kind: 'complete';
      /** Null if the proxy speaks for itself, or for a peer that has no IP address. */
      readonly peer: ProxiedPeer | null;
      /** Whether the peer reached the proxy over TLS; only version 2 can say so. */
      readonly isSecure: boolean;
      /** How many of the last bytes belonged to the header; the rest is the peer's. */
      readonly takenBytes: number;
    }
  | { readonly kind: 'invalid'; readonly why: string };

/** The longest line of version 1, with its CRLF (section 2.1). */
const MAX_V1_BYTES = 107;
const V1_START = Buffer.from('PROXY ');
const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V2_FIXED_BYTES = 16;
/** The bytes of a version 2 header behind its fixed part. The addresses take 216 at most; the rest is additions. */
const MAX_V2_BODY_BYTES = 4096;

const V2_VERSION = 2;
const COMMAND_LOCAL = 0;
const COMMAND_PROXY = 1;
/** The bytes of both addresses by family: unspecified, IPv4, IPv6, unix (section 2.2). */
const ADDRESS_BYTES = [0, 12, 36, 216] as const;
const FAMILY_INET = 1;
const FAMILY_INET6 = 2;
/** Unspecified, stream, datagram. */
const MAX_TRANSPORT = 2;
const TRANSPORT_STREAM = 1;

const TLV_HEAD_BYTES = 3;
const TLV_CRC32C = 0x03;
const TLV_SSL = 0x20;
const CLIENT_USED_SSL = 0x01;

/** Reads one header, in pieces of any size. It holds no more than the longest header that it accepts. */
export class ProxyLine {
  #bytes: Buffer = Buffer.alloc(MAX_V1_BYTES);
  #length = 0;
  /** The length of the whole header; null until a version 2 header has said it. */
  #totalBytes: number | null = null;

  /**
   * Takes the next bytes. After a verdict it must not be called again.
   *
   * @returns null if the header goes on
   */
  receive(bytes: Uint8Array): ProxyVerdict | null {
    let taken = 0;
    while (taken < bytes.length) {
      // Until the length is known, a single byte can end the header.
      const wanted = this.#totalBytes === null ? 1 : this.#totalBytes - this.#length;
      const piece = bytes.subarray(taken, taken + wanted);
      this.#bytes.set(piece, this.#length);
      this.#length += piece.length;
      taken += piece.length;
      const verdict = this.#look(taken);
      if (verdict !== null) return verdict;
    }
    return null;
  }

  #look(takenBytes: number): ProxyVerdict | null {
    const head = this.#bytes.subarray(0, this.#length);
    if (startsAlike(head, V1_START)) return this.#lookAtLine(head, takenBytes);
    if (startsAlike(head, V2_SIGNATURE)) return this.#lookAtBinary(head, takenBytes);
    return invalid('there is no PROXY header');
  }

  #lookAtLine(head: Buffer, takenBytes: number): ProxyVerdict | null {
    if (head.at(-2) === 0x0d && head.at(-1) === 0x0a) {
      return parseLine(head.toString('latin1', 0, head.length - 2), takenBytes);
    }
    return head.length === MAX_V1_BYTES ? invalid('the line is longer than 107 bytes') : null;
  }

  #lookAtBinary(head: Buffer, takenBytes: number): ProxyVerdict | null {
    if (head.length < V2_FIXED_BYTES) return null;
    if (this.#totalBytes === null) {
      const bodyBytes = head.readUInt16BE(V2_FIXED_BYTES - 2);
      if (bodyBytes > MAX_V2_BODY_BYTES)
        return invalid(`${bodyBytes} bytes are more than the ${MAX_V2_BODY_BYTES} allowed`);
      this.#totalBytes = V2_FIXED_BYTES + bodyBytes;
      const whole = Buffer.alloc(this.#totalBytes);
      whole.set(head);
      this.#bytes = whole;
    }
    return head.length === this.#totalBytes ? parseBinary(head, takenBytes) : null;
  }
}

function startsAlike(head: Buffer, start: Buffer): boolean {
  const length = Math.min(head.length, start.length);
  return head.compare(start, 0, length, 0, length) === 0;
}

function invalid(why: string): ProxyVerdict {
  return { kind: 'invalid', why };
}

/** Parses a line of version 1, without its end. */
function parseLine(line: string, takenBytes: number): ProxyVerdict {
  const [, family = '', host = '', destination = '', port = '', destinationPort = '', ...more] = line.split(' ');
  // The rest is to be ignored: the proxy knows no more about the peer.
  if (family === 'UNKNOWN') return { kind: 'complete', peer: null, isSecure: false, takenBytes };
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isBareIPv6 : null;
  if (isAddress === null) return invalid('the family is neither TCP4, TCP6 nor UNKNOWN');
  if (!isAddress(host) || !isAddress(destination)) return invalid('an address is not one of its family');
  if (!isPort(port) || !isPort(destinationPort) || more.length > 0) return invalid('the ports are not two numbers');
  return { kind: 'complete', peer: { host, port: Number(port) }, isSecure: false, takenBytes };
}

/** A zone has no meaning on another machine. */
function isBareIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 0xffff;
}

/** Parses a whole header of version 2. */
function parseBinary(header: Buffer, takenBytes: number): ProxyVerdict {
  const versionAndCommand = header.readUInt8(12);
  const command = versionAndCommand & 0x0f;
  if (versionAndCommand >> 4 !== V2_VERSION) return invalid('the version is not 2');
  // The proxy speaks for itself, as in a health check: everything else in the header is to be ignored.
  if (command === COMMAND_LOCAL) return { kind: 'complete', peer: null, isSecure: false, takenBytes };
  if (command !== COMMAND_PROXY) return invalid('the command is neither LOCAL nor PROXY');
  const family = header.readUInt8(13) >> 4;
  const transport = header.readUInt8(13) & 0x0f;
  const addressBytes = ADDRESS_BYTES[family];
  if (addressBytes === undefined || transport > MAX_TRANSPORT) return invalid('the family is unknown');
  const body = header.subarray(V2_FIXED_BYTES);
  if (body.length < addressBytes) return invalid('the addresses are cut off');
  const additions = readAdditions(header, V2_FIXED_BYTES + addressBytes);
  if ('why' in additions) return additions;
  // A receiver that does not support a valid combination takes the connection as it is (section 2.2).
  const peer = transport === TRANSPORT_STREAM ? readPeer(family, body) : null;
  return { kind: 'complete', peer, isSecure: peer !== null && additions.isSecure, takenBytes };
}

function readPeer(family: number, body: Buffer): ProxiedPeer | null {
  if (family === FAMILY_INET) return { host: [...body.subarray(0, 4)].join('.'), port: body.readUInt16BE(8) };
  if (family !== FAMILY_INET6) return null;
  const groups = Array.from({ length: 8 }, (_, index) => body.readUInt16BE(2 * index).toString(16));
  return { host: groups.join(':'), port: body.readUInt16BE(32) };
}

/** Reads the additions (type, length, value) behind the addresses; unknown ones are skipped. */
function readAdditions(
  header: Buffer,
  start: number,
): { readonly isSecure: boolean } | (ProxyVerdict & { kind: 'invalid' }) {
  let isSecure = false;
  let at = start;
  while (at < header.length) {
    if (header.length - at < TLV_HEAD_BYTES) return { kind: 'invalid', why: 'an addition is cut off' };
    const type = header.readUInt8(at);
    const value = header.subarray(at + TLV_HEAD_BYTES, at + TLV_HEAD_BYTES + header.readUInt16BE(at + 1));
    if (value.length < header.readUInt16BE(at + 1)) return { kind: 'invalid', why: 'an addition is cut off' };
    if (type === TLV_CRC32C && !isIntact(header, value)) return { kind: 'invalid', why: 'the checksum is wrong' };
    if (type === TLV_SSL) isSecure = ((value[0] ?? 0) & CLIENT_USED_SSL) !== 0;
    at += TLV_HEAD_BYTES + value.length;
  }
  return { isSecure };
}

/** Checks the sum of the header, which is made with zeros in place of itself. @param sum - lies within the header */
function isIntact(header: Buffer, sum: Buffer): boolean {
  if (sum.length !== 4) return false;
  const expected = sum.readUInt32BE(0);
  sum.fill(0);
  return crc32c(header) === expected;
}
