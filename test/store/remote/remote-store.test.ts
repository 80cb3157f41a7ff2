/** A store that another process serves, on real sockets. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { dialService } from '../../../src/control/dial.js';
import { LOG_FILE, STORE_FILE } from '../../../src/control/service-socket.js';
import type { Channel, ChannelEvents } from '../../../src/log/channel.js';
import { encodeFrame } from '../../../src/log/frames.js';
import { RemoteLogs } from '../../../src/store/remote/remote-logs.js';
import type { RemoteStore } from '../../../src/store/remote/remote-store.js';
import type { Store } from '../../../src/store/store.js';
import type { Failure } from '../../../src/store/store-error.js';
import { StoredAccounts } from '../../../src/store/stored-accounts.js';
import { StoredHistory } from '../../../src/store/stored-history.js';
import { StoredMarkers } from '../../../src/store/stored-markers.js';
import { describeBook } from '../../accounts/book.js';
import { compareStored } from '../../history/compare.js';
import { Answers, Ear } from '../../log/contract.js';
import { mark } from '../../log/entries.js';
import { until } from '../../support/deadline.js';
import { saidAt } from '../../support/history-lines.js';
import { openRemote, serveLogs, serveStore } from '../../support/served-store.js';
import { openStore, settled } from '../../support/stores.js';
import { temporaryFolder } from '../../support/temporary.js';
import { recordByClocks } from '../clocks.js';
import { appendWhileFull } from '../full-history.js';

const ROOM = 'r:#a';
const sight = { hasEvents: true, ranks: 0, source: '', sinceMs: 0 };
const range = { kind: 'between', after: null, before: null, end: 'newest' } as const;
const all = { shelf: ROOM, peer: null, range, limit: 1_000, sight } as const;

interface Served {
  readonly folder: string;
  readonly store: Store;
}

async function served(): Promise<Served> {
  const folder = temporaryFolder();
  const store = await openStore();
  await serveStore(folder, store);
  return { folder, store };
}

async function remote(): Promise<RemoteStore> {
  return openRemote((await served()).folder);
}

/** Whether a write has ended, and how. */
function answered(store: RemoteStore, session: string): { readonly got: (number | Failure)[] } {
  const got: (number | Failure)[] = [];
  store.write(
    { kind: 'member-keep', session, account: 'ann', state: '{}' },
    { written: (result) => got.push(result), failed: (failure) => got.push(failure) },
  );
  return { got };
}

describeBook('a store elsewhere', async () => new StoredAccounts(await remote()));

test('a history elsewhere answers like a list that is searched from end to end', async () => {
  await compareStored(await remote(), 8);
});

test('a clock that jumps back and forth changes the order of nothing elsewhere', async () => {
  const { folder } = await served();
  await recordByClocks(async () => {
    const store = await openRemote(folder);
    return { store, close: () => store.close() };
  });
});

test('marks elsewhere move forward only', async () => {
  const markers = new StoredMarkers(await remote());
  expect(await markers.mark('a:ann', '#a', 20)).toEqual({ kind: 'mark', atMs: 20 });
  expect(await markers.mark('a:ann', '#a', 10)).toEqual({ kind: 'mark', atMs: 20 });
});

test('each opening counts, and all have the same store', async () => {
  const { folder, store } = await served();
  const [one, other] = [await openRemote(folder), await openRemote(folder)];
  expect(one.facts).toEqual({ ...store.facts, run: store.facts.run + 1 });
  expect(other.facts).toEqual({ ...store.facts, run: store.facts.run + 2 });
  new StoredHistory(one).record(ROOM, saidAt(1));
  await settled(one);
  expect(await new StoredHistory(other).lines(all)).toEqual({ kind: 'lines', lines: [saidAt(1)] });
});

test('what one turn writes is one transaction, and is written before the store is closed', async () => {
  const { folder, store } = await served();
  const one = await openRemote(folder);
  const before = store.readings().batchesTotal;
  for (let n = 0; n < 100; n += 1) answered(one, `s${n}`);
  await one.close();
  expect(await store.read('members', null)).toHaveLength(100);
  expect(store.readings().batchesTotal).toBe(before + 1);
});

test('an answer that is larger than the channel takes at once arrives whole, and others after it', async () => {
  const { folder, store } = await served();
  const text = 'x'.repeat(200_000);
  for (let n = 0; n < 100; n += 1) {
    store.write({ kind: 'member-keep', session: `s${n}`, account: 'ann', state: text });
  }
  await settled(store);
  const one = await openRemote(folder);
  const [members, bans] = await Promise.all([one.read('members', null), one.read('bans', null)]);
  expect(members.map(({ state }) => state.length)).toEqual(Array.from({ length: 100 }, () => 200_000));
  expect(bans).toEqual([]);
});

