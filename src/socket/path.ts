/** Paths as the kernel sees them, as bytes: path_resolution(7). */
import { toBytes } from '../arguments.js';
import { invalidArgType, outOfRange } from '../errors.js';

/** A path as Node's `fs` takes it: a string, which is encoded as UTF-8, its bytes, or a `file:` URL. */
export type PathInput = string | Uint8Array | URL;

/**
 * The bytes of a path, without a zero byte at the end.
 *
 * @throws ERR_INVALID_ARG_TYPE; ERR_OUT_OF_RANGE if a URL is no `file:` URL of this host, or escapes a slash
 */
export function toPathBytes(path: unknown, name: string): Uint8Array {
  if (typeof path === 'string') return Buffer.from(path);
  if (ArrayBuffer.isView(path)) return toBytes(path, name);
  if (isUrl(path)) return urlBytes(path.href, name);
  throw invalidArgType(name, 'a string, a Buffer or a URL', path);
}

/** Bytes as text if they are UTF-8, otherwise unchanged: text would lose some, and then name another file. */
export function textOrBytes(bytes: Uint8Array): string | Buffer {
  const buffer = Buffer.from(bytes);
  const text = buffer.toString();
  return Buffer.from(text).equals(buffer) ? text : buffer;
}

/** Also one of another realm, whose class is not ours. */
function isUrl(value: unknown): value is { readonly href: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'href' in value &&
    typeof value.href === 'string' &&
    'protocol' in value &&
    typeof value.protocol === 'string'
  );
}

/** As `fileURLToPath`, whose result is text, and which therefore refuses escapes that are not UTF-8. */
function urlBytes(href: string, name: string): Uint8Array {
  const { protocol, hostname, pathname } = parseUrl(href, name);
  const isLocalFile = protocol === 'file:' && hostname === '' && !/%2f/i.test(pathname);
  if (!isLocalFile) throw outOfRange(name, 'a file: URL without a host and without an escaped slash', href);
  const unescaped = pathname.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  // The parser has escaped all that is not ASCII.
  return Buffer.from(unescaped, 'latin1');
}

function parseUrl(href: string, name: string): URL {
  try {
    return new URL(href);
  } catch {
    throw outOfRange(name, 'a valid URL', href);
  }
}
