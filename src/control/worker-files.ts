/** The files of workers in their data folder. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The socket on which a worker takes requests. */
export const controlFileOf = (worker: string): string => `${worker}.sock`;
/** The socket on which a worker lends its listening sockets. */
export const lendingFileOf = (worker: string): string => `${worker}.fds`;
/** The file of that socket before it takes the place of another process's. */
export const nextLendingFileOf = (worker: string): string => `${worker}.next`;
/** The socket on which the control process lends a worker new listening sockets, during a reload. */
export const loanFileOf = (worker: string): string => `${worker}.new`;

/** The name of a worker, counted from 1. */
export const workerName = (number: number): string => `w${number}`;

/** Returns the names of the workers that have files in a folder, running or not. */
export function workersIn(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((file) => /^(w\d+)\.fds$/.exec(file)?.[1] ?? []);
}

/** Removes the files that a killed worker has left. */
export function removeFilesOf(folder: string, worker: string): void {
  for (const fileOf of [controlFileOf, lendingFileOf, nextLendingFileOf, loanFileOf]) {
    rmSync(join(folder, fileOf(worker)), { force: true });
  }
}
