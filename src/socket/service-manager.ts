/**
 * Resources that a service manager gives a service through the environment: a socket to report its state to, a
 * watchdog, and open fds: sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3).
 */
import {
  checkArray,
  checkBoolean,
  checkOptions,
  checkString,
  type FdLike,
  MAX_INT32,
  type OptionNames,
  toFd,
  toTimeoutMs,
} from '../arguments.js';
import { native } from '../binding/load.js';
import { outOfRange, systemError } from '../errors.js';
import { environmentVariable, removeEnvironmentVariable } from '../runtime.js';
import type { AddressInput } from './address.js';
import { F_SETFD } from './constants.js';
import { Socket } from './socket.js';

/** Options of {@link sdNotify}. */
export interface SdNotifyOptions {
  /** Whether to remove `NOTIFY_SOCKET` from the environment, so that no child inherits it. Default: false. */
  readonly unsetEnvironment?: boolean | undefined;
  /** Fds for the manager to keep, with the state `FDSTORE=1`. They stay open here. Default: none. */
  readonly fds?: readonly FdLike[] | undefined;
  /**
   * How long to block while the manager does not read, in milliseconds at least 0; `null` is for ever. Default: 5,000.
   */
  readonly timeoutMs?: number | null | undefined;
}

/** Options of {@link listenFds}. */
export interface ListenFdsOptions {
  /** Whether to remove the variables from the environment: a second call then returns no fds. Default: false. */
  readonly unsetEnvironment?: boolean | undefined;
}

/** An fd that the service manager has opened. */
export interface ListenFd {
  readonly fd: number;
  /** `FileDescriptorName=` of the socket unit, by default the unit's name; `'unknown'` if the manager gave no names. */
  readonly name: string;
}

const SD_NOTIFY_OPTIONS: OptionNames<SdNotifyOptions> = { unsetEnvironment: true, fds: true, timeoutMs: true };
const LISTEN_FDS_OPTIONS: OptionNames<ListenFdsOptions> = { unsetEnvironment: true };
const LISTEN_VARIABLES = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES'] as const;

/** The first fd behind the standard streams. */
const LISTEN_FDS_START = 3;
const FD_CLOEXEC = 1;
const NOTIFY_TIMEOUT_MS = 5000;
/** A timer of Node.js takes no more. */
const MAX_INTERVAL_MS = MAX_INT32;

/**
 * Reports the state of this service to its manager: one datagram to the unix socket that `NOTIFY_SOCKET` names, by a
 * path or, behind an `@`, in the abstract namespace: sd_notify(3).
 *
 * @param state assignments, one a line: `'READY=1'`, `'STOPPING=1'`, `'WATCHDOG=1'`, `'STATUS=12 members'` ...
 * @returns false if there is no `NOTIFY_SOCKET`: nothing was sent, since no manager waits for it
 * @throws ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_OPTION; ERR_OUT_OF_RANGE if the state is empty or the name longer than 107
 *   bytes; EAFNOSUPPORT (`NOTIFY_SOCKET` is no name of a unix socket), ENOENT, ECONNREFUSED (no manager has the socket
 *   open), EACCES, EMSGSIZE, EBADF (an fd of `fds`), ETIMEDOUT
 */
export function sdNotify(state: string, options: SdNotifyOptions = {}): boolean {
  checkString(state, 'state');
  if (state === '') throw outOfRange('state', 'an assignment such as READY=1', state);
  checkOptions(options, 'options', SD_NOTIFY_OPTIONS);
  const { unsetEnvironment = false, fds = [], timeoutMs = NOTIFY_TIMEOUT_MS } = options;
  checkBoolean(unsetEnvironment, 'options.unsetEnvironment');
  checkArray(fds, 'options.fds');
  const numbers = fds.map((fd) => toFd(fd, 'options.fds'));
  toTimeoutMs(timeoutMs, 'options.timeoutMs');

  const name = environmentVariable('NOTIFY_SOCKET');
  if (unsetEnvironment) removeEnvironmentVariable('NOTIFY_SOCKET');
  if (name === undefined || name === '') return false;
  const address = notifyAddress(name);
  const socket = Socket.create({ family: 'unix', type: 'dgram' });
  try {
    // A socket that is connected counts as writable only while its receiver has room.
    socket.connect(address);
    socket.setTimeout(timeoutMs);
    const sent = socket.sendMsg(state, { control: numbers.length === 0 ? [] : [{ kind: 'rights', fds: numbers }] });
    if (sent === null) throw systemError('ETIMEDOUT', 'sendmsg', 'the service manager does not read');
  } finally {
    socket.close();
  }
  return true;
}

