/** The links of a server to other domains, with what its chat needs of them. */
import type { Chat, ChatOptions } from '../chat/chat.js';
import { Domains, type DomainsParts } from '../domains/domains.js';
import { MemoryLog } from '../log/memory-log.js';
import { ListenError } from './listen-error.js';
import { RoutedLog } from './routed-log.js';

/** Links that are about to open. */
export class OpenDomains {
  /** Options of the chat, beside those that the store gives. */
  readonly chat: Pick<ChatOptions, 'abroad' | 'log' | 'node'>;
  readonly domains: Domains;
  readonly #listenAt: DomainsParts['settings']['listen'];

  /** @param kept - what the store gives the chat */
  constructor(parts: Omit<DomainsParts, 'logs' | 'node'>, kept: Pick<ChatOptions, 'log' | 'node'>) {
    const logs = kept.log ?? new MemoryLog({ maxEntries: 0 });
    // Without a store each run has to have another name: the other domains may remember the last one.
    const node = kept.node ?? `a.${Math.floor(parts.now() / 1000)}`;
    const domains = new Domains({ ...parts, logs, node });
    this.domains = domains;
    this.#listenAt = parts.settings.listen;
    const log = new RoutedLog(logs, domains.logs, (name) => !domains.isForeign(name));
    this.chat = { abroad: domains, log, node };
  }

  /** @throws ListenError */
  async start(chat: Chat): Promise<void> {
    try {
      await this.domains.start(chat);
    } catch (error) {
      throw this.#listenAt === null ? error : new ListenError(this.#listenAt, error);
    }
  }
}
