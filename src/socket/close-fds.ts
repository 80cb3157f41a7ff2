/** Closing fds of which nothing else is wanted. */
import { Descriptor } from './descriptor.js';

/** Closes open fds, which belong to the caller. */
export function closeFds(fds: Iterable<number | { readonly fd: number }>): void {
  for (const each of fds) Descriptor.fromFd(typeof each === 'number' ? each : each.fd).close();
}
