/** The first line of a recording: how the server was started. */
import { mergeConfig } from '../config/merge.js';
import { EMPTY_FILE } from '../config/schema.js';
import type { ServerConfig } from '../config/server-config.js';
import { isLike, RECORDING_VERSION } from './format.js';

/** The facts about a server whose recording starts. */
export interface Header {
  /** The version of the program. */
  readonly version: string;
  readonly node: string;
  /** Times of the day are in it. */
  readonly timeZone: string;
  readonly idPrefix: string;
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly configurationName: string;
  readonly config: ServerConfig;
}

/** The names of values that nobody may read in a recording. */
const SECRET = /password|passphrase|secret|token|^key$|^url$/i;
export const MASKED = '(masked)';
/** The arguments of this program may have the key of a mail service among them. */
const COMMAND = 'emailCommand';

/** The key of the entries of a map, which JSON cannot express. */
const MAP = '(map)';

/** Returns a value as JSON has it, without secrets. */
export function withoutSecrets(value: object): object {
  const copy: unknown = JSON.parse(
    JSON.stringify(value, (key, field: unknown) => {
      if (field instanceof Map) return { [MAP]: [...field] };
      if (key === COMMAND && Array.isArray(field)) return field.map((word: unknown, at) => (at === 0 ? word : MASKED));
      return SECRET.test(key) && typeof field === 'string' ? MASKED : field;
    }),
  );
  return typeof copy === 'object' && copy !== null ? copy : {};
}

/** Makes the maps again in a value from {@link withoutSecrets}, as JSON. */
export function parseWithMaps(json: string): unknown {
  return JSON.parse(json, (_, field: unknown) => {
    const entries: unknown = typeof field === 'object' && field !== null ? Reflect.get(field, MAP) : undefined;
    return Array.isArray(entries) ? new Map(entries.filter(isEntry)) : field;
  });
}

function isEntry(value: unknown): value is readonly [string, unknown] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string';
}

export function formatHeader(header: Header): string {
  return JSON.stringify({ fdmuxRecording: RECORDING_VERSION, ...withoutSecrets(header) });
}

const sampleConfig = (): ServerConfig =>
  mergeConfig(
    EMPTY_FILE,
    {},
    {
      motd: [],
      groups: new Map(),
      tls: { ofListeners: new Map(), ofFlags: null },
      domainTls: null,
    },
  );

/** Whether a value is a configuration, as far as that can be seen. */
export function isConfig(value: unknown): value is ServerConfig {
  return isLike(sampleConfig(), value);
}

/**
 * Parses the first line.
 *
 * @returns the header, or what is wrong with it
 */
export function parseHeader(line: string): Header | string {
  let value: unknown;
  try {
    value = parseWithMaps(line);
  } catch {
    return 'it is no recording of fdmux';
  }
  if (typeof value !== 'object' || value === null || !('fdmuxRecording' in value)) return 'it is no recording of fdmux';
  const { fdmuxRecording } = value;
  if (fdmuxRecording !== RECORDING_VERSION) {
    return `it is a recording of version ${String(fdmuxRecording)}; this program reads version ${RECORDING_VERSION}`;
  }
  const sample: Header = {
    ...{ version: '', node: '', timeZone: '', idPrefix: '', wallMs: 0, monotonicMs: 0, configurationName: '' },
    config: sampleConfig(),
  };
  if (isLike(sample, value)) return value;
  const version = 'version' in value ? String(value.version) : 'unknown';
  return `its first line is damaged, or this version of fdmux has other settings (it was recorded by ${version})`;
}
