/** Gives a socket a local address: bind(2). */
import { native } from '../binding/load.js';
import { type AddressInput, encodeAddress } from './address.js';
import { namingAddress } from './named-error.js';

/** The error names the address. */
export function bindTo(fd: number, address: AddressInput): void {
  const raw = encodeAddress(address);
  try {
    native.bind(fd, raw);
  } catch (error) {
    throw namingAddress(error, address);
  }
}
