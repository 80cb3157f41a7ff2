/** Ending a multiplexer's wait from another thread. */
import { checkObject } from '../arguments.js';
import { native } from '../binding/load.js';
import { invalidArgType } from '../errors.js';

/**
 * Lets another thread end a multiplexer's waits: post it there (it can be cloned, in `workerData`, too) and call {@link
 * wakeup}. Its contents are opaque.
 */
export interface WakeupToken {
  readonly fdmuxWakeup: SharedArrayBuffer;
}

/** The words of the shared memory: the eventfd or CLOSED, how many threads are using it, and a mark. */
const FD = 0;
const USERS = 1;
const MARK = 2;
const WORDS = 3;

const CLOSED = -1;
const MARK_VALUE = 0x66_64_6d_78;

/** How long closing waits for a thread that is about to write. One that takes longer has been terminated meanwhile. */
const MAX_USE_MS = 100;

const ONE = new Uint8Array(BigUint64Array.of(1n).buffer);

/** The multiplexer's side: an eventfd, with its number in memory that the threads share. */
export class WakeupSource {
  readonly fd: number;
  readonly token: WakeupToken;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #counter = new Uint8Array(8);

  constructor() {
    const memory = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT);
    this.#words = new Int32Array(memory);
    this.token = Object.freeze({ fdmuxWakeup: memory });
    this.fd = native.eventFd(0);
    // A terminated worker cannot close it; the end of its environment then does the same.
    native.shareFd(this.fd, this.#words);
    this.#words[MARK] = MARK_VALUE;
    Atomics.store(this.#words, FD, this.fd);
  }

  /** Forgets the wake-ups so far. */
  reset(): void {
    native.read(this.fd, this.#counter, 0, this.#counter.length);
  }

  /** Closes the eventfd once no thread is about to write to it: its number may be another file's right after. */
  close(): void {
    Atomics.store(this.#words, FD, CLOSED);
    for (;;) {
      const users = Atomics.load(this.#words, USERS);
      if (users === 0) break;
      if (Atomics.wait(this.#words, USERS, users, MAX_USE_MS) === 'timed-out') return;
    }
    native.close(this.fd);
  }
}

/**
 * Ends the wait of the multiplexer that issued this token, from any thread. Wake-ups are coalesced (many calls end one
 * wait), sticky (a wait that has not begun yet ends, too), and never reported as events.
 *
 * @returns false if that multiplexer is closed or its worker has ended
 * @throws ERR_INVALID_ARG_TYPE
 */
export function wakeup(token: WakeupToken): boolean {
  checkObject(token, 'token');
  const memory: unknown = token.fdmuxWakeup;
  if (!(memory instanceof SharedArrayBuffer) || memory.byteLength !== WORDS * Int32Array.BYTES_PER_ELEMENT) {
    throw invalidArgType('token', 'a wake-up token', token);
  }
  const words = new Int32Array(memory);
  if (words[MARK] !== MARK_VALUE) throw invalidArgType('token', 'a wake-up token', token);
  Atomics.add(words, USERS, 1);
  try {
    const fd = Atomics.load(words, FD);
    if (fd === CLOSED) return false;
    // With the counter at its maximum the write would block; the multiplexer wakes all the same.
    native.write(fd, ONE, 0, ONE.length);
    return true;
  } finally {
    Atomics.sub(words, USERS, 1);
    Atomics.notify(words, USERS);
  }
}
