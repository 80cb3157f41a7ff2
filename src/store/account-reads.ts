/** The questions about accounts. */
import type { AccountRecord, Confirmation, Credential, CredentialKind } from '../accounts/account-book.js';
import { bytesOf, integerOf, nullableOf, textOf } from './columns.js';
import type { Tables } from './tables.js';
import type { ReadersOf } from './tasks.js';

export interface AccountReads {
  /** An account by its name, or by a certificate. */
  readonly account: {
    readonly ask: { readonly folded: string } | { readonly certificate: string };
    readonly answer: AccountRecord | null;
  };
  /** The names of all accounts that are confirmed and keep their nick, in the order in which they were made. */
  readonly 'account-names': { readonly ask: null; readonly answer: readonly string[] };
}

export const accountReads: ReadersOf<AccountReads> = {
  account: (tables, ask) => {
    const row =
      'folded' in ask
        ? tables.run('SELECT * FROM account WHERE folded = ?').get(ask.folded)
        : tables
            .run(
              "SELECT * FROM account WHERE id = (SELECT account_id FROM credential WHERE kind = 'certfp' AND data = ?)",
            )
            .get(ask.certificate);
    return row === undefined ? null : accountOf(tables, row);
  },
  'account-names': (tables) =>
    tables
      .run(
        `SELECT name FROM account WHERE verified = 1 AND json_extract(settings, '$.enforce') IS NOT 'none' ORDER BY id`,
      )
      .all()
      .map((row) => textOf(row, 'name')),
};

function accountOf(tables: Tables, row: object): AccountRecord {
  const id = integerOf(row, 'id');
  return {
    ...accountFieldsOf(row),
    confirmation: integerOf(row, 'verified') === 1 ? null : confirmationOf(tables, id),
    credentials: credentialsOf(tables, id),
  };
}

/** The fields of an account that its row has, in every database. */
export function accountFieldsOf(row: object): Omit<AccountRecord, 'confirmation' | 'credentials'> {
  return {
    name: textOf(row, 'name'),
    folded: textOf(row, 'folded'),
    createdMs: integerOf(row, 'created_ms'),
    email: nullableOf(row, 'email', textOf),
    suspendedMs: nullableOf(row, 'suspended_ms', integerOf),
    settings: settingsOf(textOf(row, 'settings')),
  };
}

/** An account that is not confirmed, and has lost its code, can only be created again. */
export const LOST_CONFIRMATION: Confirmation = { codeHash: '0'.repeat(64), expiresMs: 0 };

function confirmationOf(tables: Tables, id: number): Confirmation {
  const row = tables.run("SELECT hash, expires_ms FROM token WHERE account_id = ? AND kind = 'verify'").get(id);
  if (row === undefined) return LOST_CONFIRMATION;
  return { codeHash: Buffer.from(bytesOf(row, 'hash')).toString('hex'), expiresMs: integerOf(row, 'expires_ms') };
}

/** Returns settings that were stored as JSON. */
export function settingsOf(text: string): Record<string, string> {
  const value: unknown = JSON.parse(text);
  const entries = Object.entries(typeof value === 'object' && value !== null ? value : {});
  return Object.fromEntries(entries.map(([key, setting]) => [key, String(setting)]));
}

const isCredentialKind = (kind: string): kind is CredentialKind => {
  return kind === 'scrypt' || kind === 'scram-sha-256' || kind === 'certfp';
};

/** The credentials of an account, in the order in which they were added. */
export function credentialsOf(tables: Tables, id: number): Credential[] {
  return tables
    .run('SELECT kind, data FROM credential WHERE account_id = ? ORDER BY rowid')
    .all(id)
    .flatMap(credentialIn);
}

/** The credential of a row; none if it is of a kind that a later version has. */
export function credentialIn(row: object): Credential[] {
  const kind = textOf(row, 'kind');
  return isCredentialKind(kind) ? [{ kind, data: textOf(row, 'data') }] : [];
}
