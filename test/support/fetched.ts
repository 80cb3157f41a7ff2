/** Packages that tests fetch from npm once, into .cache/: they are too large for a dependency. */
import { DeadlineError } from './deadline.js';
import { projectPath, TestProcess } from './processes.js';

/** How long one may take, in milliseconds. */
export const FETCH_DEADLINE_MS = 120_000;

/**
 * Fetches a package, unless it is there.
 *
 * @param key - its name in scripts/lib/fetch.mjs
 * @returns its folder; undefined if it cannot be had: a slow network is no fault of fdmux, and the tests skip then
 */
export async function fetched(key: string): Promise<string | undefined> {
  const fetching = `import('${projectPath('scripts/lib/fetch.mjs')}')
    .then(async ({ fetchPackage }) => console.log(await fetchPackage('${key}')));`;
  const fetcher = new TestProcess(process.execPath, ['-e', fetching], { deadlineMs: FETCH_DEADLINE_MS });
  try {
    const { code, stdout } = await fetcher.ended();
    return code === 0 ? stdout.trim() : undefined;
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    fetcher.kill('SIGKILL');
    return undefined;
  } finally {
    await fetcher.dispose();
  }
}
