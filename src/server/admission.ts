/** Decides who may connect: by the number of connections, in all and from one address, and by their rate. */
import type { ClassSettings } from '../protocol/limits.js';
import { sourceKey } from '../protocol/source-key.js';
import { Throttle } from '../throttle.js';

/** Addresses whose last connections are remembered; beyond that the oldest is forgotten. */
const MAX_REMEMBERED = 65_536;
const SECONDS_PER_MINUTE = 60;

/** The connections of one address, or of a network that counts as one. */
interface Source {
  connections: number;
  /** The class that its throttle was made for: a reload brings new ones. */
  limits: ClassSettings;
  /** Null if the class has no limit on the rate. */
  throttle: Throttle | null;
}

/** An address, and the limits of its class. */
export interface AdmittedPeer {
  readonly host: string;
  readonly limits: ClassSettings;
}

/** Counts connections. A refused one takes nobody's place: only those that were let in count, until they end. */
export class Admission {
  readonly #sources = new Map<string, Source>();
  #connections = 0;

  /**
   * Lets a peer in, or refuses it.
   *
   * @param maxClients - the most peers at once; 0 for no limit
   * @returns null if it is in: {@link leave} must follow; otherwise why it is refused
   */
  enter(host: string, limits: ClassSettings, maxClients: number, nowMs: number): string | null {
    const key = sourceKey(host, limits.ipv6PrefixBits);
    const source = this.#sourceOf(key, limits, nowMs);
    if (source.throttle?.take(nowMs) === false) return 'too many connections from your address in a short time';
    if (maxClients > 0 && this.#connections >= maxClients) return 'the server is full';
    const { maxPerAddress } = limits;
    if (maxPerAddress > 0 && source.connections >= maxPerAddress) return 'too many connections from your address';
    this.#count(source);
    return null;
  }

  /** Counts a connection that another process has let in. */
  resume(host: string, limits: ClassSettings, nowMs: number): void {
    this.#count(this.#sourceOf(sourceKey(host, limits.ipv6PrefixBits), limits, nowMs));
  }

  /** Forgets a connection that was let in and has ended. */
  leave(host: string, limits: ClassSettings): void {
    const key = sourceKey(host, limits.ipv6PrefixBits);
    const source = this.#sources.get(key);
    if (source === undefined) return;
    source.connections -= 1;
    this.#connections -= 1;
    if (source.connections === 0 && source.throttle === null) this.#sources.delete(key);
  }

  /**
   * Lets a peer that is in go on under another address, or refuses that; then it keeps its place under the old one.
   *
   * @returns as {@link enter} does
   */
  move(from: AdmittedPeer, to: AdmittedPeer, maxClients: number, nowMs: number): string | null {
    this.leave(from.host, from.limits);
    const refusal = this.enter(to.host, to.limits, maxClients, nowMs);
    if (refusal !== null)
      this.#count(this.#sourceOf(sourceKey(from.host, from.limits.ipv6PrefixBits), from.limits, nowMs));
    return refusal;
  }

  #count(source: Source): void {
    source.connections += 1;
    this.#connections += 1;
  }

  #sourceOf(key: string, limits: ClassSettings, nowMs: number): Source {
    const known = this.#sources.get(key);
    if (known?.limits === limits) return known;
    const { connectionsPerMinute, burstConnections } = limits;
    const perSecond = connectionsPerMinute / SECONDS_PER_MINUTE;
    const throttle = connectionsPerMinute > 0 ? new Throttle(perSecond, burstConnections, nowMs) : null;
    const source = { connections: known?.connections ?? 0, limits, throttle };
    this.#sources.set(key, source);
    if (this.#sources.size > MAX_REMEMBERED) this.#forgetOne();
    return source;
  }

  /** Forgets the oldest source that has no connection. */
  #forgetOne(): void {
    for (const [key, { connections }] of this.#sources) {
      if (connections > 0) continue;
      this.#sources.delete(key);
      return;
    }
  }
}
