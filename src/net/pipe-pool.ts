/** The pipes that relays splice through: borrowed while bytes lie in them, so that an idle relay holds none. */
import { native } from '../binding/load.js';
import { hasCode } from '../errors.js';
import { F_SETPIPE_SZ } from '../socket/constants.js';

/**
 * Fewer system calls a byte than with the 64 KiB of a new pipe; a reader that stopped reading costs this much memory.
 */
const PIPE_BYTES = 262_144;
/** This many pipes are kept for later use. */
const MAX_FREE = 8;

/** Both ends of a pipe. */
export interface Pipe {
  readonly reader: number;
  readonly writer: number;
}

/** The free pipes of this environment; each worker has its own. */
const free: Pipe[] = [];
let users = 0;

/** Begins the use of the pool. Call {@link leavePipes} once at its end. */
export function usePipes(): void {
  users += 1;
}

/** Ends the use of the pool: the last one closes what it holds. */
export function leavePipes(): void {
  users -= 1;
  if (users > 0) return;
  for (const pipe of free.splice(0)) discardPipe(pipe);
}

/** Borrows an empty pipe. @returns undefined if there is no fd left for one */
export function takePipe(): Pipe | undefined {
  return free.pop() ?? openPipe();
}

/** Returns a pipe that is empty again. */
export function givePipe(pipe: Pipe): void {
  if (users > 0 && free.length < MAX_FREE) free.push(pipe);
  else discardPipe(pipe);
}

/** Closes a pipe, with the bytes in it. */
export function discardPipe({ reader, writer }: Pipe): void {
  native.close(reader);
  native.close(writer);
}

function openPipe(): Pipe | undefined {
  try {
    const [reader, writer] = native.pipe(true);
    enlarge(reader);
    return { reader, writer };
  } catch (error) {
    if (hasCode(error, 'EMFILE') || hasCode(error, 'ENFILE') || hasCode(error, 'ENOMEM')) return undefined;
    throw error;
  }
}

/**
 * A small pipe is enough if it cannot be enlarged: a user with many large pipes is refused another one (pipe(7)), and a
 * filter of system calls may refuse the command.
 */
function enlarge(fd: number): void {
  try {
    native.fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
  } catch {
    // It stays as it is.
  }
}
