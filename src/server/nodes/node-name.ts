/** The name of a node, held by one living process at a time. */
import { setTimeout } from 'node:timers/promises';
import { incarnationOf } from '../../chat/gone-nodes.js';
import type { SharedLog } from '../../log/shared-log.js';
import { StoreError } from '../../store/store-error.js';
import type { Log } from '../log.js';

/** The arguments of {@link holdName}. */
export interface NameParts {
  readonly logs: Pick<SharedLog, 'lease' | 'living' | 'forget'>;
  readonly name: string;
  /** The number of this process among those that have had the name. */
  readonly incarnation: number;
  readonly leaseMs: number;
  readonly log: Log;
}

/** The other processes are asked for so many times while a lease lasts. */
const LOOKS = 10;

/**
 * Takes the name of a node. One that was killed keeps its name until its lease has run out, and that is waited for. Of
 * two that take a name at the same moment, each takes its lease before it looks, so at least one finds the other.
 *
 * @throws StoreError: ERR_NODE_IN_USE if a process that lives has the name
 */
export async function holdName({ logs, name, incarnation, leaseMs, log }: NameParts): Promise<void> {
  const own = nodeOf(name, incarnation);
  for (let look = 0; look <= LOOKS + 1; look += 1) {
    let holders = await namesakes(logs, own);
    if (holders?.length === 0) {
      await logs.lease(own, leaseMs);
      holders = await namesakes(logs, own);
      if (holders?.length === 0) return;
      // Another one that waits for the name finds this one, and gives way if this one has begun first.
      if (holders?.some((other) => isEarlier(other, own)) !== false) await logs.forget(own);
    }
    if (look === 0) log.warn('waits until nobody has the name of this node', { node: name, holders });
    await setTimeout(leaseMs / LOOKS);
  }
  await logs.forget(own);
  throw new StoreError('ERR_NODE_IN_USE', `another process that lives is the node ${name}`);
}

/** Returns the others that live and have the same name as a node; null if the logs do not answer. */
export async function namesakes(logs: Pick<SharedLog, 'living'>, own: string): Promise<readonly string[] | null> {
  const { name } = incarnationOf(own);
  const living = await logs.living();
  return living?.filter((other) => other !== own && incarnationOf(other).name === name) ?? null;
}

/** Returns the name of a process in the log: sessions begin with it. */
export function nodeOf(name: string, incarnation: number): string {
  return `${name}.${incarnation}`;
}

function isEarlier(node: string, other: string): boolean {
  return incarnationOf(node).number < incarnationOf(other).number;
}
