/** The facts that a Redis server reports about itself, and whether they are enough to keep acknowledged writes. */
import { StoreError } from '../store-error.js';
import type { Command } from './driver.js';
import { isForbidden } from './redis-error.js';
import { listIn, type Reply, textIn } from './reply.js';

/**
 * The loss when the machine of the server loses its power: with `always`, nothing that was acknowledged; with
 * `everysec`, at most the last second; with `none`, any part of it; with `unknown`, the server does not say.
 */
export type RedisDurability = 'always' | 'everysec' | 'none' | 'unknown';

/** The facts that a server reports about itself. */
export interface ServerFacts {
  readonly durability: RedisDurability;
  /** Names the process that serves; null if the server does not say. */
  readonly runId: string | null;
}

/** The first version with everything that the scripts need. */
const MIN_VERSION = [6, 2] as const;

const HOW = 'set "appendonly yes", or accept with "allowLoss" that acknowledged messages can be lost';

/**
 * Asks a server how durable it is, and which process it is.
 *
 * @param allowLoss - whether it may be one that loses what it has acknowledged
 * @throws StoreError: ERR_STORE_ENGINE if it cannot have the logs, ERR_STORE_DURABILITY if it would lose them,
 * ERR_STORE_CONNECTION if it does not take writes at the moment; errors of the server
 */
export async function examine(run: (command: Command) => Promise<Reply>, allowLoss: boolean): Promise<ServerFacts> {
  const facts = await run(['INFO']).then(factsOf, (error: unknown) => {
    if (isForbidden(error)) return null;
    throw error;
  });
  if (facts !== null) demand(facts);
  const durability = facts === null ? 'unknown' : facts.get('aof_enabled') === '1' ? await askFsync(run) : 'none';
  if (allowLoss || durability === 'always' || durability === 'everysec') {
    return { durability, runId: facts?.get('run_id') ?? null };
  }
  const said = facts === null ? 'INFO is refused' : 'CONFIG GET appendfsync is refused';
  const why =
    durability === 'unknown'
      ? `the Redis server does not say whether it keeps what it acknowledges (${said})`
      : 'the Redis server does not keep what it acknowledges ("appendonly" or "appendfsync" is "no")';
  throw new StoreError('ERR_STORE_DURABILITY', `${why}: ${HOW}`);
}

/** https://redis.io/docs/latest/commands/info/: lines of a name and a value */
function factsOf(reply: Reply): ReadonlyMap<string, string> {
  const lines = textIn(reply).split('\r\n');
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

async function askFsync(run: (command: Command) => Promise<Reply>): Promise<RedisDurability> {
  try {
    const [, value] = listIn(await run(['CONFIG', 'GET', 'appendfsync']));
    const policy = textIn(value);
    return policy === 'always' || policy === 'everysec' ? policy : 'none';
  } catch (error) {
    if (isForbidden(error)) return 'unknown';
    throw error;
  }
}

function demand(facts: ReadonlyMap<string, string>): void {
  const version = facts.get('redis_version') ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < MIN_VERSION[0] || (major === MIN_VERSION[0] && minor < MIN_VERSION[1])) {
    throw new StoreError(
      'ERR_STORE_ENGINE',
      `Redis ${MIN_VERSION.join('.')} or later is needed, and this is ${version}`,
    );
  }
  if (facts.get('cluster_enabled') === '1') {
    throw new StoreError('ERR_STORE_ENGINE', 'the logs cannot be in a Redis Cluster: use a single server');
  }
  const policy = facts.get('maxmemory_policy') ?? '';
  if (policy.startsWith('allkeys-')) {
    const advice = 'set "maxmemory-policy noeviction"';
    throw new StoreError(
      'ERR_STORE_DURABILITY',
      `the Redis server removes keys (${policy}) when memory is short: ${advice}`,
    );
  }
  if (facts.get('loading') === '1') throw new StoreError('ERR_STORE_CONNECTION', 'the Redis server is still loading');
  if (facts.get('role') === 'slave') {
    throw new StoreError('ERR_STORE_CONNECTION', 'the Redis server is a replica, which takes no writes');
  }
}
