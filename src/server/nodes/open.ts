/** Opens a node on a store that it shares. */
import type { Chat } from '../../chat/chat.js';
import { ALONE, type Keeping } from '../keeping.js';
import type { Log } from '../log.js';
import { LEASE_MS, Node } from './node.js';
import { holdName, nodeOf } from './node-name.js';

/** The arguments of {@link openNode}. */
export interface OpenNodeParts {
  readonly name: string;
  readonly keeping: Keeping;
  readonly log: Log;
  /** @defaultValue {@link LEASE_MS} */
  readonly leaseMs: number | undefined;
  /** Ends the server, since another process has taken its name. */
  readonly replaced: () => void;
}

/**
 * Takes the name of a node. If somebody has it, the store is closed.
 *
 * @returns what makes the node, as soon as there is the chat that it belongs to
 * @throws StoreError: ERR_NODE_IN_USE
 */
export async function openNode({
  name,
  keeping,
  log,
  leaseMs = LEASE_MS,
  replaced,
}: OpenNodeParts): Promise<(chat: Chat) => Node> {
  const { logs, store } = keeping;
  const incarnation = store.facts.run;
  let former: string | null;
  try {
    await holdName({ logs, name, incarnation, leaseMs, log });
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
    const node = new Node({ name, incarnation, former, chat, logs, nextIncarnation, looked, replaced, leaseMs, log });
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
