/** The parts of a chat server that are opened before it is made: its store, its node, its links. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Naming } from '../chat/case-mapping.js';
import type { Chat } from '../chat/chat.js';
import { toError } from '../errors.js';
import type { Keeping } from './keeping.js';
import type { Node } from './nodes/node.js';
import type { OpenDomains } from './open-domains.js';
import type { ServerOptions } from './server-options.js';
import { REAL_WORLD } from './world.js';

/** How long a start waits before it tries again to open a store. */
const STORE_RETRY_MS = 500;

/** Those parts. */
export interface OpenedParts {
  readonly keeping: Keeping | null;
  readonly makeNode: NodeMaker | null;
  readonly domains: OpenDomains | null;
}

/** Makes the node that a chat belongs to. */
type NodeMaker = (chat: Chat) => Node;

/** Opens the store and takes the name of the node, again and again as long as the options say. @throws StoreError */
export async function openPatiently(options: ServerOptions): Promise<Pick<OpenedParts, 'keeping' | 'makeNode'>> {
  const { log, isPatient = () => false } = options;
  for (;;) {
    try {
      const keeping = await openKeeping(options);
      return { keeping, makeNode: keeping && (await nodeMaker(options, keeping)) };
    } catch (error) {
      if (!isPatient()) throw error;
      log.error('the store cannot be opened: everybody waits', { error: toError(error).message });
      await delay(STORE_RETRY_MS);
    }
  }
}

/** Opens the store, if there is one. Its modules are loaded only then. */
export async function openKeeping({ config: { store, node }, log, world }: ServerOptions): Promise<Keeping | null> {
  if (store === null) return null;
  const { Keeping: Opened } = await import('./keeping.js');
  return Opened.open(store, node, log, world);
}

/** Opens the links to other domains, if there are any. Their modules are loaded only then. */
export async function openDomains(
  { config: { domain, irc }, log, world = REAL_WORLD, domainGraceMs }: ServerOptions,
  naming: Naming,
  keeping: Keeping | null,
): Promise<OpenDomains | null> {
  if (domain === null) return null;
  if (!world.mayLink) {
    log.warn('a recording has no links to other domains', {});
    return null;
  }
  const { OpenDomains: Opened } = await import('./open-domains.js');
  const { maxMasks } = irc;
  return new Opened(
    { settings: domain, log, fold: naming.fold, now: world.now, maxMasks, graceMs: domainGraceMs },
    keeping,
  );
}

/** Takes the name of the configuration, if it names a node. @throws StoreError */
async function nodeMaker(options: ServerOptions, keeping: Keeping): Promise<NodeMaker | null> {
  const { config, log, leaseMs, onStop } = options;
  if (config.node === null) return null;
  const { openNode } = await import('./nodes/open.js');
  const replaced = (reason: string): void => {
    onStop(reason, true);
  };
  return openNode({ name: config.node, config, keeping, log, leaseMs, replaced });
}
