/** Accesses to files that can be waited for and, on request, refused: fanotify(7). */
import { constants } from 'node:fs';
import { checkInteger, checkOneOf, checkOptions, MAX_INT32, MAX_UINT32, type OptionNames } from '../arguments.js';
import { WOULD_BLOCK } from '../binding/contract.js';
import { native } from '../binding/load.js';
import { invalidArgType } from '../errors.js';
import { OpenFd } from '../readiness/open-fd.js';
import { readBytes } from './blocking-io.js';
import { FANOTIFY } from './kernel-constants.js';
import { withPath } from './named-error.js';
import { OwnedFd } from './owned-fd.js';
import { type PathInput, toPathBytes } from './path.js';
import { receiveBuffer } from './receive-buffer.js';
import { structBytes } from './struct-bytes.js';

/** Options of {@link Fanotify}. */
export interface FanotifyOptions {
  /**
   * `FAN_CLASS_` and `FAN_REPORT_` constants: the contents of events, and whether accesses can be refused. Default:
   * `FAN_CLASS_NOTIF`, events with an fd of the file.
   */
  readonly flags?: number | undefined;
  /** How the files of events are opened: `O_RDONLY`, `O_RDWR`, `O_LARGEFILE` ... Default: `O_RDONLY`. */
  readonly eventFlags?: number | undefined;
}

/** A file or folder by its handle, which open_by_handle_at(2) opens. */
export interface FanotifyFile {
  /**
   * `file`: the object of the event. `folder`: its folder, or the folder itself. The other two: the ends of a rename.
   */
  readonly kind: 'file' | 'folder' | 'old-folder' | 'new-folder';
  /** The file system, as statfs(2) names it: 8 bytes. */
  readonly fileSystem: Buffer;
  readonly handleType: number;
  readonly handle: Buffer;
  /** The entry in the folder; '.' for the folder itself, `null` if the record has no name. */
  readonly name: string | null;
  /** The same as bytes. */
  readonly nameBytes: Buffer | null;
}

/** One more fact about an event. The flags of the instance decide which facts there are. */
export type FanotifyRecord =
  | FanotifyFile
  /** `FAN_REPORT_PIDFD`. `fd` is yours to close, by `PidFd.fromFd`; `null` if the process has ended. */
  | { readonly kind: 'pidfd'; readonly fd: number | null }
  /** `FAN_FS_ERROR`: the first errno of the file system since the last report, and how many errors there were. */
  | { readonly kind: 'error'; readonly errno: number; readonly count: number }
  /** Another type of record, without its header. */
  | { readonly kind: 'raw'; readonly type: number; readonly data: Buffer };

/** One access, or several to the same file that the kernel has merged. */
export interface FanotifyEvent {
  /** The events: `FAN_` constants, with `FAN_ONDIR` if it is about a folder. `FAN_Q_OVERFLOW`: events were lost. */
  readonly mask: number;
  /** The file, open and **yours to close**; `null` with `FAN_REPORT_FID` and the like, and with `FAN_Q_OVERFLOW`. */
  readonly fd: number | null;
  /** The originator: a process, or a thread with `FAN_REPORT_TID`. 0 outside this process's namespace. */
  readonly pid: number;
  readonly records: readonly FanotifyRecord[];
}

/** Whether an access that waits for permission may go on. */
export type FanotifyAnswer = 'allow' | 'deny';

const OPTIONS: OptionNames<FanotifyOptions> = { flags: true, eventFlags: true };
/** Without the fields that are not in every version: struct fanotify_event_metadata. */
const METADATA_BYTES = 24;
/** struct fanotify_event_info_header, and the rest of a record with a file. */
const RECORD_HEADER_BYTES = 4;
const FILE_SYSTEM_BYTES = 8;
const HANDLE_HEADER_BYTES = 8;
/** struct fanotify_response: the fd, then the answer. */
const RESPONSE_BYTES = 8;
const READ_BYTES = 64 * 1024;

const ANSWERS = ['allow', 'deny'] as const;
const RESPONSES: Readonly<Record<FanotifyAnswer, number>> = { allow: FANOTIFY.FAN_ALLOW, deny: FANOTIFY.FAN_DENY };