function notifyAddress(name: string): AddressInput {
  if (name.startsWith('@')) return { family: 'unix', abstract: name.slice(1) };
  if (name.startsWith('/')) return { family: 'unix', path: name };
  throw systemError('EAFNOSUPPORT', 'sd_notify', 'NOTIFY_SOCKET names no unix socket');
}

/**
 * How often this service has to send `WATCHDOG=1` by {@link sdNotify}: half of the time after which the manager ends
 * it, as sd_watchdog_enabled(3) recommends.
 *
 * @returns milliseconds, for `setInterval`; `null` if the manager does not watch this process
 * @throws ERR_OUT_OF_RANGE if `WATCHDOG_USEC` or `WATCHDOG_PID` is no number above 0
 */
export function sdWatchdogIntervalMs(): number | null {
  const microseconds = environmentNumber('WATCHDOG_USEC');
  const pid = environmentNumber('WATCHDOG_PID');
  if (microseconds === null || (pid !== null && pid !== process.pid)) return null;
  return Math.min(Math.max(1, Math.floor(microseconds / 2000)), MAX_INTERVAL_MS);
}

/**
 * Takes the fds that the service manager has opened for this process, numbered 3 and up, and makes them close-on-exec:
 * sd_listen_fds(3). `listen({ fd })` serves one that listens; `Socket.fromFd` and `Descriptor.fromFd` wrap any.
 *
 * The variables are meant for one process: if `LISTEN_PID` is another's, there are no fds.
 *
 * @returns the fds in the manager's order, each with its name; empty if there are none
 * @throws ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_OPTION; ERR_OUT_OF_RANGE if `LISTEN_PID` or `LISTEN_FDS` is no number above
 *   0, or `LISTEN_FDNAMES` names more fds or fewer; EBADF if an fd is not open
 */
export function listenFds(options: ListenFdsOptions = {}): ListenFd[] {
  checkOptions(options, 'options', LISTEN_FDS_OPTIONS);
  const { unsetEnvironment = false } = options;
  checkBoolean(unsetEnvironment, 'options.unsetEnvironment');
  try {
    return passedFds();
  } finally {
    if (unsetEnvironment) for (const variable of LISTEN_VARIABLES) removeEnvironmentVariable(variable);
  }
}

function passedFds(): ListenFd[] {
  if (environmentNumber('LISTEN_PID') !== process.pid) return [];
  const count = environmentNumber('LISTEN_FDS', MAX_INT32 - LISTEN_FDS_START);
  if (count === null) return [];
  const text = environmentVariable('LISTEN_FDNAMES');
  const names = text?.split(':');
  if (names !== undefined && names.length !== count) throw outOfRange('LISTEN_FDNAMES', `${count} names`, text);
  const found: ListenFd[] = [];
  for (let fd = LISTEN_FDS_START; fd < LISTEN_FDS_START + count; fd += 1) {
    native.fcntl(fd, F_SETFD, FD_CLOEXEC);
    found.push({ fd, name: names?.[found.length] ?? 'unknown' });
  }
  return found;
}

/** A number that the manager has set; `null` if it has set none. */
function environmentNumber(variable: string, max = Number.MAX_SAFE_INTEGER): number | null {
  const text = environmentVariable(variable);
  if (text === undefined) return null;
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw outOfRange(variable, `an integer from 1 to ${max}`, text);
  return value;
}
