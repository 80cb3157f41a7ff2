/** What people of another domain may do in a room of this one. */
import type { Entry, Stamp, Who } from '../log/entry.js';
import { isFit, isPlainSession } from './customs.js';

/** The most changes of values that one change of the settings makes, whatever the other domain says. */
const MAX_VALUES = 20;
/** The most keys that a room says something about itself with. */
const MAX_KEYS = 64;

/** One domain, as the home of rooms knows it. */
export interface VisaParts {
  /** Its name. */
  readonly domain: string;
  /** What stands behind the nicks of its people. */
  readonly label: string;
  /** The most masks of a room. */
  readonly maxMasks: number;
}

/** Makes entries of this domain out of those that another one has sent for its own people, and for nobody else. */
export class Visa {
  readonly #parts: VisaParts;

  constructor(parts: VisaParts) {
    this.#parts = parts;
  }

  /**
   * Returns what is appended to a room's log.
   *
   * @param nowMs - milliseconds since the epoch: nothing happens later than that
   * @returns a withdrawal in place of what its people may not do; null for what is not the entry of anybody there
   */
  stamped(entry: Entry, nowMs: number): Entry | null {
    if (!isPlainSession(entry.session)) return null;
    const { n, base } = entry;
    const session = `${this.#parts.domain}/${entry.session}`;
    const stamp: Stamp = { session, n, base, atMs: Math.min(entry.atMs, nowMs), seen: 0 };
    const withdrawn = { ...stamp, kind: 'withdrawn' } as const;
    if (!isFit(entry) || !this.#isOfDomain(entry)) return withdrawn;
    switch (entry.kind) {
      case 'join':
      case 'part':
      case 'kick':
      case 'say':
      case 'redact':
      case 'topic':
      case 'invite':
      case 'knock':
      case 'identity':
      case 'over':
        return { ...entry, ...stamp };
      case 'settings': {
        const maxMasks = Math.min(entry.maxMasks, this.#parts.maxMasks);
        return { ...entry, maxMasks, maxValues: Math.min(entry.maxValues, MAX_VALUES), ...stamp };
      }
      case 'annotate':
        return { ...entry, maxKeys: Math.min(entry.maxKeys, MAX_KEYS), ...stamp };
      default:
        return withdrawn;
    }
  }

  /** Whether those of whom an entry speaks are known by what people of that domain are known by. */
  #isOfDomain(entry: Entry): boolean {
    const who = 'who' in entry ? entry.who : null;
    if (who !== null && !this.#isOwn(who)) return false;
    if (entry.kind !== 'invite') return true;
    return entry.guest.startsWith(`${this.#parts.domain}/`) && (entry.by === undefined || this.#isOwn(entry.by));
  }

  #isOwn({ nick, host, address, account, privileges }: Who): boolean {
    const { domain, label } = this.#parts;
    const suffix = `/${label}`;
    if (privileges !== null || address !== host) return false;
    if (!nick.endsWith(suffix) || nick.slice(0, -suffix.length).includes('/')) return false;
    return account === null || account.endsWith(`@${domain}`);
  }
}
