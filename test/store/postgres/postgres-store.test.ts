import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { readLatest } from '../../../src/store/postgres/latest-lines.js';
import type { StoreAccess } from '../../../src/store/store-access.js';
import type { Failure } from '../../../src/store/store-error.js';
import { StoredAccounts } from '../../../src/store/stored-accounts.js';
import { StoredHistory } from '../../../src/store/stored-history.js';
import { StoredMarkers } from '../../../src/store/stored-markers.js';
import { accountOf, describeBook } from '../../accounts/book.js';
import { startServer } from '../../cli/chat-server.js';
import { compareStored } from '../../history/compare.js';
import { Answers } from '../../log/contract.js';
import { mark } from '../../log/entries.js';
import { ask, client, configuration, stop } from '../../server/keeping.js';
import { until } from '../../support/deadline.js';
import { saidAt } from '../../support/history-lines.js';
import { packagePath } from '../../support/processes.js';
import { settled } from '../../support/stores.js';
import { temporaryFolder } from '../../support/temporary.js';
import { recordByClocks } from '../clocks.js';
import { appendWhileFull } from '../full-history.js';
import { describePostgres, type OpenedStore } from './with-postgres.js';

const ROOM = 'r:#a';
const sight = { hasEvents: true, ranks: 0, source: '', sinceMs: 0 };
const range = { kind: 'between', after: null, before: null, end: 'newest' } as const;
const all = { shelf: ROOM, peer: null, range, limit: 100, sight } as const;
const places = [{ shelf: ROOM, peer: null, sight }] as const;
const wanted = { places, from: null, after: null, before: null, end: 'newest', limit: 10 } as const;

