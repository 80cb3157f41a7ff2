/** Deadlines of a client: the time to register, then the longest silence. */
import type { Client } from './client.js';

/** Closes a client that misses its deadline, and pings one that is silent. */
export class Liveness {
  readonly #client: Client;
  #lastHeardMs: number;
  /** When it was pinged; null unless the answer is still due. */
  #pingSentMs: number | null = null;

  /** @param nowMs - milliseconds since the epoch, here and below */
  constructor(client: Client, nowMs: number) {
    this.#client = client;
    this.#lastHeardMs = nowMs;
  }

  /** When it was heard last, and pinged. */
  get state(): { readonly heardMs: number; readonly pingedMs: number | null } {
    return { heardMs: this.#lastHeardMs, pingedMs: this.#pingSentMs };
  }

  restore({ heardMs, pingedMs }: { readonly heardMs: number; readonly pingedMs: number | null }): void {
    this.#lastHeardMs = heardMs;
    this.#pingSentMs = pingedMs;
  }

  /** The peer has given a sign of life. */
  heard(nowMs: number): void {
    this.#lastHeardMs = nowMs;
    this.#pingSentMs = null;
  }

  /**
   * Checks the deadlines.
   *
   * @param isOurTurn - the peer's lines wait for us, so its silence means nothing
   */
  check(nowMs: number, isOurTurn: boolean): void {
    if (this.#client.isOver) return;
    if (this.#client.registration === null) this.#checkSilence(nowMs, isOurTurn);
    else if (this.#isRegisteringLate(nowMs)) this.#client.close('Registration timed out');
  }

  #isRegisteringLate(nowMs: number): boolean {
    const { registrationTimeoutMs } = this.#client.limits;
    return registrationTimeoutMs > 0 && nowMs - this.#client.member.sinceMs >= registrationTimeoutMs;
  }

  #checkSilence(nowMs: number, isOurTurn: boolean): void {
    const { pingIntervalMs, pingTimeoutMs } = this.#client.limits;
    if (pingIntervalMs === 0 || isOurTurn) return;
    const silentMs = nowMs - this.#lastHeardMs;
    if (this.#pingSentMs !== null) {
      if (nowMs - this.#pingSentMs >= pingTimeoutMs) {
        this.#client.close(`Ping timeout: ${Math.round(silentMs / 1000)} seconds`);
      }
    } else if (silentMs >= pingIntervalMs) {
      this.#pingSentMs = nowMs;
      this.#client.ping();
    }
  }

  /** Returns the milliseconds until the next deadline, below 0 if it has passed; null without one. */
  waitMs(nowMs: number): number | null {
    const { pingIntervalMs, pingTimeoutMs, registrationTimeoutMs } = this.#client.limits;
    if (this.#client.registration !== null) {
      return registrationTimeoutMs > 0 ? this.#client.member.sinceMs + registrationTimeoutMs - nowMs : null;
    }
    if (pingIntervalMs === 0) return null;
    const dueMs = this.#pingSentMs === null ? this.#lastHeardMs + pingIntervalMs : this.#pingSentMs + pingTimeoutMs;
    return dueMs - nowMs;
  }
}
