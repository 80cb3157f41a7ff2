/** Warns of certificates that have expired, or are about to. */
import type { CertificateFacts } from './config/tls-files.js';
import type { Log } from './log.js';

const DAY_MS = 86_400_000;
/** Certificates that renew themselves have done so long before. */
const SOON_DAYS = 14;

/** Logs a warning for each certificate that needs one. */
export function warnOfExpiry(certificates: readonly CertificateFacts[], nowMs: number, log: Log): void {
  for (const { file, expiresMs } of certificates) {
    const leftDays = Math.floor((expiresMs - nowMs) / DAY_MS);
    const expires = new Date(expiresMs).toISOString();
    if (expiresMs <= nowMs) log.warn('certificate expired', { file, expires });
    else if (leftDays < SOON_DAYS) log.warn('certificate expires soon', { file, expires, leftDays });
  }
}
