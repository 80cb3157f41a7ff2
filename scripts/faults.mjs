/**
 * `npm run faults`: runs of several nodes of one chat while things break, each by a seed; it prints one line for each,
 * and for those that fail, also the faults and the messages. It takes root, for network namespaces.
 *
 *   --seed 7,12-15      which seeds (1)
 *   --broker postgres   which brokers: postgres, redis, and lossy-redis, which loses what it has acknowledged (all)
 *   --seconds 30        how long things break in each run (35)
 *   --nodes 3           how many nodes; 1 is a single server
 *   --dump FILE         writes what all clients saw to a file, as JSON
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ensure } from './lib/ensure.mjs';
import { at, root } from './lib/paths.mjs';
import { Problem, runMain } from './lib/progress.mjs';

const vitest = at('node_modules/vitest/vitest.mjs');

/** Reads `1,4-6`. */
function seedsOf(text) {
  return text.split(',').flatMap((part) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    if (first === undefined) throw new Problem(`--seed ${text}: numbers and ranges such as 1,4-6`);
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index);
  });
}

runMain(async () => {
  const text = { type: 'string' };
  const options = { seed: { ...text, default: '1' }, broker: text, seconds: text, nodes: text, dump: text };
  const { values } = parseArgs({ options });
  await ensure({ withStore: true });
  const settings = {
    FDMUX_FAULTS_SEED: seedsOf(values.seed).join(','),
    FDMUX_FAULTS_BROKER: values.broker,
    FDMUX_FAULTS_SECONDS: values.seconds,
    FDMUX_FAULTS_NODES: values.nodes,
    FDMUX_FAULTS_DUMP: values.dump,
  };
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  const { status } = spawnSync(process.execPath, [vitest, 'run', '--mode', 'long', 'test/faults/nodes'], {
    cwd: root,
    stdio: 'inherit',
    env: { FDMUX_DEADLINE_MS: '30000', ...process.env, ...given },
  });
  if (status !== 0) throw new Problem('a run has failed');
});