test('a write that is larger than the channel takes at once is written whole', async () => {
  const { folder, store } = await served();
  const one = await openRemote(folder);
  const state = 'y'.repeat(5_000_000);
  one.write({ kind: 'member-keep', session: 's', account: 'ann', state });
  await settled(one);
  expect((await store.read('members', null)).map((member) => member.state.length)).toEqual([5_000_000]);
});

test('of more questions than may be under way, the others are asked as those are answered', async () => {
  const one = await remote();
  const marks = await Promise.all(Array.from({ length: 10_100 }, () => one.read('account', { folded: 'nobody' })));
  expect(new Set(marks)).toEqual(new Set([null]));
});

test('of several users one writes a line, and the others write it only if it is not there', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { folder, store } = await served();
  const write = vi.spyOn(store, 'write');
  const one = await openRemote(folder);
  const other = await openRemote(folder, { isOthers: () => true });
  const written = (from: RemoteStore, seq: number): Promise<number> =>
    new Promise((resolve, reject) => {
      from.write({ kind: 'line', shelf: ROOM, line: saidAt(seq) }, { written: resolve, failed: reject });
    });
  const [first, second] = [written(other, 1), written(other, 2)];
  await Promise.all([written(one, 1), written(one, 2)]);
  expect(write).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(1_000);
  vi.useRealTimers();
  await Promise.all([first, second]);
  expect(write).toHaveBeenCalledTimes(2);
  const third = written(other, 3);
  other.hurry();
  await third;
  expect(write).toHaveBeenCalledTimes(3);
  const page = await store.read('lines', all);
  expect(page).toMatchObject({ lines: [{ seq: 1 }, { seq: 2 }, { seq: 3 }] });
});

test('what the store refuses fails as it does there', async () => {
  const { folder, store } = await served();
  const one = await openRemote(folder);
  vi.spyOn(store, 'write').mockImplementation((_, answer) => {
    answer?.failed({ code: 'ERR_STORE_FULL', message: 'no room' });
  });
  const { got } = answered(one, 's');
  await settled(one);
  expect(got).toEqual([{ code: 'ERR_STORE_FULL', message: 'no room' }]);
  vi.spyOn(store, 'read').mockRejectedValue(new Error('no such table'));
  await expect(one.read('bans', null)).rejects.toMatchObject({ code: 'ERR_STORE_FAILED', message: 'no such table' });
});

test('while the process is gone what is asked waits, and is answered when it is back', async () => {
  const folder = temporaryFolder();
  const store = await openStore();
  const socket = await serveStore(folder, store);
  const one = await openRemote(folder);
  await socket.close();
  await until(() => !one.isReachable, 'the loss');
  const { got } = answered(one, 's');
  const members = one.read('members', null);
  await serveStore(folder, store);
  await until(() => got.length > 0, 'the answer');
  expect(got).toEqual([0]);
  expect(await members).toBeInstanceOf(Array);
  expect(await one.read('members', null)).toHaveLength(1);
});

test('a process that is gone for too long is waited for no more, until it is back', async () => {
  const folder = temporaryFolder();
  const store = await openStore();
  const socket = await serveStore(folder, store);
  const one = await openRemote(folder, { patienceMs: 20 });
  await socket.close();
  await until(() => !one.isReachable, 'the loss');
  const unreachable = { code: 'ERR_STORE_CONNECTION' };
  await expect(one.read('members', null)).rejects.toMatchObject(unreachable);
  // Now nothing waits any more.
  await expect(one.read('members', null)).rejects.toMatchObject(unreachable);
  const { got } = answered(one, 's');
  await settled(one);
  expect(got).toEqual([expect.objectContaining(unreachable)]);
  await serveStore(folder, store);
  await until(() => one.isReachable, 'the process');
  expect(await one.read('members', null)).toEqual([]);
});

test('of a write that was under way nobody knows whether it is done, and a question is asked again', async () => {
  const folder = temporaryFolder();
  const store = await openStore();
  const socket = await serveStore(folder, store);
  const one = await openRemote(folder);
  const write = vi.spyOn(store, 'write').mockImplementation(() => undefined);
  const read = vi.spyOn(store, 'read').mockReturnValueOnce(new Promise(() => undefined));
  const { got } = answered(one, 's');
  const members = one.read('members', null);
  await until(() => write.mock.calls.length === 1 && read.mock.calls.length === 1, 'both questions');
  await socket.close();
  await until(() => got.length > 0, 'the failure');
  expect(got).toEqual([expect.objectContaining({ code: 'ERR_STORE_CONNECTION' })]);
  write.mockRestore();
  await serveStore(folder, store);
  expect(await members).toEqual([]);
  expect(await store.read('members', null)).toEqual([]);
});

