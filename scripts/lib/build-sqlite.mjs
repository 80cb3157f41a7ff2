import { createRequire } from 'node:module';
import { compileAddon } from './build-native.mjs';
import { at } from './paths.mjs';
import { say } from './progress.mjs';

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

/** Compiles better-sqlite3, since npm runs no script of a package here (.npmrc). */
export async function buildSqlite() {
  say('compiling better-sqlite3, once: this takes a minute or two');
  await compileAddon({ folder: at('node_modules/better-sqlite3') });
}
