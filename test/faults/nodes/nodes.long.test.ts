/** Several nodes of one chat while everything breaks that can break. */
import { describe, expect, test } from 'vitest';
import { postgresProblem } from '../../support/postgres.js';
import { redisProblem } from '../../support/redis.js';
import type { Broker } from './broker.js';
import { type Network, networkProblem } from './network.js';
import { postgresOn } from './postgres-broker.js';
import { redisOn } from './redis-broker.js';
import { runTrial } from './trial.js';

/** `FDMUX_FAULTS_SEED` replays a seed, `FDMUX_FAULTS_SECONDS` says for how long things break. */
const { FDMUX_FAULTS_SEED, FDMUX_FAULTS_BROKER, FDMUX_FAULTS_SECONDS, FDMUX_FAULTS_NODES, FDMUX_FAULTS_LOGS } =
  process.env;
const all = new Set((FDMUX_FAULTS_BROKER ?? 'postgres,redis,lossy-redis').split(','));
const nodes = Number(FDMUX_FAULTS_NODES ?? 3);
const seconds = Number(FDMUX_FAULTS_SECONDS ?? 35);
const seedsOf = (own: readonly number[]): readonly number[] =>
  FDMUX_FAULTS_SEED === undefined ? own : FDMUX_FAULTS_SEED.split(',').map(Number);

interface Kind {
  readonly name: string;
  readonly problem: string | null;
  readonly start: (network: Network, machine: string) => Promise<Broker>;
  readonly isLossy?: boolean;
  readonly seeds: readonly number[];
}

const redis = { problem: redisProblem ?? postgresProblem };
const BROKERS: readonly Kind[] = [
  { name: 'postgres', problem: postgresProblem, start: postgresOn, seeds: [4, 5] },
  { name: 'redis', ...redis, start: (...where) => redisOn(...where, 'always'), seeds: [6] },
  { name: 'lossy-redis', ...redis, start: (...where) => redisOn(...where, 'everysec'), isLossy: true, seeds: [7] },
];

for (const { name, problem, start, seeds, isLossy = false } of BROKERS) {
  const reason = networkProblem ?? problem;
  describe.skipIf(reason !== null || !all.has(name))(`nodes on ${name} (${reason ?? 'seeds'})`, () => {
    test.each(seedsOf(seeds))('seed %i', { timeout: seconds * 1_000 + 300_000 }, async (seed) => {
      const { schedule, violations, figures, logs } = await runTrial({ seed, seconds, nodes, isLossy, broker: start });
      console.log(`seed ${seed} on ${name}: ${figures}\n${schedule}`);
      const story = violations.map(({ promise, text }) => `${promise} ${text}`);
      if (story.length > 0 || FDMUX_FAULTS_LOGS !== undefined) console.log(logs);
      expect(story, `FDMUX_FAULTS_SEED=${seed} replays this:\n${schedule}`).toEqual([]);
    });
  });
}