test('it closes also if the process is lost for ever while it does', async () => {
  const folder = temporaryFolder();
  const store = await openStore();
  const socket = await serveStore(folder, store);
  const one = await openRemote(folder, { patienceMs: 20 });
  const write = vi.spyOn(store, 'write').mockImplementation(() => undefined);
  const [first, second] = [answered(one, 's'), answered(one, 't')];
  await until(() => write.mock.calls.length > 0, 'the write');
  const later = answered(one, 'u');
  const closing = one.close();
  await socket.close();
  await closing;
  const lost: unknown = expect.objectContaining({ code: 'ERR_STORE_CONNECTION' });
  expect([...first.got, ...second.got, ...later.got]).toEqual([lost, lost, lost]);
});

test('a store that nobody serves, or in another form, cannot be opened', async () => {
  const folder = temporaryFolder();
  await expect(openRemote(folder, { startMs: 20 })).rejects.toMatchObject({ code: 'ERR_STORE_CONNECTION' });
  await serveStore(folder, await openStore(), 'sqlite 2');
  await expect(openRemote(folder, { startMs: 1_000 })).rejects.toMatchObject({
    code: 'ERR_STORE_VERSION',
    message: expect.stringContaining('data as sqlite 2'),
  });
});

test.each<[string, Uint8Array]>([
  ['no frames', new Uint8Array(100).fill(0xff)],
  ['a question before a greeting', encodeFrame({ kind: 'begin', id: 1 })],
  ['a question that there is not', encodeFrame({ kind: 'read', id: 1, job: 'constructor' })],
  ['a greeting of another version', encodeFrame({ kind: 'hello', version: 1_000, form: 'sqlite 1' })],
  ['a message without an end', encodeFrame({ rest: 2 ** 40 })],
])('one who sends %s is cut off', async (_, bytes) => {
  const { folder } = await served();
  const closed = await new Promise((resolve) => {
    const events: ChannelEvents = {
      opened: () => channel.send(bytes),
      received: () => undefined,
      drained: () => undefined,
      closed: () => resolve('closed'),
    };
    const channel: Channel = dialService(folder, STORE_FILE)(events);
    onTestFinished(() => channel.close());
  });
  expect(closed).toBe('closed');
});

test('the logs of a store elsewhere bring what was kept, and what follows it', async () => {
  const { folder, store } = await served();
  await serveLogs(folder, store);
  const first = await openRemote(folder);
  const logs = await RemoteLogs.open(first, { dial: dialService(folder, LOG_FILE) });
  const answers = new Answers();
  await until(() => logs.isTakingWrites, 'the logs');
  logs.append(ROOM, [mark('a')], answers);
  logs.append(ROOM, [mark('b')], answers);
  await until(() => answers.got.length === 2, 'the answers');
  expect(answers.got).toEqual([1, 2]);
  const history = { isBehind: true, isFull: false, whenStored: () => new Promise<void>(() => undefined) };
  logs.keepAfter(history);
  logs.keep(ROOM, 2, 'instead of lines that are not stored');
  await settled(first);
  expect(await logs.stateOf(ROOM)).toEqual({ seq: 0, state: null });
  logs.close();
  const other = await RemoteLogs.open(first, { dial: dialService(folder, LOG_FILE) });
  other.keepAfter({ ...history, isBehind: false });
  other.keep(ROOM, 1, 'state');
  await settled(first);
  other.close();
  const again = await RemoteLogs.open(await openRemote(folder), { dial: dialService(folder, LOG_FILE) });
  onTestFinished(() => again.close());
  expect(again.states).toMatchObject([{ log: ROOM, seq: 1, state: 'state', tail: [{ seq: 2 }] }]);
  const ear = new Ear();
  again.follow(ROOM, 1, ear);
  await until(() => ear.packs.length === 1, 'the pack after it');
  expect(ear.packs).toEqual(['2 b']);
});

test('nothing is said in logs elsewhere while the history takes nothing more', async () => {
  const { folder, store } = await served();
  await serveLogs(folder, store);
  const logs = await RemoteLogs.open(await openRemote(folder), { dial: dialService(folder, LOG_FILE) });
  onTestFinished(() => logs.close());
  await until(() => logs.isTakingWrites, 'the logs');
  await appendWhileFull(logs);
});
