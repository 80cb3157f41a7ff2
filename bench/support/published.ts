/** All that is published of all suites. */
import { join } from 'node:path';
import { type IrcRun, ircRunSchema } from '../irc/report.js';
import { type LogResults, readLogResults } from '../log/report.js';
import { readStoreResults, type StoreResults } from '../store/report.js';
import { type TransportRun, transportRunSchema } from '../transports/report.js';
import { readUpgrades, type UpgradeResults } from '../upgrade/report.js';
import { type ImportsResults, readImports } from './imports-report.js';
import { INSTRUCTIONS_DATA, type InstructionsResults, readInstructions } from './instructions-report.js';
import { type Run, runSchema } from './load.js';
import type { Measured } from './measured.js';
import { readResults, type Results } from './results.js';
import { readThreads, type ThreadsResults } from './threads-report.js';
import { readWaits, type WaitsResults } from './waits-report.js';

/** The raw data, suite by suite. */
export interface Published {
  readonly servers: Results<Run>;
  readonly irc: Results<IrcRun>;
  readonly transports: Results<TransportRun>;
  readonly store: StoreResults;
  readonly waits: WaitsResults;
  readonly imports: ImportsResults;
  readonly threads: ThreadsResults;
  readonly log: LogResults;
  readonly upgrade: UpgradeResults;
  readonly instructions: InstructionsResults;
}

/** The files with the raw data. */
export const RAW_DATA = [
  ...['results.json', 'irc.json', 'transports.json'],
  ...['store.json', 'waits.json', 'imports.json', 'threads.json', 'log.json', 'upgrade.json'],
  ...Object.values(INSTRUCTIONS_DATA),
];

/** Reads the results in a folder. @throws if it cannot be read */
export function readPublished(folder: string): Published {
  return {
    servers: readResults(join(folder, 'results.json'), runSchema),
    irc: readResults(join(folder, 'irc.json'), ircRunSchema),
    transports: readResults(join(folder, 'transports.json'), transportRunSchema),
    store: readStoreResults(folder),
    waits: readWaits(folder),
    imports: readImports(folder),
    threads: readThreads(folder),
    log: readLogResults(folder),
    upgrade: readUpgrades(folder),
    instructions: readInstructions(folder),
  };
}

/** Returns the time, the place and the subject of each figure. */
export function occasionsOf(published: Published): Measured[] {
  const { servers, irc, transports, store, waits, imports, threads, log, upgrade, instructions } = published;
  const inResults = ({ answers, memory }: Results<unknown>): Measured[] =>
    [...answers, ...(memory === null ? [] : [memory])].flatMap(({ measured }) => Object.values(measured));
  const parts: readonly ({ readonly measured: Measured } | undefined)[] = [
    ...[store.rate, store.echo, store.unkept, store.search],
    ...[waits.calls, waits.idle, waits.latency, waits.allocation],
    ...[imports.loading, threads.threads, threads.growth],
    ...[log.append, log.see, log.packs, log.servers, log.loss, upgrade.silence],
  ];
  return [
    ...[servers, irc, transports, instructions.servers, instructions.irc].flatMap(inResults),
    ...parts.flatMap((part) => (part === undefined ? [] : [part.measured])),
  ];
}
