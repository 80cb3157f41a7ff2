/** Accounts in PostgreSQL. */
import type { AccountRecord, Confirmation, Credential } from '../../accounts/account-book.js';
import { isStill } from '../../accounts/change-basis.js';
import { accountFieldsOf, credentialIn, LOST_CONFIRMATION, settingsOf } from '../account-reads.js';
import { ACCOUNT_RESULTS } from '../account-writes.js';
import { integerOf, textOf } from '../columns.js';
import { noteGone } from './gone-parts.js';
import { dropShelf, eraseSaid } from './line-parts.js';
import type { Run } from './link.js';
import type { PostgresReaders, PostgresWriters } from './parts.js';

/** A number that only programs that add accounts use: one at a time counts accounts and compares names. */
const LOCK = 0x66646d79;

const ADD = `INSERT INTO account(name, folded, created_ms, email, verified, settings, suspended_ms)
  VALUES($1, $2, $3, $4, 0, $5, $6) RETURNING id`;
const DROP_EXPIRED = `DELETE FROM account WHERE verified = 0
  AND id IN (SELECT account_id FROM token WHERE kind = 'verify' AND expires_ms <= $1)`;
const DROP_OTHERS = `DELETE FROM credential WHERE account_id = $1
  AND (kind, data) NOT IN (SELECT * FROM unnest($2::text[], $3::text[]))`;
const ADD_CREDENTIALS = `INSERT INTO credential(account_id, kind, data, created_ms)
  SELECT $1, kind, data, $4 FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS given(kind, data, place)
  ORDER BY place ON CONFLICT (account_id, kind, data) DO NOTHING`;
const TAKEN = `SELECT id FROM credential WHERE kind = 'certfp' AND data = ANY($1) AND account_id <> $2`;
const SET_TOKEN = "INSERT INTO token(id, account_id, kind, hash, expires_ms) VALUES($1, $2, 'verify', $3, $4)";
const NOTE_ERASED = `INSERT INTO fact(name, value) SELECT 'erased ' || folded, name FROM account WHERE folded = $1
  ON CONFLICT (name) DO UPDATE SET value = excluded.value`;

export const accountWriters: PostgresWriters<'account-add' | 'account-change' | 'account-erase'> = {
  'account-add': async (run, { account, maxAccounts }) => {
    const { name, folded, createdMs, email, settings, suspendedMs } = account;
    await run({ text: 'SELECT pg_advisory_xact_lock($1)', values: [LOCK] });
    await run({ text: DROP_EXPIRED, values: [createdMs] });
    if ((await idOf(run, folded)) !== null) return ACCOUNT_RESULTS.nameTaken;
    if (!(await areFree(run, account.credentials, 0))) return ACCOUNT_RESULTS.certificateTaken;
    const [counted = {}] = await run({ text: 'SELECT count(*) AS accounts FROM account' });
    if (integerOf(counted, 'accounts') >= maxAccounts) return ACCOUNT_RESULTS.full;
    const values = [name, folded, createdMs, email, JSON.stringify(settings), suspendedMs];
    const [row = {}] = await run({ text: ADD, values });
    // A write may have been on its way when the earlier account was erased.
    await eraseShelves(run, folded);
    // Rooms must not take it for the erased one.
    await run({ text: 'DELETE FROM fact WHERE name = $1', values: [`erased ${folded}`] });
    const id = integerOf(row, 'id');
    await writeConfirmation(run, id, account.confirmation);
    await writeCredentials(run, id, account.credentials, createdMs);
    return ACCOUNT_RESULTS.done;
  },
  'account-change': async (run, { folded, changes, basis = {} }) => {
    // Locked, so that two nodes that derive a change from the same account come one after the other.
    const [row] = await run({
      text: 'SELECT id, settings FROM account WHERE folded = $1 FOR UPDATE',
      values: [folded],
    });
    if (row === undefined) return ACCOUNT_RESULTS.none;
    const id = integerOf(row, 'id');
    const account = { settings: settingsOf(textOf(row, 'settings')), credentials: await credentialsOf(run, id) };
    if (!isStill(account, basis)) return ACCOUNT_RESULTS.stale;
    const { email, settings, suspendedMs, confirmation, credentials } = changes;
    if (credentials !== undefined) {
      if (!(await areFree(run, credentials, id))) return ACCOUNT_RESULTS.certificateTaken;
      await writeCredentials(run, id, credentials, Date.now());
    }
    const set = (column: string, value: string | number | null): Promise<unknown> =>
      run({ text: `UPDATE account SET ${column} = $2 WHERE id = $1`, values: [id, value] });
    if (email !== undefined) await set('email', email);
    if (suspendedMs !== undefined) await set('suspended_ms', suspendedMs);
    if (settings !== undefined) await set('settings', JSON.stringify(settings));
    if (confirmation !== undefined) await writeConfirmation(run, id, confirmation);
    return ACCOUNT_RESULTS.done;
  },
  'account-erase': async (run, { folded, saidUpTo }) => {
    const [account] = await run({ text: 'SELECT name FROM account WHERE folded = $1 FOR UPDATE', values: [folded] });
    if (account === undefined) return ACCOUNT_RESULTS.none;
    const name = textOf(account, 'name');
    await run({ text: NOTE_ERASED, values: [folded] });
    await noteGone(run, folded, name);
    await run({ text: 'DELETE FROM member WHERE account = $1', values: [name] });
    await eraseShelves(run, folded);
    await eraseSaid(run, folded, saidUpTo);
    // Credentials and tokens are removed with it.
    await run({ text: 'DELETE FROM account WHERE folded = $1', values: [folded] });
    return ACCOUNT_RESULTS.done;
  },
};

