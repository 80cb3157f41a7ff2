/** The library that makes system calls of the addon fail, see fault-shim.c. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { runtime } from '../support/runtime.js';

/** How many of 10,000 calls a fault takes, by its name in fault-shim.c. */
export type Rates = Readonly<Record<string, number>>;

/**
 * What a kernel may answer at any time. Counts that are short are only lawful if the fd is reported again: with
 * edge-triggered epoll a kernel gives them only if a new edge will follow.
 */
export const ANY_TIME: Rates = {
  'accept-eintr': 500,
  'accept-aborted': 500,
  'recv-eintr': 300,
  'recv-enobufs': 100,
  'recv-enomem': 100,
  'send-eintr': 300,
  'send-enobufs': 200,
  'send-enomem': 100,
  'wait-eintr': 300,
  'close-eintr': 1000,
};

export const LEVEL_TRIGGERED: Rates = {
  ...ANY_TIME,
  'recv-short': 2000,
  'recv-eagain': 1500,
  'send-short': 2500,
  'send-eagain': 1500,
};

export interface FaultShim {
  /** The environment of a process whose addon gets these faults. */
  environment(rates: Rates, seed: number): Readonly<Record<string, string>>;
  /** The faults of these rates that no process has got yet. */
  missing(rates: Rates): readonly string[];
}

/** LD_PRELOAD is taken already under a sanitizer, and the library is made for the Node.js of this machine. */
export const hasShim =
  runtime === 'node' &&
  process.env['LD_PRELOAD'] === undefined &&
  process.env['FDMUX_TEST_PROGRAM'] === undefined &&
  spawnSync('gcc', ['--version']).status === 0;

/** Compiles the library for the group of tests that calls this; the report is that group's. */
export function faultShim(): FaultShim {
  let folder = '';
  beforeAll(() => {
    if (!hasShim) return;
    folder = mkdtempSync(join(tmpdir(), 'fdmux-faults-'));
    const args = ['-O2', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-o', join(folder, 'shim.so')];
    const { status, stderr } = spawnSync('gcc', [...args, join(__dirname, 'fault-shim.c'), '-ldl'], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
  });
  afterAll(() => {
    if (folder !== '') rmSync(folder, { recursive: true });
  });
  return {
    environment: (rates, seed) => ({
      LD_PRELOAD: join(folder, 'shim.so'),
      FDMUX_FAULTS: Object.entries(rates)
        .map(([name, rate]) => `${name}=${rate}`)
        .join(','),
      FDMUX_FAULT_SEED: String(seed),
      FDMUX_FAULT_REPORT: join(folder, 'report'),
    }),
    missing: (rates) => {
      const report = readFileSync(join(folder, 'report'), 'utf8');
      return Object.keys(rates).filter((name) => !new RegExp(`^${name} [1-9]`, 'm').test(report));
    },
  };
}
