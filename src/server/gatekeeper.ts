/** Decides whether an address may enter. */
import type { Chat } from '../chat/chat.js';
import { identityOfPeer } from '../chat/user-mask.js';
import type { ClassSettings } from '../protocol/limits.js';
import type { EntryRefused } from '../protocol/session.js';
import { Admission, type AdmittedPeer } from './admission.js';
import { ClassFinder } from './classes.js';
import type { Clock } from './clock.js';
import type { ServerConfig } from './config/server-config.js';

/** The part of the configuration that decides. */
export type GatekeeperSettings = Pick<ServerConfig, 'classes' | 'maxClients'>;

/** Asks the class of an address, the bans of the server and the number of those who are in. */
export class Gatekeeper {
  readonly #chat: Pick<Chat, 'bans' | 'directory'>;
  readonly #clock: Clock;
  readonly #admission = new Admission();
  #classes: ClassFinder;
  #maxClients: number;
  /** The reason why nobody may enter any more; null as long as the gate is open. */
  #closed: string | null = null;

  constructor(settings: GatekeeperSettings, chat: Pick<Chat, 'bans' | 'directory'>, clock: Clock) {
    this.#chat = chat;
    this.#clock = clock;
    this.#classes = new ClassFinder(settings.classes);
    this.#maxClients = settings.maxClients;
  }

  /** Applies changed settings to those who arrive from now on. */
  configure({ classes, maxClients }: GatekeeperSettings): void {
    this.#classes = new ClassFinder(classes);
    this.#maxClients = maxClients;
  }

  /** The limits of all classes, in the order in which they are asked. */
  get classes(): readonly ClassSettings[] {
    return this.#classes.settings;
  }

  limitsOf(host: string): ClassSettings {
    return this.#classes.find(host);
  }

  /**
   * Lets a peer in, or refuses it.
   *
   * @param userName - empty if each peer brings its own: then the protocol asks for bans again once it knows it
   * @returns null if it is in: {@link leave} must follow
   */
  enter({ host, limits }: AdmittedPeer, userName: string): EntryRefused | null {
    const ban = this.#banOf(host, userName, limits);
    if (ban !== null) return { reason: ban, isBan: true };
    const reason = this.#closed ?? this.#admission.enter(host, limits, this.#maxClients, this.#clock.monotonicMs());
    return reason === null ? null : { reason, isBan: false };
  }

  /** Counts a peer that another process has let in: {@link leave} must follow. */
  resume({ host, limits }: AdmittedPeer): void {
    this.#admission.resume(host, limits, this.#clock.monotonicMs());
  }

  /** Lets a peer that is in go on under another address. If it refuses that, the peer stays in under the old one. */
  move(from: AdmittedPeer, to: AdmittedPeer): EntryRefused | null {
    // Only a protocol whose peers bring their own user names has gateways.
    const ban = this.#banOf(to.host, '', to.limits);
    if (ban !== null) return { reason: ban, isBan: true };
    const reason = this.#admission.move(from, to, this.#maxClients, this.#clock.monotonicMs());
    return reason === null ? null : { reason, isBan: false };
  }

  leave({ host, limits }: AdmittedPeer): void {
    this.#admission.leave(host, limits);
  }

  /** Lets nobody in from now on. */
  close(reason: string): void {
    this.#closed = reason;
  }

  #banOf(host: string, userName: string, limits: ClassSettings): string | null {
    if (limits.refusal !== null) return limits.refusal;
    const identity = identityOfPeer(host, userName, this.#chat.directory.fold);
    return this.#chat.bans.find(identity)?.reason ?? null;
  }
}
