/** The signs of life that a process sends which takes over, while another one waits for it. */
import { performance } from 'node:perf_hooks';

/** The time between two of them, in milliseconds. */
export const SIGN_MS = 500;
/**
 * The processor time of all threads in such an interval, in milliseconds. A process that only waits takes half of one,
 * and some 15 when it clears its memory up; one that works gets more on a crowded machine, too.
 */
const BUSY_MS = 50;

/** It begins when it is made. */
export class Pulse {
  readonly #send: (work: number) => void;
  readonly #timer: NodeJS.Timeout;
  #usage = process.resourceUsage();
  #sentMs = performance.now();
  #work = 0;

  /** @param send - sends a sign of life: how much work has been done so far, a number that grows with it */
  constructor(send: (work: number) => void) {
    this.#send = send;
    this.#timer = setInterval(() => {
      this.#beat();
    }, SIGN_MS).unref();
    send(this.#work);
  }

  /** Counts a step. A task of many steps leaves a timer no turn, so this sends a sign of life if one is due. */
  step(): void {
    this.#work += 1;
    if (performance.now() - this.#sentMs >= SIGN_MS) this.#beat();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    if (this.#isWorking()) this.#work += 1;
    this.#sentMs = performance.now();
    this.#send(this.#work);
  }

  /** Whether it is in a long step, such as a look through a large store in another thread. */
  #isWorking(): boolean {
    const before = this.#usage;
    const now = process.resourceUsage();
    this.#usage = now;
    const computedMs = (now.userCPUTime - before.userCPUTime + now.systemCPUTime - before.systemCPUTime) / 1000;
    // A slow disk leaves the processor little to do.
    return computedMs >= BUSY_MS || now.fsRead > before.fsRead || now.fsWrite > before.fsWrite;
  }
}
