/** Adds to the error of a system call the path or the address that the call was given. */
import { naming } from '../errors.js';
import { type AddressInput, decodeAddress, encodeAddress, formatAddress } from './address.js';
import { textOrBytes } from './path.js';
import { escapeName } from './unix-name.js';

/** As in Node.js: `ENOENT: no such file or directory, open '/nope'`, with the `path` as a property. */
export function namingPath(thrown: unknown, path: Uint8Array): Error {
  const name = textOrBytes(path);
  return Object.assign(naming(thrown, `'${escapeName(name)}'`), { path: name });
}

/** Makes a call that is given a path: its error names that. */
export function withPath<T>(path: Uint8Array, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw namingPath(error, path);
  }
}

/** `ECONNREFUSED: connection refused, connect 127.0.0.1:80`. */
export function namingAddress(thrown: unknown, address: AddressInput): Error {
  return naming(thrown, formatAddress(decodeAddress(encodeAddress(address))));
}