export const accountReaders: PostgresReaders<'account' | 'account-names'> = {
  account: async (run, ask) => {
    const [row] =
      'folded' in ask
        ? await run({ text: 'SELECT * FROM account WHERE folded = $1', values: [ask.folded] })
        : await run({
            text: `SELECT * FROM account
              WHERE id = (SELECT account_id FROM credential WHERE kind = 'certfp' AND data = $1)`,
            values: [ask.certificate],
          });
    return row === undefined ? null : accountOf(run, row);
  },
  'account-names': async (run) => {
    const text = `SELECT name FROM account
      WHERE verified = 1 AND settings::jsonb ->> 'enforce' IS DISTINCT FROM 'none' ORDER BY id`;
    return (await run({ text })).map((row) => textOf(row, 'name'));
  },
};

/** Erases data that only the account's owner may read, and nobody who registers the name later. */
async function eraseShelves(run: Run, folded: string): Promise<void> {
  await run({ text: 'DELETE FROM marker WHERE owner = $1', values: [folded] });
  await dropShelf(run, `a:${folded}`);
}

async function idOf(run: Run, folded: string): Promise<number | null> {
  const [row] = await run({ text: 'SELECT id FROM account WHERE folded = $1', values: [folded] });
  return row === undefined ? null : integerOf(row, 'id');
}

/** Whether no other account has a certificate among these. */
async function areFree(run: Run, credentials: readonly Credential[], id: number): Promise<boolean> {
  const certificates = credentials.filter(({ kind }) => kind === 'certfp').map(({ data }) => data);
  return (await run({ text: TAKEN, values: [certificates, id] })).length === 0;
}

/** Credentials that are there already keep the time at which they were added. */
async function writeCredentials(run: Run, id: number, wanted: readonly Credential[], atMs: number): Promise<void> {
  const kinds = wanted.map(({ kind }) => kind);
  const data = wanted.map((credential) => credential.data);
  await run({ text: DROP_OTHERS, values: [id, kinds, data] });
  await run({ text: ADD_CREDENTIALS, values: [id, kinds, data, atMs] });
}

async function writeConfirmation(run: Run, id: number, confirmation: Confirmation | null): Promise<void> {
  await run({ text: "DELETE FROM token WHERE account_id = $1 AND kind = 'verify'", values: [id] });
  await run({ text: 'UPDATE account SET verified = $2 WHERE id = $1', values: [id, confirmation === null ? 1 : 0] });
  if (confirmation === null) return;
  const { codeHash, expiresMs } = confirmation;
  await run({ text: SET_TOKEN, values: [`verify ${id}`, id, codeHash, expiresMs] });
}

async function accountOf(run: Run, row: object): Promise<AccountRecord> {
  const id = integerOf(row, 'id');
  return {
    ...accountFieldsOf(row),
    confirmation: integerOf(row, 'verified') === 1 ? null : await confirmationOf(run, id),
    credentials: await credentialsOf(run, id),
  };
}

async function confirmationOf(run: Run, id: number): Promise<Confirmation> {
  const text = "SELECT hash, expires_ms FROM token WHERE account_id = $1 AND kind = 'verify'";
  const [row] = await run({ text, values: [id] });
  if (row === undefined) return LOST_CONFIRMATION;
  return { codeHash: textOf(row, 'hash'), expiresMs: integerOf(row, 'expires_ms') };
}

async function credentialsOf(run: Run, id: number): Promise<Credential[]> {
  const rows = await run({ text: 'SELECT kind, data FROM credential WHERE account_id = $1 ORDER BY id', values: [id] });
  return rows.flatMap(credentialIn);
}
