import { expect, test } from 'vitest';
import { loadConfig } from '../../src/server/config/load.js';
import { dataPlace, storePlace } from '../../src/server/config/store-place.js';
import { configuration } from './keeping.js';

const URL_OF_DATABASE = 'postgres://ann:secret-word@db.example.org:6543/chat?password=secret-word&sslmode=require';
const REDIS = { kind: 'redis', url: 'rediss://bob:secret-word@cache.example.org:7000/2' };

const load = (
  store: object,
  flags: { readonly data?: string; readonly node?: string } = {},
  node: string | null = null,
) => loadConfig({ config: configuration({ store, node }), ...flags });

test('a store in PostgreSQL is shown without what may be secret', async () => {
  const { store } = await load({ kind: 'postgres', url: URL_OF_DATABASE });
  expect(store).toMatchObject({ kind: 'postgres', url: URL_OF_DATABASE });
  expect(store && storePlace(store)).toBe('postgres://ann@db.example.org:6543/chat');
});

test('the logs of a store can be in Redis, and are shown without what may be secret', async () => {
  const { store } = await load({ kind: 'postgres', url: URL_OF_DATABASE, logs: REDIS });
  expect(store).toMatchObject({ logs: { url: REDIS.url, allowLoss: false } });
  const place = 'postgres://ann@db.example.org:6543/chat, logs in rediss://bob@cache.example.org:7000/2';
  expect(store && storePlace(store)).toBe(place);
});

test.each([
  [{ kind: 'postgres' }, 'must have a url if its kind is postgres'],
  [{ kind: 'postgres', url: 'mysql://db.example.org/chat' }, 'must be a URL such as postgres:'],
  [{ kind: 'postgres', url: URL_OF_DATABASE, path: 'data' }, 'must not have path, durability, maxBytes'],
  [{ kind: 'postgres', url: URL_OF_DATABASE, maxBytes: 1 }, 'must not have path, durability, maxBytes'],
  [{ path: 'data', url: URL_OF_DATABASE }, 'must have a url if its kind is postgres'],
  [{ path: 'data', logs: REDIS }, 'must have the kind postgres if it has logs'],
  [{ kind: 'postgres', url: URL_OF_DATABASE, logs: { kind: 'redis' } }, 'store.logs.url'],
  [{ kind: 'postgres', url: URL_OF_DATABASE, logs: { ...REDIS, kind: 'paper' } }, 'must be one of redis'],
  [{ kind: 'postgres', url: URL_OF_DATABASE, logs: { ...REDIS, url: 'http://h' } }, 'must be a URL such as redis:'],
  [{}, 'must have a path, or the kind postgres'],
  [{ kind: 'paper', path: 'data' }, 'must be one of sqlite, postgres'],
])('a store that makes no sense is refused: %j', async (store, complaint) => {
  const error: unknown = await load(store).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'ERR_CONFIG', message: expect.stringContaining(complaint) });
  expect(String(error)).not.toContain('secret-word');
});

test('a node has a name, by the file or by a flag, and needs a store that others can share', async () => {
  const store = { kind: 'postgres', url: URL_OF_DATABASE };
  expect(await load(store)).toMatchObject({ node: null });
  expect(await load(store, {}, 'one')).toMatchObject({ node: 'one' });
  expect(await load(store, { node: 'two' }, 'one')).toMatchObject({ node: 'two' });
  await expect(load(store, {}, 'One')).rejects.toThrow('node: must be a name such as one');
  await expect(load(store, { node: 'a.b' })).rejects.toThrow('--node a.b: not the name of a node');
  await expect(load({ path: 'data' }, {}, 'one')).rejects.toThrow('a node needs a store');
});

test('a server cannot keep its data in a folder and in PostgreSQL', async () => {
  const loading = load({ kind: 'postgres', url: URL_OF_DATABASE }, { data: 'data' });
  await expect(loading).rejects.toThrow('leave out --data');
});

const placeIn = async (url: string, logs?: string): Promise<string> => {
  const { store } = await load({
    kind: 'postgres',
    url,
    ...(logs !== undefined && { logs: { kind: 'redis', url: logs } }),
  });
  return store === null ? '' : dataPlace(store);
};

test.each([
  ['postgres://ann:old@db.example.org/chat', 'postgres://ann:new@db.example.org/chat'],
  ['postgres://ann@db.example.org/chat', 'postgresql://DB.example.org:5432/chat?user=ann&password=new&sslmode=require'],
  ['postgres://ann@%2Frun%2Fpostgresql/chat', 'postgres:///chat?user=ann&host=/run/postgresql'],
  ['postgres://chat@db.example.org/chat', 'postgres://chat@db.example.org'],
])('%s and %s are the same data', async (one, other) => {
  expect(await placeIn(one)).toBe(await placeIn(other));
});

test.each([
  'postgres://ann@db.example.org:5433/chat',
  'postgres://ann@db2.example.org/chat',
  'postgres://ann@db.example.org/other',
  'postgres://bob@db.example.org/chat',
  'postgres://ann@db.example.org/chat?options=-c%20role%3Dbob',
])('%s is other data', async (url) => {
  expect(await placeIn(url)).not.toBe(await placeIn('postgres://ann@db.example.org/chat'));
});

test('logs in Redis are the same with another password, and others with another server, database or user', async () => {
  const url = 'postgres://ann@db.example.org/chat';
  const place = await placeIn(url, 'redis://bob:old@cache.example.org/2');
  expect(place).not.toMatch(/old/);
  expect(await placeIn(url, 'rediss://bob:new@cache.example.org:6379/2')).toBe(place);
  const others = ['redis://bob@cache.example.org/3', 'redis://cache.example.org/2', 'redis://bob@%2Ftmp%2Fredis/2'];
  for (const logs of [undefined, 'redis://bob@cache.example.org:7000/2', ...others]) {
    expect(await placeIn(url, logs)).not.toBe(place);
  }
});
