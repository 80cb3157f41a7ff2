/** Recognizes addresses that only this machine can reach. */
import { isIP } from 'node:net';

/** @param host - an address, or `localhost` */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