const FILE_KINDS: ReadonlyMap<number, FanotifyFile['kind']> = new Map([
  [FANOTIFY.FAN_EVENT_INFO_TYPE_FID, 'file'],
  [FANOTIFY.FAN_EVENT_INFO_TYPE_DFID, 'folder'],
  [FANOTIFY.FAN_EVENT_INFO_TYPE_DFID_NAME, 'folder'],
  [FANOTIFY.FAN_EVENT_INFO_TYPE_OLD_DFID_NAME, 'old-folder'],
  [FANOTIFY.FAN_EVENT_INFO_TYPE_NEW_DFID_NAME, 'new-folder'],
]);

/**
 * A fanotify instance, non-blocking and close-on-exec: readable while it has events. Most of it needs `CAP_SYS_ADMIN`;
 * since Linux 5.13 an instance with `FAN_REPORT_FID` can watch single files and folders without.
 *
 * An access that waits for permission waits for this process. If you mark objects that this process uses itself, it may
 * wait for its own answer. Closing the instance allows all that wait.
 */
export class Fanotify extends OwnedFd {
  /**
   * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EPERM (lacks a capability), EINVAL (flags that exclude each other
   *   or are newer than the kernel), EMFILE (also of fs.fanotify.max_user_groups), ENOSYS
   */
  constructor(options: FanotifyOptions = {}) {
    checkOptions(options, 'options', OPTIONS);
    const { flags = FANOTIFY.FAN_CLASS_NOTIF, eventFlags = constants.O_RDONLY } = options;
    checkInteger(flags, 'options.flags', 0, MAX_UINT32);
    checkInteger(eventFlags, 'options.eventFlags', 0, MAX_UINT32);
    super(new OpenFd(native.fanotify(flags, eventFlags)), 'Fanotify', 'the fanotify instance');
  }

  /**
   * Watches a file, a folder, a mount or a file system, or watches for more of it: fanotify_mark(2).
   *
   * @param mask the `FAN_` constants wanted; `FAN_EVENT_ON_CHILD` includes the files in a folder, `FAN_ONDIR` folders.
   *   Default: `FAN_ALL_EVENTS`, which are accesses, changes, opens and closes
   * @param flags `FAN_MARK_MOUNT` or `FAN_MARK_FILESYSTEM` for all of it, `FAN_MARK_IGNORE` ... Default: 0, this file
   *   or folder alone
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EINVAL (an event that this instance cannot report),
   *   ENOENT, EPERM, ENODEV, EXDEV, EOPNOTSUPP (the file system has no handles), ENOSPC
   */
  add(path: PathInput, mask: number = FANOTIFY.FAN_ALL_EVENTS, flags = 0): void {
    this.#mark(FANOTIFY.FAN_MARK_ADD, path, mask, flags);
  }

  /**
   * Stops watching for some or all of the events that {@link add} named.
   *
   * @param mask the events to stop watching for. Default: `FAN_ALL_EVENTS`
   * @param flags as they were added
   * @throws as {@link add}; ENOENT also if it is not watched
   */
  remove(path: PathInput, mask: number = FANOTIFY.FAN_ALL_EVENTS, flags = 0): void {
    this.#mark(FANOTIFY.FAN_MARK_REMOVE, path, mask, flags);
  }

  /**
   * Stops watching everything of one scope.
   *
   * @param flags `FAN_MARK_MOUNT` for all mounts, `FAN_MARK_FILESYSTEM` for all file systems. Default: 0, all files and
   *   folders that were named
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; EINVAL
   */
  flush(flags = 0): void {
    this.#mark(FANOTIFY.FAN_MARK_FLUSH, '/', 0, flags);
  }

  #mark(command: number, path: PathInput, mask: number, flags: number): void {
    const fd = this.fd;
    const bytes = toPathBytes(path, 'path');
    checkInteger(mask, 'mask', 0, MAX_UINT32);
    checkInteger(flags, 'flags', 0, MAX_INT32);
    withPath(bytes, () => {
      native.fanotifyMark(fd, flags | command, mask, bytes);
    });
  }

  /**
   * Takes the pending events, up to some 2,700 at a time. It opens their files, and you close them.
   *
   * @returns at least one; `null` if there is none
   * @throws ERR_CLOSED; EMFILE, ENFILE, ETXTBSY, EACCES ... if the file of the first event cannot be opened: that event
   *   is lost, and if it waited for permission, the access fails with EPERM
   */
  read(): FanotifyEvent[] | null {
    const buffer = receiveBuffer(READ_BYTES);
    const count = readBytes(this.fd, buffer, 0, READ_BYTES);
    return count === WOULD_BLOCK ? null : parseFanotifyEvents(buffer.subarray(0, count));
  }

  /**
   * Answers an event of `FAN_OPEN_PERM`, `FAN_ACCESS_PERM` or `FAN_OPEN_EXEC_PERM`. Its fd stays open.
   *
   * @param event as {@link read} returned it, or its fd
   * @param answer 'deny' lets the access fail with EPERM
   * @throws ERR_CLOSED, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ENOENT if it does not wait for an answer
   */
  respond(event: FanotifyEvent | number, answer: FanotifyAnswer): void {
    const fd = this.fd;
    const file = typeof event === 'number' ? event : fileOf(event);
    checkInteger(file, 'event', 0, MAX_INT32);
    checkOneOf(answer, 'answer', ANSWERS);
    const response = Buffer.alloc(RESPONSE_BYTES);
    response.writeInt32LE(file, 0);
    response.writeUInt32LE(RESPONSES[answer], 4);
    native.write(fd, response, 0, response.length);
  }
}

