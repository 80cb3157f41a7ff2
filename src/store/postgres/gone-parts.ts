/** The accounts in PostgreSQL that were erased a short while ago: lines of theirs may still be on their way. */
import { integerOf, nullableOf, textOf } from '../columns.js';
import { ownerOf } from '../gone-accounts.js';
import type { Writes } from '../tasks.js';
import type { Run } from './link.js';
import type { PostgresWriters } from './parts.js';

const MARK = 'gone ';

const NOTE = `INSERT INTO fact(name, value)
  SELECT DISTINCT '${MARK}' || form, json_build_object('folded', $1::text, 'atMs', $2::bigint)::text
  FROM unnest(ARRAY[$1::text, $3::text]) AS given(form) ON CONFLICT (name) DO UPDATE SET value = excluded.value`;
const DROP = `DELETE FROM fact
  WHERE CASE WHEN name LIKE '${MARK}%' THEN (value::json ->> 'atMs')::bigint < $1 END RETURNING name`;

/** The marks with these names, and since when there has been another account with the name of that one. */
export const FIND_GONE = `SELECT fact.name, created_ms FROM fact
  LEFT JOIN account ON account.folded = value::json ->> 'folded' WHERE fact.name`;

export const goneWriters: PostgresWriters<'gone-drop'> = {
  'gone-drop': async (run, { beforeMs }) => (await run({ text: DROP, values: [beforeMs] })).length,
};

/** Notes that an account is erased, by its name and the folded one. */
export async function noteGone(run: Run, folded: string, name: string): Promise<void> {
  await run({ text: NOTE, values: [folded, Date.now(), name] });
}

/** Returns the names of the marks that the accounts of some lines would have. */
export function marksOf(lines: readonly Writes['line'][]): string[] {
  const names = lines.flatMap(({ shelf, line }) => [ownerOf(shelf), line.account]);
  return [...new Set(names)].flatMap((name) => (name === null ? [] : `${MARK}${name}`));
}

/** The erased accounts among those of some lines. */
export class GoneAccounts {
  /** Until when something is of the erased one, by the names of the marks. */
  readonly #untilMs: ReadonlyMap<string, number>;

  /** @param rows - those of {@link FIND_GONE} */
  constructor(rows: readonly object[]) {
    this.#untilMs = new Map(
      rows.map((row) => [textOf(row, 'name'), nullableOf(row, 'created_ms', integerOf) ?? Infinity]),
    );
  }

  /** Whether something is of an account that has been erased. @param name - null for nobody's */
  hasHad(name: string | null, atMs: number): boolean {
    return name !== null && atMs < (this.#untilMs.get(`${MARK}${name}`) ?? 0);
  }
}
