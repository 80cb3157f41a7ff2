/** One of several servers that share all logs: it shows that it lives, and looks after the others. */
import { performance } from 'node:perf_hooks';
import type { NodeReadings } from '../../admin/readings.js';
import type { Chat } from '../../chat/chat.js';
import { nameOf } from '../../chat/gone-nodes.js';
import { hasCode, toError } from '../../errors.js';
import type { StoreLogs } from '../../store/store-access.js';
import type { ServerConfig } from '../config/server-config.js';
import type { Log } from '../log.js';
import { type CommonSettings, commonSettingsOf } from './common-settings.js';
import { Contact } from './contact.js';
import { namesakes, nodeOf } from './node-name.js';

/** How long a node that shows nothing of itself is taken to live, in milliseconds. */
export const LEASE_MS = 5_000;
/** So often within a lease the others are looked at, and every second time the own lease is renewed. */
const BEATS = 6;

/** The arguments that make a node. */
export interface NodeParts {
  readonly name: string;
  readonly incarnation: number;
  readonly chat: Pick<Chat, 'nodes' | 'giveUp' | 'isGone' | 'comeBack' | 'stepDown' | 'whenCaughtUp'>;
  /** A server that cannot live since this one has begun; null if there may be none. */
  readonly former: string | null;
  readonly logs: Pick<StoreLogs, 'lease' | 'living' | 'expired' | 'forget' | 'lag'>;
  /** Returns the number of the next incarnation. It rejects if the store does not answer. */
  readonly nextIncarnation: () => Promise<number>;
  /** Called when it has looked which nodes live. */
  readonly looked?: (own: string, living: readonly string[]) => void;
  /** Called when this node, which the others had given up, cannot return. */
  readonly replaced: (reason: string) => void;
  /** The settings that it has in common with the others; `agree` rejects if they have others. */
  readonly common: {
    readonly settings: CommonSettings;
    readonly agree: (node: string, own: CommonSettings) => Promise<void>;
  };
  readonly leaseMs: number;
  /** A clock that goes on while the process does not run. @defaultValue `performance.now` */
  readonly now?: () => number;
  readonly log: Log;
}

/** A node of a chat. */
export class Node {
  readonly #parts: NodeParts;
  readonly #contact: Contact;
  #incarnation: number;
  #living: readonly string[] = [];
  /** Nodes that have members and no lease, and since when. */
  #unleased = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #beats = 0;
  #isGivenUp = false;
  /** The number under which it returns; null if it is not known yet. */
  #next: number | null = null;
  #isOver = false;
  #settings: CommonSettings;
  #stopping: Promise<void> | null = null;
  /** The work that is under way. It does not reject. */
  #last: Promise<void> = Promise.resolve();

  constructor(parts: NodeParts) {
    this.#parts = parts;
    this.#incarnation = parts.incarnation;
    this.#settings = parts.common.settings;
    this.#contact = new Contact(parts.leaseMs);
  }

  get readings(): NodeReadings {
    return {
      name: this.#parts.name,
      incarnation: this.#incarnation,
      living: this.#living,
      lag: this.#parts.logs.lag ?? null,
    };
  }

