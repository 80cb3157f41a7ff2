/** Bytes that move from one fd to another within the kernel: splice(2), tee(2), sendfile(2). */
import { checkInteger, checkOptions, type FdLike, MAX_INT32, type OptionNames, toFd } from '../arguments.js';
import { WOULD_BLOCK } from '../binding/contract.js';
import { native } from '../binding/load.js';

/** Options of {@link splice}. */
export interface SpliceOptions {
  /** The position to read at in a file, in bytes, from 0 to 2^53-1. Default: at the file's own position, which moves */
  readonly fromPosition?: number | undefined;
  /** The position to write at in a file, likewise. */
  readonly toPosition?: number | undefined;
}

/** Options of {@link sendFile}. */
export type SendFileOptions = Pick<SpliceOptions, 'fromPosition'>;

const SPLICE_OPTIONS: OptionNames<SpliceOptions> = { fromPosition: true, toPosition: true };
const SEND_FILE_OPTIONS: OptionNames<SendFileOptions> = { fromPosition: true };
/** No call here waits for a pipe. */
const SPLICE_F_NONBLOCK = 2;
/** For the addon: the fd's own position. */
const OWN_POSITION = -1;

/**
 * Moves bytes between two fds of which at least one is a pipe: splice(2). A pipe is never waited for; any other fd is
 * if it is in blocking mode.
 *
 * @param maxBytes from 0 to 2^31-1
 * @returns how many bytes were moved, 0 at the end; `null` if nothing is there or the target is full
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION; EINVAL (no pipe, or a file that cannot), EPIPE,
 *   EBADF, ESPIPE (a position in a pipe)
 */
export function splice(from: FdLike, to: FdLike, maxBytes: number, options: SpliceOptions = {}): number | null {
  const [source, target] = readEnds(from, to, maxBytes);
  checkOptions(options, 'options', SPLICE_OPTIONS);
  const fromPosition = readPosition(options.fromPosition, 'options.fromPosition');
  const toPosition = readPosition(options.toPosition, 'options.toPosition');
  return countOrNull(native.splice(source, target, maxBytes, fromPosition, toPosition, SPLICE_F_NONBLOCK));
}

/**
 * Copies bytes from one pipe to another, and leaves them in the first: tee(2). It never waits.
 *
 * @param maxBytes from 0 to 2^31-1
 * @returns how many bytes were copied, 0 at the end; `null` if nothing is there or the target is full
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EINVAL (no pipe, or the same one twice), EBADF
 */
export function tee(from: FdLike, to: FdLike, maxBytes: number): number | null {
  const [source, target] = readEnds(from, to, maxBytes);
  return countOrNull(native.tee(source, target, maxBytes, OWN_POSITION, OWN_POSITION, SPLICE_F_NONBLOCK));
}

/**
 * Sends a part of a file to a socket or any other fd: sendfile(2).
 *
 * @param to in blocking mode, it is waited for
 * @param maxBytes from 0 to 2^31-1
 * @returns how many bytes were sent, 0 at the end of the file; `null` if the target is full
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE, ERR_UNKNOWN_OPTION; EINVAL (`from` cannot be mapped), EPIPE, EBADF
 */
export function sendFile(from: FdLike, to: FdLike, maxBytes: number, options: SendFileOptions = {}): number | null {
  const [source, target] = readEnds(from, to, maxBytes);
  checkOptions(options, 'options', SEND_FILE_OPTIONS);
  const fromPosition = readPosition(options.fromPosition, 'options.fromPosition');
  return countOrNull(native.sendfile(source, target, maxBytes, fromPosition, OWN_POSITION, 0));
}

function readEnds(from: FdLike, to: FdLike, maxBytes: number): [number, number] {
  const ends: [number, number] = [toFd(from, 'from'), toFd(to, 'to')];
  checkInteger(maxBytes, 'maxBytes', 0, MAX_INT32);
  return ends;
}

function readPosition(position: number | undefined, name: string): number {
  if (position === undefined) return OWN_POSITION;
  checkInteger(position, name, 0, Number.MAX_SAFE_INTEGER);
  return position;
}

function countOrNull(count: number): number | null {
  return count === WOULD_BLOCK ? null : count;
}
