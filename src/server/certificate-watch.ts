/** Warns of certificates that have expired, or are about to. */
import type { CertificateFacts } from './config/tls-files.js';
import type { Log } from './log.js';

const DAY_MS = 86_400_000;
/** Certificates that renew themselves have done so long before. */
const SOON_DAYS = 14;

/** Watches the certificates of a server: a warning of each that needs one, and another on each day after that. */
export class CertificateWatch {
  readonly #log: Log;
  /** The day of the last warning, by file. */
  #warned = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Logs the warnings that have not been logged today. It is cheap enough for every second. */
  look(certificates: readonly CertificateFacts[], nowMs: number): void {
    for (const { file, expiresMs } of certificates) {
      const hasExpired = expiresMs <= nowMs;
      const left = (expiresMs - nowMs) / DAY_MS;
      const leftDays = Math.floor(left);
      // The first day without a valid certificate begins when it expires: day -1.
      const day = hasExpired ? Math.ceil(left) - 1 : leftDays;
      if (leftDays >= SOON_DAYS || this.#warned.get(file) === day) continue;
      this.#warned.set(file, day);
      const expires = new Date(expiresMs).toISOString();
      if (hasExpired) this.#log.warn('certificate expired', { file, expires });
      else this.#log.warn('certificate expires soon', { file, expires, leftDays });
    }
  }

  /** Logs all warnings, for somebody who has just changed something. */
  lookAgain(certificates: readonly CertificateFacts[], nowMs: number): void {
    this.#warned = new Map();
    this.look(certificates, nowMs);
  }
}
