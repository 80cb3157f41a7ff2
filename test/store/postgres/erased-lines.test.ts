import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { StoredAccounts } from '../../../src/store/stored-accounts.js';
import { written } from '../../../src/store/written.js';
import { accountOf } from '../../accounts/book.js';
import { within } from '../../support/deadline.js';
import { saidAt } from '../../support/history-lines.js';
import { describeErasedLines } from '../erased-lines.js';
import { describePostgres } from './with-postgres.js';

const CONTENT = `SELECT string_agg(row_to_json(line)::text, '\n') FROM fdmux.line
  UNION ALL SELECT string_agg(body, '\n') FROM fdmux.pack UNION ALL SELECT string_agg(name, '\n') FROM fdmux.log`;

describePostgres((database) => {
  beforeEach(() => database.clear());

  const content = async (): Promise<string> => JSON.stringify((await database.admin.query(CONTENT)).rows);

  describe('for one server', () => {
    describeErasedLines(async () => {
      const { store, logs } = await database.open();
      return { store, other: store, logs, content };
    });
  });

  describe('for nodes', () => {
    describeErasedLines(async () => {
      const { store, logs } = await database.open({ isShared: true });
      const { store: other } = await database.open({ isShared: true });
      return { store, other, logs, content };
    });
  });

  // A ban waits for the lock on its table, and so does everything that is written with it.
  const ban = {
    kind: 'ban',
    ban: { kind: 'users', mask: '*@x', reason: '', by: 'b', atMs: 1, untilMs: null },
  } as const;
  const line = { ...saidAt(1), account: 'Ann', text: 'a secret word' };

  const writes = {
    line: { kind: 'line', shelf: 'r:#a', line },
    mark: { kind: 'mark', owner: 'ann', target: '#a', atMs: 5 },
  } as const;

  test.each([
    ['line', 'before'],
    ['line', 'after'],
    ['mark', 'before'],
    ['mark', 'after'],
  ] as const)(
    'a %s that is written by one node just %s the account is erased by another leaves nothing',
    async (what, when) => {
      const { store } = await database.open({ isShared: true });
      const { store: other } = await database.open({ isShared: true });
      await new StoredAccounts(store).add(accountOf('Ann'), 10);
      const holder = await database.server.connect();
      onTestFinished(() => holder.end());
      const say = (): Promise<number> => written(other, writes[what]);
      const erase = (): Promise<number> => written(store, { kind: 'account-erase', folded: 'ann', saidUpTo: 0 });
      await holder.query('BEGIN');
      await holder.query('LOCK TABLE fdmux.ban IN SHARE MODE');
      const isFirst = when === 'before';
      const begun = [isFirst ? say() : erase(), written(isFirst ? other : store, ban)];
      await database.whenLocked(1);
      begun.push(isFirst ? erase() : say());
      await database.whenLocked(2);
      await holder.query('COMMIT');
      await within(Promise.all(begun), 'the line and the erasure');
      const text = "SELECT kind, account, text FROM fdmux.line UNION ALL SELECT 9, owner, '' FROM fdmux.marker";
      const { rows } = await database.admin.query<object>(text);
      expect(rows).toEqual(what === 'line' ? [{ kind: 0, account: null, text: '' }] : []);
    },
  );
});
