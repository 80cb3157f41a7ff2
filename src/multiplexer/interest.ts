/** The interest of a registration: reading, writing, priority data. */
import { checkBoolean, checkOneOf, checkOptions, type OptionNames } from '../arguments.js';
import { invalidArgType, outOfRange } from '../errors.js';
import { POLLIN, POLLOUT, POLLPRI, POLLRDHUP } from '../readiness/constants.js';

/** Interest in several kinds of readiness at once. An omitted kind is not asked for. */
export interface InterestSet {
  readonly read?: boolean | undefined;
  readonly write?: boolean | undefined;
  readonly priority?: boolean | undefined;
}

/** The usual interests by name. `'priority'` is out-of-band data and the like. */
export type InterestName = 'read' | 'write' | 'read-write' | 'priority';

/** The kinds of readiness to report. */
export type Interest = InterestName | InterestSet;

/** An interest as bits of POLLIN, POLLPRI and POLLOUT. Never 0: to want nothing, pause. */
export type InterestMask = number;

const MASK_OF_NAME: Readonly<Record<InterestName, InterestMask>> = {
  read: POLLIN,
  write: POLLOUT,
  'read-write': POLLIN | POLLOUT,
  priority: POLLPRI,
};

const NAMES = ['read', 'write', 'read-write', 'priority'] as const satisfies readonly InterestName[];

const EXPECTED = "'read', 'write', 'read-write', 'priority' or an object of read, write and priority";

const INTERESTS: OptionNames<InterestSet> = { read: true, write: true, priority: true };

/**
 * @throws ERR_INVALID_ARG_TYPE, ERR_UNKNOWN_OPTION, or ERR_OUT_OF_RANGE for an unknown name and for no interest at all
 */
export function toInterestMask(interest: Interest, name = 'interest'): InterestMask {
  if (typeof interest === 'string') {
    checkOneOf(interest, name, NAMES);
    return MASK_OF_NAME[interest];
  }
  // Such as a mask of epoll: the names are what one has to know.
  if (typeof interest !== 'object') throw invalidArgType(name, EXPECTED, interest);
  checkOptions(interest, name, INTERESTS);
  const { read = false, write = false, priority = false } = interest;
  checkBoolean(read, `${name}.read`);
  checkBoolean(write, `${name}.write`);
  checkBoolean(priority, `${name}.priority`);
  const mask = (read ? POLLIN : 0) | (write ? POLLOUT : 0) | (priority ? POLLPRI : 0);
  if (mask === 0) throw outOfRange(name, 'at least one of read, write and priority (to want nothing, pause)', interest);
  return mask;
}

/** Returns the events to ask poll(2) for. POLLRDHUP distinguishes the end of a stream from data. */
export function toPollEvents(mask: InterestMask): number {
  return (mask & POLLIN) === 0 ? mask : mask | POLLRDHUP;
}

/** Returns the name of an interest, or the set if the combination has none. */
export function fromInterestMask(mask: InterestMask): Interest {
  const known = NAMES.find((candidate) => MASK_OF_NAME[candidate] === mask);
  return known ?? { read: (mask & POLLIN) !== 0, write: (mask & POLLOUT) !== 0, priority: (mask & POLLPRI) !== 0 };
}
