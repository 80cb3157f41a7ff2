/** As much of D-Bus as it takes to send messages with fds: D-Bus Specification, "Message Protocol". */
import { Socket } from 'fdmux';

/** The types of messages. */
export const DBUS = { CALL: 1, RETURN: 2, ERROR: 3, SIGNAL: 4 } as const;

/** Fields of a header, each with its code and the type of its value, in the order in which they are written. */
const FIELDS = {
  path: [1, 'o'],
  interface: [2, 's'],
  member: [3, 's'],
  destination: [6, 's'],
  signature: [8, 'g'],
  fds: [9, 'u'],
} as const;

/** A message to send. */
export interface DbusMessage extends Partial<Record<keyof typeof FIELDS, string | number>> {
  readonly type: number;
  readonly body?: Buffer;
}

/** A message that has arrived. */
export interface DbusReceived {
  readonly type: number;
  readonly body: Buffer;
  readonly fds: readonly number[];
}

/** Byte order, type, flags, version, then the lengths of the body and, behind a serial number, of the fields. */
const HEADER_BYTES = 16;
const VERSION = 1;
const MAX_RECEIVE_BYTES = 65_536;
const MAX_CONTROL_BYTES = 256;
const AGREEMENT = 'AGREE_UNIX_FD\r\n';

const long = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
const aligned = (length: number): number => Math.ceil(length / 8) * 8;
const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes], aligned(bytes.length));
/** A string as a body has it. */
export const dbusString = (text: string): Buffer =>
  Buffer.concat([long(Buffer.byteLength(text)), Buffer.from(`${text}\0`)]);

/** A connection to the daemon, whose calls wait. */
export class DbusClient {
  readonly #socket = Socket.create({ family: 'unix', blocking: true });
  #received = Buffer.alloc(0);
  #fds: number[] = [];
  #serial = 0;
  /** The name that the daemon has given it. */
  readonly name: string;

  /** @param address 'unix:path=/run/user/1000/bus' */
  constructor(address: string) {
    const [, kind, name = ''] = /unix:(path|abstract)=([^,;]+)/.exec(address) ?? [];
    this.#socket.connect(kind === 'path' ? { family: 'unix', path: name } : { family: 'unix', abstract: name });
    const user = Buffer.from(String(process.getuid?.())).toString('hex');
    this.#socket.sendAll(`\0AUTH EXTERNAL ${user}\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n`);
    while (!this.#received.includes(AGREEMENT)) this.#receive();
    this.#received = this.#received.subarray(this.#received.indexOf(AGREEMENT) + AGREEMENT.length);
    const bus = {
      path: '/org/freedesktop/DBus',
      interface: 'org.freedesktop.DBus',
      destination: 'org.freedesktop.DBus',
    };
    this.send({ type: DBUS.CALL, member: 'Hello', ...bus });
    const { body } = this.take((message) => message.type === DBUS.RETURN);
    this.name = body.toString('utf8', 4, 4 + body.readUInt32LE(0));
  }

  /** Sends a message, with copies of these fds. */
  send({ type, body = Buffer.alloc(0), ...fields }: DbusMessage, fds: readonly { readonly fd: number }[] = []): void {
    let list = Buffer.alloc(0);
    for (const [name, [code, kind]] of Object.entries(FIELDS)) {
      const value: unknown = Reflect.get(fields, name);
      if (typeof value !== 'string' && typeof value !== 'number') continue;
      const text = String(value);
      const words = kind === 'g' ? Buffer.from(`${String.fromCharCode(text.length)}${text}\0`) : dbusString(text);
      const content = kind === 'u' ? long(Number(value)) : words;
      list = Buffer.concat([padded(list), Buffer.of(code, kind.length), Buffer.from(`${kind}\0`), content]);
    }
    const head = [Buffer.of('l'.charCodeAt(0), type, 0, VERSION), long(body.length), long(++this.#serial)];
    const message = [padded(Buffer.concat([...head, long(list.length), list])), body];
    this.#socket.sendMsg(message, { control: fds.length > 0 ? [{ kind: 'rights', fds }] : [] });
  }

  /** The next message that is wanted; others are dropped. */
  take(isWanted: (message: DbusReceived) => boolean): DbusReceived {
    for (;;) {
      const message = this.#next();
      if (message.type === DBUS.ERROR) throw new Error(message.body.toString());
      if (isWanted(message)) return message;
    }
  }

  #next(): DbusReceived {
    while (this.#received.length < HEADER_BYTES) this.#receive();
    const bodyStart = aligned(HEADER_BYTES + this.#received.readUInt32LE(12));
    const end = bodyStart + this.#received.readUInt32LE(4);
    while (this.#received.length < end) this.#receive();
    const message = this.#received.subarray(0, end);
    this.#received = this.#received.subarray(end);
    // The daemon sends the fds with the first byte of their message, and no two messages with fds in one piece.
    const fds = this.#fds;
    this.#fds = [];
    return { type: message.readUInt8(1), body: message.subarray(bodyStart), fds };
  }

  #receive(): void {
    const part = this.#socket.recvMsg(MAX_RECEIVE_BYTES, { maxControlBytes: MAX_CONTROL_BYTES });
    if (part === null || part.data.length === 0) throw new Error('the daemon has closed the connection');
    this.#received = Buffer.concat([this.#received, part.data]);
    this.#fds.push(...part.fds);
  }

  close(): void {
    for (const fd of this.#fds) Socket.fromFd(fd).close();
    this.#socket.close();
  }
}
