/** The signs of life that a process sends which takes over, while another one waits for it. */
import { performance } from 'node:perf_hooks';

/** The time between two of them, in milliseconds. */
const INTERVAL_MS = 500;
/** The processor time of all threads in such an interval, in milliseconds. One that only waits takes a fifth of it. */
const BUSY_MS = 2;

/** It begins when it is made. */
export class Pulse {
  readonly #send: (work: number) => void;
  readonly #timer: NodeJS.Timeout;
  #usage = process.cpuUsage();
  #sentMs = performance.now();
  #work = 0;

  /** @param send - sends a sign of life: how much work has been done so far, a number that grows with it */
  constructor(send: (work: number) => void) {
    this.#send = send;
    this.#timer = setInterval(() => {
      this.#beat();
    }, INTERVAL_MS).unref();
    send(this.#work);
  }

  /** Counts a step. A task of many steps leaves a timer no turn, so this sends a sign of life if one is due. */
  step(): void {
    this.#work += 1;
    if (performance.now() - this.#sentMs >= INTERVAL_MS) this.#beat();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const { user, system } = process.cpuUsage(this.#usage);
    // A long step, such as a look through a large store in another thread.
    if ((user + system) / 1000 >= BUSY_MS) this.#work += 1;
    this.#usage = process.cpuUsage();
    this.#sentMs = performance.now();
    this.#send(this.#work);
  }
}
