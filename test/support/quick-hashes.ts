/** Hashes of passwords that cost next to nothing, for tests of what accounts do. */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { onTestFinished } from 'vitest';
import { runtime } from './runtime.js';

/** The cost, in place of 32,768. */
const N = 16;

/** Makes the hashes of this process cheap until the test is over. Not for tests of the hashes themselves. */
export function useQuickHashes(): void {
  // Others do not let a module of theirs be changed: there, hashes cost what they cost.
  if (runtime !== 'node') return;
  const { scrypt } = crypto;
  const quick = (...[password, salt, bytes, options, done]: Parameters<typeof scrypt>): void => {
    scrypt(password, salt, bytes, { ...options, N }, done);
  };
  replace(quick);
  onTestFinished(() => {
    replace(scrypt);
  });
}

function replace(scrypt: unknown): void {
  Reflect.set(crypto, 'scrypt', scrypt);
  syncBuiltinESMExports();
}
