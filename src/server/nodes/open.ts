/** Opens a node on a store that it shares. */
import type { Chat } from '../../chat/chat.js';
import { hasCode, toError } from '../../errors.js';
import type { ServerConfig } from '../config/server-config.js';
import { ALONE, type Keeping } from '../keeping.js';
import type { Log } from '../log.js';
import { agree, commonTextOf } from './agreement.js';
import { type CommonSettings, commonSettingsOf } from './common-settings.js';
import { LEASE_MS, Node } from './node.js';
import { holdName, nodeOf } from './node-name.js';

/** The arguments of {@link openNode}. */
export interface OpenNodeParts {
  readonly name: string;
  /** Of this process: the settings that others have to have, too, are compared. */
  readonly config: ServerConfig;
  readonly keeping: Keeping;
  readonly log: Log;
  /** @defaultValue {@link LEASE_MS} */
  readonly leaseMs: number | undefined;
  /** Ends the server: another process has taken its name, or the others have other settings by now. */
  readonly replaced: (reason: string) => void;
}

/**
 * Takes the name of a node. If somebody has it, the store is closed.
 *
 * @returns what makes the node, as soon as there is the chat that it belongs to
 * @throws StoreError: ERR_NODE_IN_USE; ERR_NODE_SETTINGS
 */
export async function openNode({
  name,
  config,
  keeping,
  log,
  leaseMs = LEASE_MS,
  replaced,
}: OpenNodeParts): Promise<(chat: Chat) => Node> {
  const { logs, store } = keeping;
  const incarnation = store.facts.run;
  const settings = commonSettingsOf(config);
  const parts = { common: commonTextOf(store), logs, log };
  const agreeOn = async (node: string, own: CommonSettings): Promise<void> => {
    try {
      await agree({ ...parts, node }, own);
    } catch (error) {
      // A control process of an earlier version has the store: it is upgraded after its workers.
      if (!hasCode(error, 'ERR_STORE_FAILED')) throw error;
      log.warn('settings are not compared with those of the other nodes', { error: toError(error).message });
    }
  };
  let former: string | null;
  try {
    await holdName({ logs, name, incarnation, leaseMs, log });
    const own = nodeOf(name, incarnation);
    await agreeOn(own, settings).catch(async (error: unknown) => {
      await logs.forget(own);
      throw error;
    });
    former = await formerOf(keeping);
  } catch (error) {
    await keeping.close();
    throw error;
  }
  return (chat) => {
    const nextIncarnation = (): Promise<number> => keeping.nextRun();
    const looked = (own: string, living: readonly string[]): void => {
      keeping.duty.know(own, living);
    };
    const common = { settings, agree: agreeOn };
    const self = { name, incarnation, former, common, nextIncarnation, looked, replaced };
    const node = new Node({ ...self, chat, logs, leaseMs, log });
    keeping.onGivenUp = () => {
      node.givenUp();
    };
    return node;
  };
}

/**
 * Returns the last server that may have had the store for itself: people are in rooms whose sessions are its. A node of
 * that name may live, and then there has been none for long.
 */
async function formerOf({ logs, store }: Keeping): Promise<string | null> {
  const living = await logs.living();
  if (living === null || living.some((node) => node.startsWith(`${ALONE}.`))) return null;
  return nodeOf(ALONE, store.facts.run - 1);
}
