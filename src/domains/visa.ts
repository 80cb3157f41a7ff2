/** The permissions of people of another domain in a room of this one. */
import { type Entry, renamedSpeaker, type Stamp, type Who } from '../log/entry.js';
import { isFit, isPlainSession } from './customs.js';
import { withdrawalOf } from './withdrawal.js';

/** The most changes of values in one change of the settings, whatever the other domain requests. */
const MAX_VALUES = 20;
/** The most keys of a room's notes. */
const MAX_KEYS = 64;

/** One domain, as the home of rooms knows it. */
export interface VisaParts {
  /** Its name. */
  readonly domain: string;
  /** The label behind the nicks of its people. */
  readonly label: string;
  /** The most masks of a room. */
  readonly maxMasks: number;
}

/** Turns entries that another domain has sent into entries of this one, for its own people and for nobody else. */
export class Visa {
  readonly #parts: VisaParts;

  constructor(parts: VisaParts) {
    this.#parts = parts;
  }

  /**
   * Returns the entry to append to a room's log.
   *
   * @param nowMs - milliseconds since the epoch: nothing happens later than that
   * @returns a withdrawal instead of an entry that its people may not make; null for an entry that nobody there can
   *   have made
   */
  stamped(entry: Entry, nowMs: number): Entry | null {
    const { session: about, via, n, base } = entry;
    if (!isPlainSession(about) || (via !== undefined && !isPlainSession(via))) return null;
    const prefix = `${this.#parts.domain}/`;
    const speaker = renamedSpeaker(entry, (session) => prefix + session);
    const stamp: Stamp = { ...speaker, n, base, atMs: Math.min(entry.atMs, nowMs), seen: 0 };
    const withdrawn = withdrawalOf(stamp);
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

  /** Whether the people in an entry are identified in the way of that domain. */
  #isOfDomain(entry: Entry): boolean {
    const who = 'who' in entry ? entry.who : null;
    if (who !== null && !this.#isOwn(who)) return false;
    if (entry.kind !== 'invite') return true;
    const prefix = `${this.#parts.domain}/`;
    const isGuestOwn = entry.guest.startsWith(prefix) && isPlainSession(entry.guest.slice(prefix.length));
    return isGuestOwn && (entry.by === undefined || this.#isOwn(entry.by));
  }

  #isOwn({ nick, host, address, account, privileges }: Who): boolean {
    const { domain, label } = this.#parts;
    const suffix = `/${label}`;
    if (privileges !== null || address !== host) return false;
    if (!nick.endsWith(suffix) || nick.slice(0, -suffix.length).includes('/')) return false;
    return account === null || account.endsWith(`@${domain}`);
  }
}
