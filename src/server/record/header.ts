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
const SECRET = /password|passphrase|secret|token|^key$/i;
export const MASKED = '(masked)';

/** Returns a value as JSON has it, without secrets. */
export function withoutSecrets(value: object): object {
  const copy: unknown = JSON.parse(
    JSON.stringify(value, (key, field: unknown) => (SECRET.test(key) && typeof field === 'string' ? MASKED : field)),
  );
  return typeof copy === 'object' && copy !== null ? copy : {};
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
    value = JSON.parse(line);
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
