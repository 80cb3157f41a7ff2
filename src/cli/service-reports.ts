/** Reports to the service manager how the server is: sd_notify(3), sd_watchdog_enabled(3). Without one, to nobody. */
import { toError } from '../errors.js';
import type { Log } from '../server/log.js';
import { sdNotify, sdWatchdogIntervalMs } from '../socket/service-manager.js';
import { TimerFd } from '../socket/timer-fd.js';

const STATUS_INTERVAL_MS = 10_000;
/** A manager that does not read must not keep the clients waiting. */
const NOTIFY_TIMEOUT_MS = 50;
/** Thirty years after the start of the system. */
const FAR_MS = 1e12;

/** The reports of one server. None of them throws: the server runs whether its manager hears of it or not. */
export class ServiceReports {
  readonly #log: Log;
  readonly #status: () => string;
  readonly #timers: NodeJS.Timeout[] = [];
  #lastStatus = '';

  /** @param status - describes the server in a few words */
  constructor(log: Log, status: () => string) {
    this.#log = log;
    this.#status = status;
  }

  /** The server takes clients. From now on its status is reported, and the watchdog is kept from biting. */
  ready(): void {
    this.#lastStatus = this.#status();
    if (!this.#send(`READY=1\nSTATUS=${this.#lastStatus}`)) return;
    this.#every(STATUS_INTERVAL_MS, () => {
      const status = this.#status();
      if (status === this.#lastStatus) return;
      this.#lastStatus = status;
      this.#send(`STATUS=${status}`);
    });
    const intervalMs = this.#watchdogIntervalMs();
    if (intervalMs !== null) this.#every(intervalMs, () => void this.#send('WATCHDOG=1'));
  }

  #every(intervalMs: number, report: () => void): void {
    this.#timers.push(setInterval(report, intervalMs).unref());
  }

  #watchdogIntervalMs(): number | null {
    try {
      return sdWatchdogIntervalMs();
    } catch (error) {
      this.#failed(error);
      return null;
    }
  }

  /** Reports a reload. The manager waits for its end. */
  async reloading<T>(reload: () => Promise<T>): Promise<T> {
    this.#reportReload();
    try {
      return await reload();
    } finally {
      this.#send('READY=1');
    }
  }

  #reportReload(): void {
    try {
      this.#send(`RELOADING=1\nMONOTONIC_USEC=${monotonicMicroseconds()}`);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Another process goes on instead of this one: it serves, whether the manager hears of it or not. */
  replacedBy(pid: number): void {
    this.#send(`MAINPID=${pid}`);
  }

  /** The server drains or ends. The watchdog goes on, since that may take a while. */
  stopping(): void {
    this.#send('STOPPING=1\nSTATUS=ending');
  }

  dispose(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** @returns whether there is a manager */
  #send(state: string): boolean {
    try {
      return sdNotify(state, { timeoutMs: NOTIFY_TIMEOUT_MS });
    } catch (error) {
      this.#failed(error);
      return true;
    }
  }

  #failed(error: unknown): void {
    this.#log.warn('service manager not reached', { error: toError(error).message });
  }
}

/** Returns the time of CLOCK_MONOTONIC, which is the manager's. Bun's process.hrtime() begins with the process. */
function monotonicMicroseconds(): number {
  const timer = new TimerFd();
  try {
    timer.set({ initialMs: FAR_MS, absolute: true });
    return Math.floor((FAR_MS - timer.get().remainingMs) * 1000);
  } finally {
    timer.close();
  }
}
