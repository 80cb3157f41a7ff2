/** The links of a server to other domains, with what its chat needs of them. */
import { randomBytes } from 'node:crypto';
import type { Chat, ChatOptions } from '../chat/chat.js';
import { lineageOf } from '../domains/domain-names.js';
import { Domains, type DomainsParts } from '../domains/domains.js';
import { MemoryLog } from '../log/memory-log.js';
import type { Keeping } from './keeping.js';
import { ListenError } from './listen-error.js';
import { RoutedLog } from './routed-log.js';

/** The part of what is kept that links need. */
type Kept = Pick<Keeping, 'logs'> & {
  readonly chat: Pick<ChatOptions, 'log' | 'node' | 'sharing'>;
  readonly store: { readonly facts: Keeping['store']['facts'] };
};

/** Links that are about to open. */
export class OpenDomains {
  /** Options of the chat, beside those that the store gives. */
  readonly chat: Pick<ChatOptions, 'abroad' | 'log' | 'node'>;
  readonly domains: Domains;
  readonly #listenAt: DomainsParts['settings']['listen'];

  /** @param kept - the store; null without one */
  constructor(parts: Omit<DomainsParts, 'logs' | 'node' | 'lineage' | 'nodes'>, kept: Kept | null) {
    const logs = kept?.chat.log ?? new MemoryLog({ maxEntries: 0 });
    // Without a store each run has to have another name: the other domains may remember the last one.
    const node = kept?.chat.node ?? `a.${Math.floor(parts.now() / 1000)}`;
    const lineage = lineageOf(kept?.store.facts.prefix ?? randomBytes(9).toString('hex'));
    const release = (log: Parameters<Keeping['logs']['keep']>[0], seq: number): void => {
      kept?.logs.keep(log, seq, null);
    };
    const nodes = kept?.chat.sharing === undefined ? null : { release };
    const domains = new Domains({ ...parts, logs, node, lineage, nodes });
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
