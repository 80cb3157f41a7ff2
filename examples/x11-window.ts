/**
 * A window by the X11 protocol alone, without a library: a request to connect, one for a window, and the event that it
 * is on the screen (X Window System Protocol, X.Org).
 *
 * npm run example x11-window :0
 */
import { Descriptor, Socket } from 'fdmux';

const [display = process.env['DISPLAY'] ?? ':0', title = 'fdmux'] = process.argv.slice(2);
const number = display.replace(/^.*:(\d+).*$/, '$1');

/** Codes of requests and events. */
const X = { CREATE_WINDOW: 1, MAP_WINDOW: 8, CHANGE_PROPERTY: 18, MAP_NOTIFY: 19, STRUCTURE_NOTIFY: 1 << 17 };
/** Atoms that every server has. */
const ATOM = { STRING: 31, WM_NAME: 39 };
/** Attributes of a window, in the order of their bits. */
const ATTRIBUTES = { BACK_PIXEL: 1 << 1, EVENT_MASK: 1 << 11 };
const EVENT_BYTES = 32;

const server = Socket.create({ family: 'unix', blocking: true });
server.connect({ family: 'unix', path: `/tmp/.X11-unix/X${number}` });

function read(bytes: number): Buffer {
  const parts = Buffer.alloc(bytes);
  for (let end = 0; end < bytes;) {
    const count = server.recvInto(parts, end) ?? 0;
    if (count === 0) throw new Error('the server has closed the connection');
    end += count;
  }
  return parts;
}

/** Words of 16 bits, little-endian as the first byte of the connection says. */
const words = (...values: readonly number[]): Buffer => Buffer.from(Uint16Array.from(values).buffer);
const longs = (...values: readonly number[]): Buffer => Buffer.from(Uint32Array.from(values).buffer);
const padding = (length: number): Buffer => Buffer.alloc(-length & 3);

/** A request says its length in units of four bytes. */
function request(code: number, detail: number, ...parts: readonly Buffer[]): void {
  const body = Buffer.concat(parts);
  server.sendAll(Buffer.concat([Buffer.of(code, detail), words(1 + body.length / 4), body]));
}

/** Connects. Returns the first number for resources, the root window, and the number of its white. */
function setUp(): { id: number; root: number; white: number } {
  server.sendAll(Buffer.concat([Buffer.from('l\0'), words(11, 0, 0, 0, 0)]));
  const head = read(8);
  const rest = read(head.readUInt16LE(6) * 4);
  if (head.readUInt8(0) !== 1) throw new Error(`refused: ${rest.toString('latin1', 0, head.readUInt8(1))}`);
  const vendorBytes = rest.readUInt16LE(16);
  const formats = rest.readUInt8(21);
  const screen = rest.subarray(32 + vendorBytes + padding(vendorBytes).length + formats * 8);
  return { id: rest.readUInt32LE(4), root: screen.readUInt32LE(0), white: screen.readUInt32LE(8) };
}

const { id, root, white } = setUp();
const attributes = longs(ATTRIBUTES.BACK_PIXEL | ATTRIBUTES.EVENT_MASK, white, X.STRUCTURE_NOTIFY);
// At 10, 10, 320 by 240, without a border; depth, class and visual as the root has them.
request(X.CREATE_WINDOW, 0, longs(id, root), words(10, 10, 320, 240, 0, 0), longs(0), attributes);
const name = Buffer.from(title);
const property = [longs(id, ATOM.WM_NAME, ATOM.STRING, 8, name.length), name, padding(name.length)];
request(X.CHANGE_PROPERTY, 0, ...property);
request(X.MAP_WINDOW, 0, longs(id));
for (;;) {
  const event = read(EVENT_BYTES);
  const code = event.readUInt8(0);
  if (code === 0) throw new Error(`the server refuses a request: error ${event.readUInt8(1)}`);
  if (code === X.MAP_NOTIFY) break;
}
console.log(`"${title}" is on the screen as window 0x${id.toString(16)}; return closes it`);
const keyboard = Descriptor.fromFd(0);
keyboard.read(1);
server.close();
