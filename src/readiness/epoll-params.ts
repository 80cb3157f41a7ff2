/** `struct epoll_params`: how an epoll instance polls the network before it sleeps. */
import { checkBoolean, checkInteger, checkOptions, MAX_INT32, type OptionNames } from '../arguments.js';

/** The busy-polling parameters of an epoll instance, see ioctl_eventpoll(2). All are off (0, 0, false) at first. */
export interface EpollParams {
  /** How many microseconds to poll the network before sleeping, 0 to 2^31-1; 0 turns it off. */
  readonly busyPollUsecs: number;
  /** How many packets to take per poll, 0 to 65535; more than 64 needs CAP_NET_ADMIN. */
  readonly busyPollBudget: number;
  /** Whether busy polling keeps the device's interrupts off. */
  readonly preferBusyPoll: boolean;
}

const PARAMS: OptionNames<EpollParams> = { busyPollUsecs: true, busyPollBudget: true, preferBusyPoll: true };

/** The request numbers, the same on x64 and arm64: they encode direction, size (8), type (0x8a) and number. */
export const EPIOCSPARAMS = 0x4008_8a01;
export const EPIOCGPARAMS = 0x8008_8a02;

/** __u32 usecs, __u16 budget, __u8 prefer, __u8 padding that must be 0. */
export const PARAMS_BYTES = 8;

const USECS_AT = 0;
const BUDGET_AT = 4;
const PREFER_AT = 6;

/** Every platform that fdmux is built for is little-endian. */
const LITTLE_ENDIAN = true;

/** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
export function packParams(params: EpollParams): Uint8Array {
  checkOptions(params, 'params', PARAMS);
  const { busyPollUsecs, busyPollBudget, preferBusyPoll } = params;
  checkInteger(busyPollUsecs, 'params.busyPollUsecs', 0, MAX_INT32);
  checkInteger(busyPollBudget, 'params.busyPollBudget', 0, 0xffff);
  checkBoolean(preferBusyPoll, 'params.preferBusyPoll');
  const view = new DataView(new ArrayBuffer(PARAMS_BYTES));
  view.setUint32(USECS_AT, busyPollUsecs, LITTLE_ENDIAN);
  view.setUint16(BUDGET_AT, busyPollBudget, LITTLE_ENDIAN);
  view.setUint8(PREFER_AT, preferBusyPoll ? 1 : 0);
  return new Uint8Array(view.buffer);
}

export function unpackParams(bytes: Uint8Array): EpollParams {
  const view = new DataView(bytes.buffer, bytes.byteOffset, PARAMS_BYTES);
  return {
    busyPollUsecs: view.getUint32(USECS_AT, LITTLE_ENDIAN),
    busyPollBudget: view.getUint16(BUDGET_AT, LITTLE_ENDIAN),
    preferBusyPoll: view.getUint8(PREFER_AT) !== 0,
  };
}
