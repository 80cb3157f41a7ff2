import { createRequire } from 'node:module';
import { compileAddon } from './build-native.mjs';
import { at } from './paths.mjs';
import { say } from './progress.mjs';
import { tryRun } from './run.mjs';

const require = createRequire(import.meta.url);

/** Whether this Node.js brings an SQLite with everything that the store needs. Asking the module itself would warn. */
function hasOwnSqlite() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major >= 24 || (major === 22 && minor >= 16);
}

/** Whether the store of the chat server has an SQLite: that of Node.js, or better-sqlite3 compiled for this Node.js. */
export function hasSqlite() {
  if (hasOwnSqlite()) return true;
  try {
    const Database = require('better-sqlite3');
    new Database(':memory:').close();
    return true;
  } catch {
    return false;
  }
}

/** How long the binary may take to arrive; compiling takes longer, and needs no network. */
const FETCH_LIMIT_MS = 20_000;

/**
 * Makes better-sqlite3 usable, since npm runs no script of a package here (.npmrc). Like that script it takes the
 * binary that its authors have compiled for this Node.js, or compiles one.
 */
export async function makeSqlite() {
  const folder = at('node_modules/better-sqlite3');
  if ((await fetchBinary(folder)) && hasSqlite()) return;
  say('compiling better-sqlite3, once: this takes a minute');
  await compileAddon({ folder });
}

/**
 * Fetches the binary of a copy of better-sqlite3: from its authors, or the mirror that
 * `npm_config_better_sqlite3_binary_host` names. @returns whether there is one now
 */
export async function fetchBinary(folder) {
  say('fetching the binary of better-sqlite3');
  const command = [at('node_modules/prebuild-install/bin.js')];
  const { ok } = await tryRun(process.execPath, command, { cwd: folder, timeoutMs: FETCH_LIMIT_MS });
  return ok;
}
