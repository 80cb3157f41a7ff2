import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { say } from './progress.mjs';

/**
 * Runs a function that calls Zig, with caches of its own below `folder`: one that others share can be damaged by them.
 * Zig takes a damaged cache for granted and fails for ever, so a failure empties the caches and tries once more.
 *
 * @template T
 * @param {string} folder
 * @param {(env: Record<string, string>) => Promise<T>} run gets the variables that name the caches
 * @returns {Promise<T>}
 */
export async function withZigCaches(folder, run) {
  const env = { ZIG_GLOBAL_CACHE_DIR: join(folder, 'global'), ZIG_LOCAL_CACHE_DIR: join(folder, 'local') };
  try {
    return await run(env);
  } catch (error) {
    say(`${error.message}\ntrying once more with empty Zig caches`);
    rmSync(folder, { recursive: true, force: true });
    return run(env);
  }
}
