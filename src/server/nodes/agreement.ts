/** The agreement of all nodes of a chat on their common settings. */
import { randomInt } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { nameOf } from '../../chat/gone-nodes.js';
import type { SharedLog } from '../../log/shared-log.js';
import type { StoreAccess } from '../../store/store-access.js';
import { StoreError } from '../../store/store-error.js';
import { written } from '../../store/written.js';
import type { Log } from '../log.js';
import type { CommonSettings, Settings } from './common-settings.js';

/** The settings that are in force. */
interface Held extends CommonSettings {
  /** The processes that have agreed to them: one that has the name of another, and has just begun, has not. */
  readonly nodes: readonly string[];
}

/** The text that all nodes share in their store. */
export interface CommonText {
  /** Returns null before the first. */
  read(): Promise<string | null>;
  /** Replaces it if it is still as it was read. @returns whether it was */
  replace(before: string | null, after: string): Promise<boolean>;
  /** Returns the number of processes that have the store open. */
  sharers(): Promise<number>;
}

/** The arguments of {@link agree}. */
export interface AgreeParts {
  readonly common: CommonText;
  readonly logs: Pick<SharedLog, 'living'>;
  /** The process of this node, `name.incarnation`. It has a lease. */
  readonly node: string;
  readonly log: Log;
}

/** So often others may be quicker: all nodes may start at once. The longest wait after that, in milliseconds. */
const ATTEMPTS = 200;
const MAX_PAUSE_MS = 50;
/** So often a process is waited for that has the store, and no lease: one that starts takes it soon. */
const UNSEEN_ATTEMPTS = 40;
/** The longest value that is shown. */
const MAX_SHOWN = 80;

/**
 * Has a node agree with the others. While any of those that have agreed lives, its fixed settings are in force;
 * afterwards they are those of the next node that starts.
 *
 * @throws StoreError: ERR_NODE_SETTINGS if this node has others; ERR_STORE_CONNECTION if the store does not answer
 */
export async function agree({ common, logs, node, log }: AgreeParts, settings: CommonSettings): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    if (attempt > 1) await setTimeout(randomInt(1, MAX_PAUSE_MS));
    const before = await common.read();
    const held = before === null ? null : heldIn(before);
    const { others, areSeen } = held === null ? NOBODY : await livingOf(held, { common, logs, node });
    const keys = held === null || others.length === 0 ? [] : differing(held.fixed, settings.fixed);
    if (held !== null && keys.length > 0) {
      if (!areSeen && attempt < UNSEEN_ATTEMPTS) continue;
      throw refusal(keys, { held, settings, others });
    }
    const loose = held === null || others.length === 0 ? [] : differing(held.loose, settings.loose);
    const after: Held = { fixed: settings.fixed, loose: settings.loose, nodes: [...others, node].sort() };
    const text = JSON.stringify(after);
    if (text !== before && !(await common.replace(before, text))) continue;
    if (loose.length > 0) {
      const nodes = others.map(nameOf);
      log.warn('settings are not those that the other nodes have read last', { keys: loose, nodes });
    }
    return;
  }
  throw new StoreError('ERR_STORE_CONNECTION', 'the settings of all nodes change all the time');
}

/** The others that have agreed, and that live as far as is known. */
interface Others {
  readonly others: readonly string[];
  /** Whether their leases are seen. */
  readonly areSeen: boolean;
}

const NOBODY: Others = { others: [], areSeen: true };

async function livingOf(held: Held, { common, logs, node }: Omit<AgreeParts, 'log'>): Promise<Others> {
  const living = await logs.living();
  if (living === null) throw new StoreError('ERR_STORE_CONNECTION', 'the logs do not answer');
  const others = held.nodes.filter((other) => nameOf(other) !== nameOf(node));
  const seen = others.filter((other) => living.includes(other));
  // Nodes whose logs are elsewhere have their leases there, too. One that starts has none yet.
  if (seen.length > 0 || (await common.sharers()) <= living.length) return { others: seen, areSeen: true };
  return { others, areSeen: false };
}

function refusal(
  keys: readonly string[],
  { held, settings: { fixed }, others }: { held: Held; settings: CommonSettings; others: readonly string[] },
): StoreError {
  const what = keys.map((key) => `${key} is ${shown(fixed[key])} here, and ${shown(held.fixed[key])} there`);
  const names = others.map(nameOf).join(', ');
  return new StoreError(
    'ERR_NODE_SETTINGS',
    `this node cannot join those that run (${names}): ${what.join('; ')}. Give all nodes the same settings`,
  );
}

function shown(value = 'nothing'): string {
  return value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}...` : value;
}

/** Returns the keys whose values differ. A key of another version is in one of both only. */
function differing(held: Settings, own: Settings): string[] {
  return Object.keys(own).filter((key) => held[key] !== undefined && held[key] !== own[key]);
}

/** Returns the text of a store. */
export function commonTextOf(store: Pick<StoreAccess, 'read' | 'write'>): CommonText {
  return {
    read: () => store.read('common', null),
    sharers: () => store.read('sharers', null),
    replace: async (before, after) => (await written(store, { kind: 'common', before, after })) === 1,
  };
}

/** Returns the settings that a text has; null for a text that no node of this version has written. */
function heldIn(text: string): Held | null {
  const value: unknown = JSON.parse(text);
  const [fixed, loose, nodes] = ['fixed', 'loose', 'nodes'].map((key) => fieldOf(value, key));
  const areNames = Array.isArray(nodes) && nodes.every((name) => typeof name === 'string');
  return isSettings(fixed) && isSettings(loose) && areNames ? { fixed, loose, nodes } : null;
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function isSettings(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && Object.values(value).every((each) => typeof each === 'string');
}
