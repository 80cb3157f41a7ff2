/** The built working tree of this project that is measured. */
import { join } from 'node:path';
import { built, root } from './tools.js';

/** A checkout, as the suites ask for it. */
export interface Checkout {
  /** The name of a peer of this checkout. */
  label(peer: string): string;
  /** The path of a compiled program of bench/ that imports this checkout's fdmux. */
  program(path: string): string;
  /** The path of the command `fdmux`. */
  readonly cli: string;
}

/** The tree that the suites belong to. */
export const here: Checkout = {
  label: (peer) => peer,
  program: (path) => join(built, path),
  cli: join(root, 'dist/cli.js'),
};
