/** Removes what an account has said. */
import { integerOf, textOf } from './columns.js';
import { unindexLine } from './line-index.js';
import { blankEntry } from './line-writes.js';
import type { Tables } from './tables.js';

/**
 * Removes the words and the name of an account from all lines. These keep their places, so that those who page through
 * them lose none of the others.
 */
export function eraseSaid(tables: Tables, folded: string): void {
  const account = tables.run('SELECT name FROM account WHERE folded = ?').get(folded);
  eraseLines(tables, folded);
  if (account !== undefined && textOf(account, 'name') !== folded) eraseLines(tables, textOf(account, 'name'));
}

function eraseLines(tables: Tables, account: string): void {
  const rows = tables
    .run('SELECT line.id, log, name, seq, part FROM line JOIN log ON log.id = line.log WHERE account = ?')
    .all(account);
  for (const row of rows) {
    const id = integerOf(row, 'id');
    unindexLine(tables, id);
    if (textOf(row, 'name').startsWith('r:')) {
      blankEntry(tables, integerOf(row, 'log'), integerOf(row, 'seq'), integerOf(row, 'part'));
    }
    tables
      .run(`UPDATE line SET kind = 0, source = '', account = NULL, text = '', tags = NULL, object = NULL WHERE id = ?`)
      .run(id);
  }
}
