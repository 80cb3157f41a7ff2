/** The time, the place and the subject of a measurement. */
import { spawnSync } from 'node:child_process';
import { loadavg } from 'node:os';
import * as v from 'valibot';
import { machineInWords } from './machine.js';
import { root } from './tools.js';

/** The circumstances of a figure. Compare only figures with the same ones. */
export interface Measured {
  /** Date and time, UTC: `2026-11-21 08:23`. */
  readonly on: string;
  readonly machine: string;
  readonly rounds: number;
  /** How long one measurement took; nothing if that is not chosen. */
  readonly seconds?: number | undefined;
  /** The commit that was measured; nothing if the files were not those of a commit, or in an early result. */
  readonly commit?: string | undefined;
  /** How many processes ran or waited for a core, as a mean over the minute before. */
  readonly load?: number | undefined;
  /** A peer's version and how it was started; results of an early time may have none. */
  readonly server?: string | undefined;
}

/** The circumstances as they are published. */
export const measuredSchema: v.GenericSchema<unknown, Measured> = v.strictObject({
  on: v.string(),
  machine: v.string(),
  rounds: v.number(),
  seconds: v.optional(v.number()),
  commit: v.optional(v.string()),
  load: v.optional(v.number()),
  server: v.optional(v.string()),
});

/** The answers to one question as they are published. */
export const answered = <Answers>(answers: v.GenericSchema<unknown, Answers>) =>
  v.strictObject({ measured: measuredSchema, answers });

/** The files that decide the measurements: pages and results may change while a suite runs. */
const MEASURED_FILES = ['src', 'native', 'web', 'bench', 'scripts', 'binding.gyp', 'package.json', 'package-lock.json'];

/** Returns the circumstances of a suite that begins now. */
export function measuredNow({ rounds, seconds }: Pick<Measured, 'rounds' | 'seconds'>): Measured {
  const on = new Date().toISOString().slice(0, 16).replace('T', ' ');
  const load = Math.round(100 * (loadavg()[0] ?? 0)) / 100;
  return { on, machine: machineInWords, rounds, seconds, commit: commitHere(), load };
}

/** Returns the commit of this checkout; undefined if its files are not those of a commit. */
function commitHere(): string | undefined {
  const git = (...words: readonly string[]) => spawnSync('git', words, { cwd: root, encoding: 'utf8' });
  const changes = git('status', '--porcelain', '--', ...MEASURED_FILES);
  const head = git('rev-parse', '--short=10', 'HEAD');
  const isOfCommit = changes.status === 0 && changes.stdout === '' && head.status === 0;
  return isOfCommit ? head.stdout.trim() : undefined;
}

/** For example `2026-11-21 08:23: AMD EPYC, 2 cores; Linux 6.18; Node.js v20.20.2; 5 x 1 s; commit 2fc1808`. */
export function occasionOf({ on, machine, rounds, seconds, commit, load }: Measured): string {
  return [
    `${on}: ${machine}`,
    seconds === undefined ? `${rounds} ${rounds === 1 ? 'round' : 'rounds'}` : `${rounds} x ${seconds} s`,
    ...(commit === undefined ? [] : [`commit ${commit}`]),
    ...(load === undefined ? [] : [`load average before: ${load.toFixed(1)}`]),
  ].join('; ');
}
