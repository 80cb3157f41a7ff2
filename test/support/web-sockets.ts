import { createHash, randomBytes } from 'node:crypto';
import { connectPeer, type Peer } from './peers.js';

/** A frame as it is on the wire, which can be made wrong in any way. */
export interface FrameParts {
  readonly opcode?: number;
  readonly payload?: string | Uint8Array;
  readonly fin?: boolean;
  /** The reserved bits, 0 to 7. */
  readonly rsv?: number;
  readonly masked?: boolean;
  /** The length in the header, whatever the payload has. */
  readonly length?: bigint | number;
  /** How the length is written. */
  readonly form?: 'short' | 'medium' | 'long';
}

/** Makes the bytes of a frame (RFC 6455, section 5.2). */
export function frame({ opcode = 1, payload = '', fin = true, rsv = 0, masked = true, ...rest }: FrameParts): Buffer {
  const bytes = Buffer.from(payload);
  const length = BigInt(rest.length ?? bytes.length);
  const form = rest.form ?? (length < 126n ? 'short' : length < 65_536n ? 'medium' : 'long');
  const head = Buffer.alloc({ short: 2, medium: 4, long: 10 }[form]);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const bit = masked ? 0x80 : 0;
  if (form === 'short') head[1] = bit | Number(length);
  if (form === 'medium') {
    head[1] = bit | 126;
    head.writeUInt16BE(Number(length), 2);
  }
  if (form === 'long') {
    head[1] = bit | 127;
    head.writeBigUInt64BE(length, 2);
  }
  if (!masked) return Buffer.concat([head, bytes]);
  const key = randomBytes(4);
  return Buffer.concat([head, key, bytes.map((byte, index) => byte ^ (key[index % 4] ?? 0))]);
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** The request of a handshake; a header set to undefined is left out. */
export function handshake(headers: Readonly<Record<string, string | undefined>> = {}, target = '/irc'): string {
  const all: Readonly<Record<string, string | undefined>> = {
    Host: '127.0.0.1',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': KEY,
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `GET ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** An HTTP answer: its status, its headers by lower-case name, its body. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Takes the next answer of a server; its body must have a `content-length`. */
export async function takeAnswer(peer: Peer, hasBody = true): Promise<HttpAnswer> {
  const first = await peer.line();
  const lines: string[] = [];
  for (let line = await peer.line(); line !== ''; line = await peer.line()) lines.push(line);
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const length = hasBody ? Number(headers['content-length'] ?? 0) : 0;
  return { status: Number(first.split(' ')[1]), headers, body: await peer.take(length) };
}

/** A frame of the server. */
export interface ReceivedFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** Takes the next frame; fails if it is masked, fragmented, or has reserved bits. */
export async function takeFrame(peer: Peer): Promise<ReceivedFrame> {
  const [first = 0, second = 0] = await peer.take(2);
  if ((first & 0xf0) !== 0x80) throw new Error(`not a whole frame: ${first.toString(16)}`);
  if ((second & 0x80) !== 0) throw new Error('a server must not mask');
  let length = second;
  if (second === 126) length = (await peer.take(2)).readUInt16BE();
  if (second === 127) length = Number((await peer.take(8)).readBigUInt64BE());
  return { opcode: first & 0x0f, payload: await peer.take(length) };
}

/** Takes the next frame, which must be a close frame, and returns its status code; undefined if it has none. */
export async function takeCloseCode(peer: Peer): Promise<number | undefined> {
  const { opcode, payload } = await takeFrame(peer);
  if (opcode !== 8) throw new Error(`opcode ${opcode} instead of a close frame: ${payload.toString('latin1')}`);
  return payload.length === 0 ? undefined : payload.readUInt16BE();
}

/** Opens a WebSocket by hand. */
export async function openWebSocket(
  port: number,
  headers: Readonly<Record<string, string | undefined>> = {},
): Promise<{ peer: Peer; subprotocol: string | undefined }> {
  const peer = await connectPeer(port);
  await peer.write(handshake(headers));
  const answer = await takeAnswer(peer, false);
  if (answer.status !== 101) throw new Error(`the handshake was answered with ${answer.status}`);
  const accept = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  if (answer.headers['sec-websocket-accept'] !== accept) throw new Error('the handshake has the wrong key');
  return { peer, subprotocol: answer.headers['sec-websocket-protocol'] };
}
