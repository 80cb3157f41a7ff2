/** The settings in which all nodes of a chat have to agree, and the way in which they do. */
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { nameOf } from '../../chat/gone-nodes.js';
import type { SharedLog } from '../../log/shared-log.js';
import type { StoreAccess } from '../../store/store-access.js';
import { StoreError } from '../../store/store-error.js';
import type { ServerConfig } from '../config/server-config.js';
import type { Log } from '../log.js';

/** Settings by their keys in the file, each as a text that can be compared and shown. */
type Settings = Readonly<Record<string, string>>;

/** The settings that a node has in common with the others. */
export interface CommonSettings {
  /** Nodes with others would reach other states, or show people another chat: each waits for a restart anyway. */
  readonly fixed: Settings;
  /** A reload applies these: they differ for as long as some nodes have read them and others have not. */
  readonly loose: Settings;
}

/** The settings that are in force. */
interface Held extends CommonSettings {
  /** The nodes that have agreed to them. */
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
  /** The name of this node, which has a lease. */
  readonly node: string;
  readonly log: Log;
}

/** So often another node may be quicker, and the wait after that, in milliseconds. */
const ATTEMPTS = 20;
const PAUSE_MS = 50;
/** The longest value that is shown. */
const MAX_SHOWN = 80;

/** Returns the settings of a node that others have to have, too. */
export function commonSettingsOf({ lobby, store, domain, cloak, irc }: ServerConfig): CommonSettings {
  const { history } = store ?? {};
  const { accounts, nickLength, topicLength, channelLength, maxMasks } = irc;
  const texts = (values: Readonly<Record<string, unknown>>): Settings =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, JSON.stringify(value)]));
  return {
    fixed: texts({
      nicks: irc.nicks,
      lobby,
      'server.name': irc.serverName,
      history: history === undefined ? null : { days: history.days, rooms: [...history.rooms].sort() },
      'store.logs': store?.kind === 'postgres' && store.logs !== null ? 'redis' : null,
      'domain.name': domain?.name ?? null,
      'domain.rooms': domain === null ? null : [...domain.rooms].sort(),
    }),
    loose: texts({
      // It has a secret.
      cloak:
        cloak &&
        createHash('sha256')
          .update(JSON.stringify([cloak.key, cloak.suffix]))
          .digest('hex')
          .slice(0, 12),
      limits: { nickLength, topicLength, channelLength, maxMasks },
      accounts: accounts && { ...accounts, emailCommand: null },
      reservedNicks: irc.reservedNicks,
      defaultChannelModes: irc.defaultChannelModes,
    }),
  };
}

/**
 * Has a node agree with the others. While any of those that have agreed lives, its fixed settings are in force;
 * afterwards they are those of the next node that starts.
 *
 * @throws StoreError: ERR_NODE_SETTINGS if this node has others; ERR_STORE_CONNECTION if the store does not answer
 */
export async function agree({ common, logs, node, log }: AgreeParts, settings: CommonSettings): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await common.read();
    const held = before === null ? null : heldIn(before);
    const others = held === null ? [] : await livingOf(held, { common, logs, node });
    if (held !== null && others.length > 0) refuseOthers(held, settings, others);
    const loose = held === null || others.length === 0 ? [] : differing(held.loose, settings.loose);
    const after: Held = { fixed: settings.fixed, loose: settings.loose, nodes: [...others, node].sort() };
    const text = JSON.stringify(after);
    if (text === before || (await common.replace(before, text))) {
      if (loose.length > 0) {
        log.warn('settings are not those that the other nodes have read last', { keys: loose, nodes: others });
      }
      return;
    }
    await setTimeout(PAUSE_MS);
  }
  throw new StoreError('ERR_STORE_CONNECTION', 'the settings of all nodes change all the time');
}

/** Returns the others that have agreed and live. */
async function livingOf(held: Held, { common, logs, node }: Omit<AgreeParts, 'log'>): Promise<readonly string[]> {
  const living = await logs.living();
  if (living === null) throw new StoreError('ERR_STORE_CONNECTION', 'the logs do not answer');
  const others = held.nodes.filter((name) => name !== node);
  const alive = new Set(living.map(nameOf));
  const found = others.filter((name) => alive.has(name));
  // Nodes whose logs are elsewhere have their leases there, too.
  if (found.length > 0 || (await common.sharers()) < 2) return found;
  return others;
}

function refuseOthers(held: Held, { fixed }: CommonSettings, others: readonly string[]): void {
  const keys = differing(held.fixed, fixed);
  if (keys.length === 0) return;
  const what = keys.map((key) => `${key} is ${shown(fixed[key])} here, and ${shown(held.fixed[key])} there`);
  throw new StoreError(
    'ERR_NODE_SETTINGS',
    `this node cannot join those that run (${others.join(', ')}): ${what.join('; ')}. Give all nodes the same settings`,
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
    replace: (before, after) =>
      new Promise((resolve, reject) => {
        store.write(
          { kind: 'common', before, after },
          {
            written: (count) => {
              resolve(count === 1);
            },
            failed: ({ code, message }) => {
              reject(new StoreError(code, message));
            },
          },
        );
      }),
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
