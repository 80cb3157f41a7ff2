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
 * Takes the name of a node. One that was killed keeps its name until its lease has run out, and that is waited for.
 *
 * @throws StoreError: ERR_NODE_IN_USE if a process that lives has the name
 */
export async function holdName({ logs, name, incarnation, leaseMs, log }: NameParts): Promise<void> {
  const own = nodeOf(name, incarnation);
  for (let look = 0; look <= LOOKS + 1; look += 1) {
    await logs.lease(own, leaseMs);
    const living = await logs.living();
    // One that has begun later finds this one, and gives way.
    const holder = living?.find((other) => isEarlier(other, name, incarnation));
    if (living !== null && holder === undefined) return;
    if (look === 0) log.warn('waits until nobody has the name of this node', { node: name, holder });
    await setTimeout(leaseMs / LOOKS);
  }
  await logs.forget(own);
  throw new StoreError('ERR_NODE_IN_USE', `another process that lives is the node ${name}`);
}

/** Returns the name of a process in the log: sessions begin with it. */
export function nodeOf(name: string, incarnation: number): string {
  return `${name}.${incarnation}`;
}

/** Whether a process in the log has a name, and has begun before an incarnation. */
function isEarlier(node: string, name: string, incarnation: number): boolean {
  const other = incarnationOf(node);
  return other.name === name && other.number < incarnation;
}
