/** A memory of the addresses that use accounts. */

/** Beyond this number, the oldest entry is forgotten. */
const MAX_REMEMBERED = 10_000;
const HOUR_MS = 3_600_000;

/** Remembers which accounts have been used from which addresses, and how many accounts each address has made. */
export class Visitors {
  readonly #pairs = new Set<string>();
  readonly #registrations = new Map<string, { count: number; readonly sinceMs: number }>();

  /** Whether an account has been used from an address. */
  has(folded: string, source: string): boolean {
    return this.#pairs.has(`${folded} ${source}`);
  }

  add(folded: string, source: string): void {
    const pair = `${folded} ${source}`;
    this.#pairs.delete(pair);
    this.#pairs.add(pair);
    forgetOldest(this.#pairs);
  }

  /** Counts a registration. @param perHour - 0 for no limit. @returns whether the address may make another account */
  mayRegister(source: string, perHour: number, nowMs: number): boolean {
    if (perHour === 0) return true;
    const known = this.#registrations.get(source);
    const isRecent = known !== undefined && Math.abs(nowMs - known.sinceMs) < HOUR_MS;
    const counted = isRecent ? known : { count: 0, sinceMs: nowMs };
    if (counted.count >= perHour) return false;
    counted.count += 1;
    this.#registrations.delete(source);
    this.#registrations.set(source, counted);
    forgetOldest(this.#registrations);
    return true;
  }
}

function forgetOldest(known: Set<string> | Map<string, unknown>): void {
  if (known.size <= MAX_REMEMBERED) return;
  const [oldest = ''] = known.keys();
  known.delete(oldest);
}
