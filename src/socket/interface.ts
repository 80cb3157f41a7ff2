/** Network interfaces by name and number: if_nametoindex(3). */
import { checkInteger, checkString, MAX_INT32 } from '../arguments.js';
import { native } from '../binding/load.js';
import { naming } from '../errors.js';
import { escapeName } from './unix-name.js';

/**
 * @param name 'eth0', at most 15 bytes
 * @returns its number, at least 1
 * @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE; ENODEV (no such interface)
 */
export function ifNameToIndex(name: string): number {
  checkString(name, 'name');
  try {
    return native.ifNameToIndex(name);
  } catch (error) {
    throw naming(error, `'${escapeName(name)}'`);
  }
}

/**
 * @param index at least 1
 * @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE; ENXIO (no such interface)
 */
export function ifIndexToName(index: number): string {
  checkInteger(index, 'index', 0, MAX_INT32);
  return native.ifIndexToName(index);
}

/**
 * Reads an interface that is given by its name or its number; 0 stands for all, or any.
 *
 * @throws ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE; ENODEV (no such interface)
 */
export function toInterfaceIndex(through: unknown, name: string): number {
  if (typeof through === 'string') return ifNameToIndex(through);
  checkInteger(through, name, 0, MAX_INT32);
  return through;
}