/** The fd of an event, also from an untyped caller. */
function fileOf(event: unknown): unknown {
  const isEvent = typeof event === 'object' && event !== null;
  const fd: unknown = isEvent ? Reflect.get(event, 'fd') : undefined;
  if (typeof fd !== 'number') throw invalidArgType('event', 'an event with an fd, or its fd', event);
  return fd;
}

/** Reads whole events; an incomplete one at the end is left out. Names and handles are copied. */
export function parseFanotifyEvents(bytes: Uint8Array): FanotifyEvent[] {
  const buffer = structBytes(bytes);
  const events: FanotifyEvent[] = [];
  let start = 0;
  while (buffer.length - start >= METADATA_BYTES) {
    const end = start + buffer.readUInt32LE(start);
    const firstRecord = start + buffer.readUInt16LE(start + 6);
    if (end > buffer.length || end < start + METADATA_BYTES) break;
    const fd = buffer.readInt32LE(start + 16);
    events.push({
      mask: Number(buffer.readBigUInt64LE(start + 8)),
      fd: fd < 0 ? null : fd,
      pid: buffer.readInt32LE(start + 20),
      records: parseRecords(buffer.subarray(firstRecord, end)),
    });
    start = end;
  }
  return events;
}

function parseRecords(bytes: Buffer): FanotifyRecord[] {
  const records: FanotifyRecord[] = [];
  let start = 0;
  while (bytes.length - start >= RECORD_HEADER_BYTES) {
    const end = start + bytes.readUInt16LE(start + 2);
    if (end > bytes.length || end < start + RECORD_HEADER_BYTES) break;
    records.push(parseRecord(bytes.readUInt8(start), bytes.subarray(start + RECORD_HEADER_BYTES, end)));
    start = end;
  }
  return records;
}

/** A record that is too short for its type is returned as a raw one. */
function parseRecord(type: number, data: Buffer): FanotifyRecord {
  const kind = FILE_KINDS.get(type);
  const file = kind === undefined ? null : parseFile(kind, data);
  if (file !== null) return file;
  if (type === FANOTIFY.FAN_EVENT_INFO_TYPE_PIDFD && data.length >= 4) {
    const fd = data.readInt32LE(0);
    return { kind: 'pidfd', fd: fd < 0 ? null : fd };
  }
  if (type === FANOTIFY.FAN_EVENT_INFO_TYPE_ERROR && data.length >= 8) {
    return { kind: 'error', errno: data.readInt32LE(0), count: data.readUInt32LE(4) };
  }
  return { kind: 'raw', type, data: Buffer.from(data) };
}

function parseFile(kind: FanotifyFile['kind'], data: Buffer): FanotifyFile | null {
  const start = FILE_SYSTEM_BYTES + HANDLE_HEADER_BYTES;
  if (data.length < start) return null;
  const end = start + data.readUInt32LE(FILE_SYSTEM_BYTES);
  if (end > data.length) return null;
  const nameBytes = nameAt(data, end);
  return {
    kind,
    fileSystem: Buffer.from(data.subarray(0, FILE_SYSTEM_BYTES)),
    handleType: data.readInt32LE(FILE_SYSTEM_BYTES + 4),
    handle: Buffer.from(data.subarray(start, end)),
    name: nameBytes === null ? null : nameBytes.toString(),
    nameBytes,
  };
}

/** The name behind a handle ends at a NUL. Without one, only padding follows. */
function nameAt(data: Buffer, start: number): Buffer | null {
  const end = data.indexOf(0, start);
  return end > start ? Buffer.from(data.subarray(start, end)) : null;
}
