/** The notes that the parts of a recorded server hand to the recorder. */
import type { SharedBytes } from '../../net/shared-bytes.js';
import type { Done, Given, Seen } from './format.js';

/** Takes what happens, in its order. */
export interface Notes {
  /** Whether somebody outside is looking at the server: nothing depends on what is seen, and it is not recorded. */
  readonly isAside: boolean;
  /** The server is about to be given something. */
  give(line: Given): void;
  /** The server has done something, or has seen something new. */
  note(line: Done | Seen): void;
  /** The server has written to a wire. */
  wrote(id: number, content: Uint8Array | SharedBytes): void;
}
