/** Closes fds that nobody uses any more. */
import { Descriptor } from './descriptor.js';

/** Closes open fds, which belong to the caller. */
export function closeFds(fds: Iterable<number | { readonly fd: number }>): void {
  for (const each of fds) Descriptor.fromFd(typeof each === 'number' ? each : each.fd).close();
}
