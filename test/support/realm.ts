/** Values of another realm, as code in a `node:vm` context makes them: their classes are not ours. */
import { types } from 'node:util';
import { runInNewContext } from 'node:vm';

/** A Uint8Array with these bytes. */
export function foreignBytes(bytes: Uint8Array): Uint8Array {
  const made: unknown = runInNewContext('new Uint8Array(bytes)', { bytes });
  if (!types.isUint8Array(made)) throw new Error('not a Uint8Array');
  return made;
}

/** The result of `code`: a view, or memory without one. */
export function foreignMemory(code: string): ArrayBufferView | ArrayBufferLike {
  const made: unknown = runInNewContext(code);
  if (ArrayBuffer.isView(made) || types.isAnyArrayBuffer(made)) return made;
  throw new Error('neither a view nor a buffer');
}