describePostgres((database) => {
  beforeEach(() => database.clear());

  const refusals: { readonly kind: string; readonly failure: Failure }[] = [];

  function open(isShared = false, isOthers: (shelf: string) => boolean = () => false): Promise<OpenedStore> {
    const refused = (kind: string, failure: Failure) => refusals.push({ kind, failure });
    return database.open({ isShared, isOthers, refused });
  }

  const openStore = async (): Promise<StoreAccess> => (await open()).store;

  describeBook('PostgreSQL', async () => new StoredAccounts(await openStore()));

  test('a history answers like a list that is searched from end to end', async () => {
    await compareStored(await openStore(), 8);
  });

  test('the last lines of all conversations are one statement', async () => {
    let statements = 0;
    const run = (): Promise<readonly object[]> => {
      statements += 1;
      return Promise.resolve([]);
    };
    const rooms = Array.from({ length: 20 }, (_each, n) => ({ shelf: `r:#${n}`, sight }) as const);
    const people = { shelf: 'a:ann', sight } as const;
    expect(await readLatest(run, { rooms, people, afterMs: 0, beforeMs: 9, end: 'newest', limit: 9 })).toEqual([]);
    expect(statements).toBe(1);
  });

  test('what was written is there when the store is opened again', async () => {
    const first = await open();
    first.logs.append(ROOM, [], new Answers());
    new StoredHistory(first.store).record(ROOM, saidAt(1));
    await new StoredMarkers(first.store).mark('a:ann', '#a', 7);
    first.store.write({
      kind: 'ban',
      ban: { kind: 'users', mask: '*@x', reason: 'r', by: 'b', atMs: 1, untilMs: null },
    });
    first.store.write({ kind: 'member-keep', session: 's', account: 'ann', state: '{}' });
    await settled(first.store);
    first.logs.close();
    await first.store.close();
    const { store } = await open();
    expect(await new StoredHistory(store).lines(all)).toEqual({ kind: 'lines', lines: [saidAt(1)] });
    expect(await new StoredMarkers(store).read('a:ann', '#a')).toEqual({ kind: 'mark', atMs: 7 });
    expect(await store.read('bans', null)).toHaveLength(1);
    expect(await store.read('members', null)).toEqual([{ session: 's', state: '{}' }]);
    expect(store.facts).toEqual({ run: first.store.facts.run + 1, prefix: first.store.facts.prefix });
  });

  test('a clock that jumps back and forth changes the order of nothing, in pages and in searches by time', async () => {
    await recordByClocks(async () => {
      const { store, logs } = await open();
      const close = async (): Promise<void> => {
        logs.close();
        await store.close();
      };
      return { store, close };
    });
  });

  test('a line of two signs of Chinese, of a part of a word and of signs is found', async () => {
    const history = new StoredHistory(await openStore());
    const texts = ['我们断开连接', 'the io_epoll set', 'C++ and C', 'nothing'];
    for (const [index, text] of texts.entries()) history.record(ROOM, { ...saidAt(index + 1), text });
    const found = async (...terms: readonly string[]): Promise<string[]> => {
      const answer = await history.search({ ...wanted, terms });
      return answer.kind === 'found' ? answer.hits.map(({ line }) => line.text) : [answer.kind];
    };
    expect(await found('断开')).toEqual([texts[0]]);
    expect(await found('epol')).toEqual([texts[1]]);
    expect(await found('c++')).toEqual([texts[2]]);
    expect(await found('o')).toEqual([texts[1], texts[3]]);
  });

  test('a shelf that is dropped leaves no row with its name, even after logs have been removed', async () => {
    const store = await openStore();
    await database.admin.query("INSERT INTO fdmux.fact VALUES('floor', '70')");
    const history = new StoredHistory(store);
    history.record('a:ann', saidAt(1));
    history.clear('a:ann');
    await settled(store);
    expect((await database.admin.query('SELECT name FROM fdmux.log')).rows).toEqual([]);
  });

  test('an erased account leaves none of its words behind, not even in the logs', async () => {
    const { store, logs } = await open();
    const accounts = new StoredAccounts(store);
    const history = new StoredHistory(store);
    await accounts.add(accountOf('Ann'), 10);
    const stamp = { session: 'a.1.1', n: 1, atMs: 1, seen: 0, base: 0 };
    const words = { type: 'message', tags: [], isDivisible: false, who: null, ranks: 0 } as const;
    logs.append(ROOM, [{ kind: 'say', ...stamp, ...words, text: 'a secret word' }], new Answers());
    await until(() => logs.topOf?.(ROOM) === 1, 'an appended pack');
    history.record(ROOM, { ...saidAt(1), part: 0, account: 'Ann', text: 'a secret word' });
    expect(await accounts.erase('ann')).toBe(true);
    await settled(store);
    const { rows } = await database.admin.query<object>(
      'SELECT text, grams::text FROM fdmux.line UNION ALL SELECT body, name FROM fdmux.pack, fdmux.log',
    );
    expect(rows).toHaveLength(2);
    expect(JSON.stringify(rows)).not.toMatch(/secret|ret/);
    expect(await accounts.find('ann')).toBeNull();
    expect(await store.read('erased', null)).toEqual(['Ann']);
  });

  test('what the database never takes is given up alone', async () => {
    const { store } = await open();
    await database.admin.query("ALTER TABLE fdmux.line ADD CONSTRAINT never CHECK (text <> 'never')");
    const history = new StoredHistory(store);
    for (const [index, text] of ['one', 'never', 'two'].entries()) {
      history.record(ROOM, { ...saidAt(index + 1), text });
    }
    const page = await history.lines(all);
    expect(page.kind === 'lines' && page.lines.map(({ text }) => text)).toEqual(['one', 'two']);
    expect(refusals.map(({ kind, failure }) => [kind, failure.code])).toEqual([['line', 'ERR_STORE_REFUSED']]);
  });

  test('states are kept while logs are appended to, whatever order both have', async () => {
    const { store, logs } = await open();
    const names = ['r:#a', 'r:#b'] as const;
    const answers = new Answers();
    for (const name of names) logs.append(name, [mark('a')], answers);
    await until(() => answers.got.length === 2, 'two logs');
    const holder = await database.server.connect();
    onTestFinished(() => holder.end());
    const outcomes: (number | Failure)[] = [];
    const answer = {
      written: (count: number) => outcomes.push(count),
      failed: (failure: Failure) => outcomes.push(failure),
    };
    await holder.query('BEGIN');
    await holder.query("SELECT FROM fdmux.log WHERE name = 'r:#a' FOR UPDATE");
    for (const name of names) logs.append(name, [mark('a')], answers);
    await database.whenLocked(1);
    for (const log of names.toReversed()) store.write({ kind: 'keep', log, seq: 1, state: '{}' }, answer);
    await database.whenLocked(2);
    await holder.query('COMMIT');
    await until(() => outcomes.length === 2 && answers.got.length === 4, 'two states and two packs');
    expect(outcomes).toEqual([1, 1]);
    expect(answers.got).toEqual([1, 1, 2, 2]);
  });

  test('no state is kept before lines that wait, so a server that ends leaves all packs to the next one', async () => {
    const { store, logs } = await open();
    const history = new StoredHistory(store);
    logs.keepAfter(history);
    await database.admin.query(`CREATE FUNCTION fdmux.no_room() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'full' USING ERRCODE = 'disk_full'; END $$;
      CREATE TRIGGER no_room BEFORE INSERT ON fdmux.line EXECUTE FUNCTION fdmux.no_room()`);
    const answers = new Answers();
    logs.append(ROOM, [mark('a')], answers);
    await until(() => answers.got.length === 1, 'a pack');
    history.record(ROOM, saidAt(1));
    await settled(store);
    for (const state of ['"open"', null]) logs.keep(ROOM, 1, state);
    await settled(store);
    // A process that ended here would leave this.
    expect(await store.read('states', null)).toEqual([{ log: ROOM, seq: 0, state: null, tail: [] }]);
    await database.admin.query('DROP FUNCTION fdmux.no_room CASCADE');
    await expect.poll(() => logs.stateOf(ROOM), { timeout: 10_000 }).toEqual({ seq: 1, state: null });
    expect(await history.lines(all)).toMatchObject({ lines: [{ msgid: saidAt(1).msgid }] });
    history.close();
  });

  test('nothing is said while the history takes nothing more', async () => {
    await appendWhileFull((await open()).logs);
  });

  test('a second server is refused, and so is a node', async () => {
    await open();
    await expect(open()).rejects.toMatchObject({ code: 'ERR_STORE_IN_USE' });
    await expect(open(true)).rejects.toMatchObject({ code: 'ERR_STORE_IN_USE' });
  });

  test('nodes share the database, which no other server uses meanwhile', async () => {
    const [one, other] = [await open(true), await open(true)];
    expect(other.store.facts).toEqual({ prefix: one.store.facts.prefix, run: one.store.facts.run + 1 });
    await expect(open()).rejects.toMatchObject({ code: 'ERR_STORE_IN_USE' });
  });

  test('of two states of a log, the one with more packs in it is kept, and read when it is asked for', async () => {
    const [one, other] = [await open(true), await open(true)];
    const answers = new Answers();
    for (const text of ['a', 'b', 'c']) one.logs.append(ROOM, [mark(text)], answers);
    await until(() => answers.got.length === 3, 'three packs');
    expect(await other.logs.stateOf(ROOM)).toEqual({ seq: 0, state: null });
    expect(await other.logs.stateOf('r:#none')).toEqual({ seq: 0, state: null });
    one.logs.keep(ROOM, 3, '"late"');
    await settled(one.store);
    other.logs.keep(ROOM, 2, '"early"');
    await settled(other.store);
    expect(await other.logs.stateOf(ROOM)).toEqual({ seq: 3, state: '"late"' });
    await database.admin.query('UPDATE fdmux.log SET top = 1');
    other.logs.keep(ROOM, 1, '"after a loss"');
    await settled(other.store);
    expect(await one.logs.stateOf(ROOM)).toEqual({ seq: 1, state: '"after a loss"' });
  });

  test('lines that two nodes have recorded are there once, whatever order they have arrived in', async () => {
    const stores = [await open(true), await open(true)].map(({ store }) => store);
    const rooms = ['r:#a', 'r:#b'] as const;
    for (const [index, store] of stores.entries()) {
      const history = new StoredHistory(store);
      for (let n = 1; n <= 300; n += 1) {
        for (const room of index === 0 ? rooms : rooms.toReversed()) history.record(room, saidAt(n));
        if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    }
    for (const store of stores) await settled(store);
    const { rows } = await database.admin.query<object>(
      'SELECT name, count(*)::integer, count(DISTINCT msgid)::integer AS ids FROM fdmux.line JOIN fdmux.log ON log.id = line.log GROUP BY name ORDER BY name',
    );
    expect(rows).toEqual(rooms.map((name) => ({ name, count: 300, ids: 300 })));
  });

  test('a line that is left to another node is there once, and is there when somebody asks', async () => {
    const others = [(shelf: string) => shelf === 'r:#b', (shelf: string) => shelf === ROOM];
    const stores = [await open(true, others[0]), await open(true, others[1])].map(({ store }) => store);
    const [one, two] = stores.map((store) => new StoredHistory(store));
    for (let n = 1; n <= 30; n += 1) {
      for (const history of [one, two]) for (const shelf of [ROOM, 'r:#b'] as const) history?.record(shelf, saidAt(n));
    }
    // The first one has not written the lines of that room yet.
    const page = await one?.lines({ ...all, shelf: 'r:#b' });
    expect(page?.kind === 'lines' && page.lines.map(({ seq }) => seq)).toEqual(
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
    // Nobody else writes this one.
    two?.record(ROOM, saidAt(31));
    two?.redact({ shelves: [ROOM], msgid: 'x-31', log: ROOM, seq: 31, part: 0 });
    one?.record(ROOM, saidAt(31));
    one?.record(ROOM, saidAt(32));
    for (const store of stores) await settled(store);
    const { rows } = await database.admin.query<object>(
      `SELECT name, array_agg(seq ORDER BY at_ms, line.id)::integer[] AS seqs, count(*) FILTER (WHERE kind = 0)::integer AS redacted
       FROM fdmux.line JOIN fdmux.log ON log.id = line.log GROUP BY name ORDER BY name`,
    );
    const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
    expect(rows).toEqual([
      { name: ROOM, seqs: upTo(32), redacted: 1 },
      { name: 'r:#b', seqs: upTo(30), redacted: 0 },
    ]);
  });

  test('a server keeps what was said in PostgreSQL, finds it again, and does not show the password', async () => {
    const url = database.server.url.replace('fdmux@', 'fdmux:secret-word@');
    const config = configuration({ store: { kind: 'postgres', url } });
    const first = await startServer(['--config', config]);
    expect(first.process.stdout).toMatch(/kept data +postgres:\/\/fdmux@/);
    const ann = await client(first, 'ann');
    await ask(ann, 'JOIN #tea', / 366 /);
    await ask(ann, 'PRIVMSG #tea :hello there', /PRIVMSG #tea :hello there/);
    await stop(first, 'SIGKILL');
    const second = await startServer(['--config', config]);
    const bob = await client(second, 'bob');
    await ask(bob, 'JOIN #tea', / 366 /);
    await bob.write('CAP REQ :draft/chathistory batch server-time message-tags\r\nCHATHISTORY LATEST #tea * 10\r\n');
    expect(await bob.lineLike(/hello there/)).toContain(':ann!');
    await stop(second, 'SIGTERM');
    for (const { process } of [first, second]) expect(process.stdout + process.stderr).not.toContain('secret-word');
  });
});

/** Starts a server with a configuration. @returns what has become of it, and the texts of all that it has required */
function requiredBy(config: object): { readonly outcome: string; readonly texts: string[] } {
  const script = `const { startChatServer } = require(${JSON.stringify(packagePath('dist/chat-server.js'))});
    const tell = (outcome) => console.log(JSON.stringify([outcome, ...Object.keys(require.cache)]));
    startChatServer({ config: ${JSON.stringify(configuration(config))}, ircPort: 0, plainPort: 0 }).then(
      (server) => { tell('started'); return server.close(); },
      ({ code }) => tell(code),
    );`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  const [outcome, ...paths]: string[] = JSON.parse(stdout);
  // Bun has the script itself among them.
  const texts = paths.filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8'));
  return { outcome: outcome ?? '', texts };
}

const isOfPostgres = (text: string): boolean =>
  text.includes('pg_advisory_xact_lock') || text.includes('client_encoding');

test('only a server that keeps something in PostgreSQL loads anything of it', () => {
  const ofFolder = requiredBy({ store: { path: temporaryFolder() } });
  expect(ofFolder.outcome).toBe('started');
  expect(ofFolder.texts.filter(isOfPostgres)).toEqual([]);
  const ofDatabase = requiredBy({ store: { kind: 'postgres', url: 'postgres://127.0.0.1:1/none' } });
  expect(ofDatabase.outcome).toBe('ERR_STORE_CONNECTION');
  expect(ofDatabase.texts.filter(isOfPostgres).length).toBeGreaterThan(0);
});
