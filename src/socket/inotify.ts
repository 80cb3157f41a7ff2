/** Changes of files that can be waited for: inotify(7). */
import { checkInteger, MAX_INT32, MAX_UINT32 } from '../arguments.js';
import { WOULD_BLOCK } from '../binding/contract.js';
import { native } from '../binding/load.js';
import { OpenFd } from '../readiness/open-fd.js';
import { readBytes } from './blocking-io.js';
import { IN_ALL_EVENTS } from './constants.js';
import { withPath } from './named-error.js';
import { OwnedFd } from './owned-fd.js';
import { type PathInput, toPathBytes } from './path.js';
import { receiveBuffer } from './receive-buffer.js';

/** One change. */
export interface InotifyEvent {
  /** The watch that saw it; -1 with `IN_Q_OVERFLOW`: events were lost. */
  readonly watch: number;
  /** The event: one of the `IN_` constants, with `IN_ISDIR` if it happened to a folder. */
  readonly mask: number;
  /** The same for the `IN_MOVED_FROM` and the `IN_MOVED_TO` of one move; else 0. */
  readonly cookie: number;
  /** The file within a watched folder; empty if it is about the watched file itself. */
  readonly name: string;
  /** The same as bytes. */
  readonly nameBytes: Buffer;
}

/** `struct inotify_event` without the name. */
const HEADER_BYTES = 16;
const READ_BYTES = 64 * 1024;

/** An inotify instance, non-blocking and close-on-exec: readable while it has events. */
export class Inotify extends OwnedFd {
  /** @throws EMFILE (also of fs.inotify.max_user_instances), ENFILE */
  constructor() {
    super(new OpenFd(native.inotify()), 'Inotify', 'the inotify instance');
  }

  /**
   * Watches a file or folder, or changes the events that it is watched for: inotify_add_watch(2).
   *
   * @param mask the `IN_` constants wanted; default: `IN_ALL_EVENTS`
   * @returns the watch, as it is named in events; the same one for the same file
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ENOENT, EACCES, EINVAL (nothing in `mask`), ENOSPC
   */
  add(path: PathInput, mask: number = IN_ALL_EVENTS): number {
    const fd = this.fd;
    const bytes = toPathBytes(path, 'path');
    checkInteger(mask, 'mask', 0, MAX_UINT32);
    return withPath(bytes, () => native.inotifyAdd(fd, bytes, mask));
  }

  /**
   * Ends a watch: inotify_rm_watch(2). Its last event is `IN_IGNORED`.
   *
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EINVAL (no such watch)
   */
  remove(watch: number): void {
    const fd = this.fd;
    checkInteger(watch, 'watch', 0, MAX_INT32);
    native.inotifyRemove(fd, watch);
  }

  /**
   * Takes the pending events, some 60 to 4,000 of them at a time.
   *
   * @returns at least one; `null` if there is none
   * @throws ERR_CLOSED
   */
  read(): InotifyEvent[] | null {
    const buffer = receiveBuffer(READ_BYTES);
    const count = readBytes(this.fd, buffer, 0, READ_BYTES);
    return count === WOULD_BLOCK ? null : parseInotifyEvents(buffer.subarray(0, count));
  }
}

/** Reads whole `struct inotify_event`s; an incomplete one at the end is left out. The names are copied. */
export function parseInotifyEvents(bytes: Uint8Array): InotifyEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const events: InotifyEvent[] = [];
  let position = 0;
  while (bytes.byteLength - position >= HEADER_BYTES) {
    const start = position + HEADER_BYTES;
    const end = start + view.getUint32(position + 12, true);
    if (end > bytes.byteLength) break;
    const padded = bytes.subarray(start, end);
    const length = padded.indexOf(0);
    const nameBytes = Buffer.from(length < 0 ? padded : padded.subarray(0, length));
    events.push({
      watch: view.getInt32(position, true),
      mask: view.getUint32(position + 4, true),
      cookie: view.getUint32(position + 8, true),
      name: nameBytes.toString(),
      nameBytes,
    });
    position = end;
  }
  return events;
}
