/** The events that an fd that is served waits for, as they change. */
import type { InterestSet } from '../multiplexer/interest.js';
import type { Registration } from '../multiplexer/registration.js';

/** Asks the kernel for the events that are wanted now. A registration that wants nothing rests. @throws ENOMEM */
export function watchFor<T>(registration: Registration<T>, interest: InterestSet): void {
  if (interest.read !== true && interest.write !== true) {
    registration.pause();
    return;
  }
  registration.modify({ interest });
  registration.resume();
}
