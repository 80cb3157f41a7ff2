/** The files of workers in the folder of their data. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The socket on which a worker is asked for something. */
export const controlFileOf = (worker: string): string => `${worker}.sock`;
/** The socket on which a worker lends those that it listens on. */
export const lendingFileOf = (worker: string): string => `${worker}.fds`;

/** The name of a worker, counted from 1. */
export const workerName = (number: number): string => `w${number}`;

/** Returns the names of the workers that have files in a folder, running or not. */
export function workersIn(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((file) => /^(w\d+)\.fds$/.exec(file)?.[1] ?? []);
}

/** Removes what a worker has left that was killed. */
export function removeFilesOf(folder: string, worker: string): void {
  for (const file of [controlFileOf(worker), lendingFileOf(worker)]) rmSync(join(folder, file), { force: true });
}
