/** How accounts are written. */
import type { AccountChanges, AccountRecord, ChangeBasis, Credential } from '../accounts/account-book.js';
import { isStill } from '../accounts/change-basis.js';
import { credentialsOf, settingsOf } from './account-reads.js';
import { integerOf, textOf } from './columns.js';
import { ERASERS, SHELF_ERASERS } from './erase.js';
import { noteGone } from './gone-accounts.js';
import { eraseSaid } from './said.js';
import type { Tables } from './tables.js';
import type { WritersOf } from './tasks.js';

/** The results of a write to an account. */
export const ACCOUNT_RESULTS = { none: 0, done: 1, nameTaken: 2, certificateTaken: 3, full: 4, stale: 5 } as const;

export interface AccountWrites {
  /** Answers with one of {@link ACCOUNT_RESULTS}, as the others do. */
  readonly 'account-add': { readonly account: AccountRecord; readonly maxAccounts: number };
  readonly 'account-change': {
    readonly folded: string;
    readonly changes: AccountChanges;
    /** Another process may be of a version that gives none. */
    readonly basis?: ChangeBasis;
  };
  /**
   * Removes an account with everything that belongs to it, and the texts of its lines after `saidUpTo`. The lines up to
   * that have been erased before, and most of its shelf, so that no other write waits for all of it together. Lines
   * that are on their way are erased when they arrive.
   */
  readonly 'account-erase': { readonly folded: string; readonly saidUpTo: number };
}

export const accountWrites: WritersOf<AccountWrites> = {
  'account-add': (tables, { account, maxAccounts }) => {
    const { name, folded, createdMs, email, settings, suspendedMs } = account;
    dropExpired(tables, createdMs);
    if (idOf(tables, folded) !== null) return ACCOUNT_RESULTS.nameTaken;
    if (!areFree(tables, account.credentials, null)) return ACCOUNT_RESULTS.certificateTaken;
    const counted = tables.run('SELECT count(*) AS accounts FROM account').get() ?? {};
    if (integerOf(counted, 'accounts') >= maxAccounts) return ACCOUNT_RESULTS.full;
    tables
      .run(
        `INSERT INTO account(name, folded, created_ms, email, verified, settings, suspended_ms)
         VALUES(?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(name, folded, createdMs, email, 0, JSON.stringify(settings), suspendedMs);
    // A write may have been on its way when the earlier account was erased.
    for (const erase of SHELF_ERASERS) erase(tables, folded);
    // Rooms must not take it for the erased one.
    tables.run("DELETE FROM fact WHERE name = 'erased ' || ?").run(folded);
    const id = idOf(tables, folded) ?? 0;
    writeConfirmation(tables, id, account.confirmation);
    writeCredentials(tables, id, account.credentials, createdMs);
    return ACCOUNT_RESULTS.done;
  },
  'account-change': (tables, { folded, changes, basis = {} }) => {
    const row = tables.run('SELECT id, settings FROM account WHERE folded = ?').get(folded);
    if (row === undefined) return ACCOUNT_RESULTS.none;
    const id = integerOf(row, 'id');
    const account = { settings: settingsOf(textOf(row, 'settings')), credentials: credentialsOf(tables, id) };
    if (!isStill(account, basis)) return ACCOUNT_RESULTS.stale;
    const { email, settings, suspendedMs, confirmation, credentials } = changes;
    if (credentials !== undefined) {
      if (!areFree(tables, credentials, id)) return ACCOUNT_RESULTS.certificateTaken;
      writeCredentials(tables, id, credentials, Date.now());
    }
    if (email !== undefined) tables.run('UPDATE account SET email = ? WHERE id = ?').run(email, id);
    if (suspendedMs !== undefined) tables.run('UPDATE account SET suspended_ms = ? WHERE id = ?').run(suspendedMs, id);
    if (settings !== undefined) {
      tables.run('UPDATE account SET settings = ? WHERE id = ?').run(JSON.stringify(settings), id);
    }
    if (confirmation !== undefined) writeConfirmation(tables, id, confirmation);
    return ACCOUNT_RESULTS.done;
  },
  'account-erase': (tables, { folded, saidUpTo }) => {
    noteGone(tables, folded);
    eraseSaid(tables, folded, saidUpTo);
    for (const erase of ERASERS) erase(tables, folded);
    // Credentials and tokens are removed with it.
    const erased = tables.run('DELETE FROM account WHERE folded = ? RETURNING id').get(folded);
    return erased === undefined ? ACCOUNT_RESULTS.none : ACCOUNT_RESULTS.done;
  },
};

/** Removes the accounts whose code was not returned in time. They could not be used, so nothing belongs to them. */
function dropExpired(tables: Tables, nowMs: number): void {
  tables
    .run(
      `DELETE FROM account WHERE verified = 0
       AND id IN (SELECT account_id FROM token WHERE kind = 'verify' AND expires_ms <= ?)`,
    )
    .run(nowMs);
}

function idOf(tables: Tables, folded: string): number | null {
  const row = tables.run('SELECT id FROM account WHERE folded = ?').get(folded);
  return row === undefined ? null : integerOf(row, 'id');
}

/** Whether no other account has a certificate among these. */
function areFree(tables: Tables, credentials: readonly Credential[], id: number | null): boolean {
  const statement = tables.run("SELECT account_id FROM credential WHERE kind = 'certfp' AND data = ?");
  return credentials.every(({ kind, data }) => {
    const row = kind === 'certfp' ? statement.get(data) : undefined;
    return row === undefined || integerOf(row, 'account_id') === id;
  });
}

/** Credentials that are there already keep the time at which they were added. */
function writeCredentials(tables: Tables, id: number, credentials: readonly Credential[], atMs: number): void {
  const wanted = new Set(credentials.map(({ kind, data }) => `${kind} ${data}`));
  for (const row of tables.run('SELECT kind, data FROM credential WHERE account_id = ?').all(id)) {
    const [kind, data] = [textOf(row, 'kind'), textOf(row, 'data')];
    if (wanted.has(`${kind} ${data}`)) continue;
    tables.run('DELETE FROM credential WHERE account_id = ? AND kind = ? AND data = ?').run(id, kind, data);
  }
  const statement = tables.run(
    'INSERT OR IGNORE INTO credential(account_id, kind, data, created_ms) VALUES(?, ?, ?, ?)',
  );
  for (const { kind, data } of credentials) statement.run(id, kind, data, atMs);
}

function writeConfirmation(tables: Tables, id: number, confirmation: AccountRecord['confirmation']): void {
  tables.run("DELETE FROM token WHERE account_id = ? AND kind = 'verify'").run(id);
  tables.run('UPDATE account SET verified = ? WHERE id = ?').run(confirmation === null ? 1 : 0, id);
  if (confirmation === null) return;
  const { codeHash, expiresMs } = confirmation;
  tables
    .run("INSERT INTO token(id, account_id, kind, hash, expires_ms) VALUES(?, ?, 'verify', ?, ?)")
    .run(`verify ${id}`, id, Buffer.from(codeHash, 'hex'), expiresMs);
}