  /** Begins to renew its lease, and to look after the others. */
  start(): void {
    const { chat, former } = this.#parts;
    if (former !== null) {
      chat.whenCaughtUp(() => {
        chat.giveUp(former);
      });
    }
    const beat = (): void => {
      this.#last = this.#beat().finally(() => {
        if (!this.#isOver) this.#timer = setTimeout(beat, this.#parts.leaseMs / BEATS);
      });
    };
    beat();
  }

  /** It has read its settings again, and lets the others know of those that a reload applies. */
  async reread(config: ServerConfig): Promise<void> {
    this.#settings = commonSettingsOf(config);
    const { common, log } = this.#parts;
    try {
      await common.agree(this.#own, this.#settings);
    } catch (error) {
      log.warn('settings are not compared with those of the other nodes', { error: toError(error).message });
    }
  }

  /** The others have given it up. It returns by itself. */
  givenUp(): void {
    if (this.#isOver) return;
    this.#parts.log.error('the other nodes have given this one up: it comes back', { node: this.#own });
    this.#isGivenUp = true;
  }

  /**
   * Ends it in order: the others hear that it is gone, instead of finding out. Idempotent.
   *
   * @param patienceMs - how long the logs have for that, in milliseconds
   */
  stop(patienceMs: number): Promise<void> {
    this.#stopping ??= this.#end(patienceMs, true);
    return this.#stopping;
  }

  /**
   * Ends it for a process that goes on under the same name. That one says that this node is gone: up to then its
   * members are in their rooms, as the other process has to know them.
   *
   * @param patienceMs - how long the logs have for that, in milliseconds
   */
  retire(patienceMs: number): Promise<void> {
    this.#stopping ??= this.#end(patienceMs, false);
    return this.#stopping;
  }

  async #end(patienceMs: number, isGone: boolean): Promise<void> {
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    await Promise.race([this.#leave(isGone), late]);
    clearTimeout(timer);
  }

  async #leave(isGone: boolean): Promise<void> {
    await this.#last;
    const { chat, logs } = this.#parts;
    if (isGone && !this.#isGivenUp) {
      await new Promise<void>((resolve) => {
        chat.stepDown(resolve);
      });
    }
    await logs.forget(this.#own);
  }

  get #own(): string {
    return nodeOf(this.#parts.name, this.#incarnation);
  }

  async #beat(): Promise<void> {
    const { logs, leaseMs } = this.#parts;
    this.#beats += 1;
    if (this.#isGivenUp) await this.#comeBack();
    else if (this.#beats % 2 === 1) {
      // Logs that take nothing, because their disk is full for example, take the leases of the others neither.
      if (!(await logs.lease(this.#own, leaseMs))) this.#contact.broken();
      this.#living = (await logs.living()) ?? this.#living;
      this.#parts.looked?.(this.#own, this.#living);
    }
    await this.#lookAfterOthers();
  }

  async #comeBack(): Promise<void> {
    const { chat, logs, log, leaseMs, name, nextIncarnation, common } = this.#parts;
    const before = this.#own;
    this.#next ??= await nextIncarnation().catch(() => null);
    // A step that fails is tried again at the next beat.
    if (this.#next === null || this.#isOver) return;
    const own = nodeOf(name, this.#next);
    // It may have renewed that lease before it knew. A process that starts meanwhile finds the new one.
    if (!(await logs.forget(before)) || !(await logs.lease(own, leaseMs))) return;
    const holders = await namesakes(logs, own);
    if (holders === null) return;
    if (holders.length > 0) {
      log.error('another process has the name of this node: it ends', { node: name, holders });
      await this.#endInFavour(own, 'another process has the name of this node');
      return;
    }
    try {
      await common.agree(own, this.#settings);
    } catch (error) {
      if (!hasCode(error, 'ERR_NODE_SETTINGS')) return;
      log.error('the other nodes have other settings by now: it ends', { node: name, error: toError(error).message });
      await this.#endInFavour(own, 'the other nodes have other settings');
      return;
    }
    this.#incarnation = this.#next;
    this.#next = null;
    this.#isGivenUp = false;
    chat.comeBack(own);
    log.warn('this node is back', { node: own, before });
  }

  async #endInFavour(own: string, reason: string): Promise<void> {
    this.#isOver = true;
    await this.#parts.logs.forget(own);
    this.#parts.replaced(reason);
  }

  async #lookAfterOthers(): Promise<void> {
    const { chat, logs, log, now = performance.now.bind(performance) } = this.#parts;
    const expired = await logs.expired();
    if (expired === null) {
      this.#contact.broken();
      return;
    }
    const nowMs = now();
    const isSure = this.#contact.answered(nowMs);
    if (this.#beats % 2 === 1) this.#lookForLeases(expired, isSure, nowMs);
    for (const node of expired) {
      if (this.#isOver || node === this.#own) continue;
      if (chat.isGone(node)) {
        await logs.forget(node);
      } else if (isSure && !this.#isGivenUp) {
        log.warn('a node is given up: its lease has run out', { node });
        chat.giveUp(node);
      }
    }
  }

  /** The logs may have lost leases: without one, a node that is dead would never be given up. */
  #lookForLeases(expired: readonly string[], isSure: boolean, nowMs: number): void {
    const { chat, log, leaseMs } = this.#parts;
    // A process that continues under the name of another one gives that one up itself, once it knows its members.
    const names = new Set([this.#own, ...this.#living, ...expired].map(nameOf));
    const unleased = [...chat.nodes()].filter((node) => !names.has(nameOf(node)) && !chat.isGone(node));
    this.#unleased = new Map(unleased.map((node) => [node, this.#unleased.get(node) ?? nowMs]));
    for (const [node, sinceMs] of this.#unleased) {
      if (this.#isOver || this.#isGivenUp || !isSure || nowMs - sinceMs < leaseMs) continue;
      log.warn('a node is given up: it has no lease', { node });
      chat.giveUp(node);
      this.#unleased.delete(node);
    }
  }
}
