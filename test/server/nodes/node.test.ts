import { expect, onTestFinished, test } from 'vitest';
import { MemoryLog } from '../../../src/log/memory-log.js';
import { Contact } from '../../../src/server/nodes/contact.js';
import { Node } from '../../../src/server/nodes/node.js';
import { holdName } from '../../../src/server/nodes/node-name.js';
import { StoreError } from '../../../src/store/store-error.js';
import { until } from '../../support/deadline.js';

const LEASE_MS = 60;

/** The records of a log, as one line each. */
class Records {
  readonly lines: string[] = [];
  readonly log = { debug: this.#put(), info: this.#put(), warn: this.#put(), error: this.#put() };

  #put(): (event: string, details?: Readonly<Record<string, unknown>>) => void {
    return (event, details = {}) => {
      this.lines.push(`${event} ${JSON.stringify(details)}`);
    };
  }
}

/** Logs whose leases run by a clock of the test's own, and which can be out of reach. */
class Leases {
  nowMs = 0;
  isAway = false;
  /** Whether it answers questions, and takes nothing. */
  isFull = false;
  readonly #log = new MemoryLog({ now: () => this.nowMs });
  #asked = 0;

  lease(node: string, ms: number): Promise<boolean> {
    return this.isAway || this.isFull ? Promise.resolve(false) : this.#log.lease(node, ms);
  }

  living(): Promise<readonly string[] | null> {
    return this.isAway ? Promise.resolve(null) : this.#log.living();
  }

  expired(): Promise<readonly string[] | null> {
    this.#asked += 1;
    return this.isAway ? Promise.resolve(null) : this.#log.expired();
  }

  forget(node: string): Promise<boolean> {
    return this.isAway ? Promise.resolve(false) : this.#log.forget(node);
  }

  /** Waits until the node has asked so often who is late. */
  async asked(times: number): Promise<void> {
    const enough = this.#asked + times;
    await until(() => this.#asked >= enough, 'questions of a node');
  }
}

/** What a node does to its chat. */
class FakeChat {
  readonly calls: string[] = [];
  readonly gone = new Set<string>();
  /** The nodes of its members. */
  readonly present = new Set<string>();

  nodes(): ReadonlySet<string> {
    return this.present;
  }

  whenCaughtUp(then: () => void): void {
    then();
  }

  giveUp(node: string): void {
    this.calls.push(`give up ${node}`);
  }

  isGone(node: string): boolean {
    return this.gone.has(node);
  }

  comeBack(node: string): void {
    this.calls.push(`come back ${node}`);
  }

  stepDown(then: () => void): void {
    this.calls.push('step down');
    then();
  }
}

function startNode(
  logs: Leases,
  next: () => Promise<number> = () => Promise.resolve(9),
  agree: () => Promise<void> = () => Promise.resolve(),
) {
  const chat = new FakeChat();
  const records = new Records();
  let steadyMs = 0;
  const node = new Node({
    name: 'a',
    incarnation: 3,
    former: null,
    chat,
    logs,
    nextIncarnation: next,
    replaced: () => chat.calls.push('end'),
    common: { settings: { fixed: {}, loose: {} }, agree },
    leaseMs: LEASE_MS,
    // Each beat takes a sixth of a lease, however slow this machine is.
    now: () => {
      steadyMs += LEASE_MS / 6;
      return steadyMs;
    },
    log: records.log,
  });
  onTestFinished(() => node.stop(1000));
  node.start();
  return { node, chat, records };
}

test('there is contact only after answers without a break for as long as a lease', () => {
  const contact = new Contact(100);
  expect([0, 40, 80].map((nowMs) => contact.answered(nowMs))).toEqual([false, false, false]);
  expect(contact.answered(100)).toBe(true);
  expect(contact.answered(151)).toBe(false);
  expect([200, 250].map((nowMs) => contact.answered(nowMs))).toEqual([false, false]);
  expect(contact.answered(251)).toBe(true);
  contact.broken();
  expect(contact.answered(252)).toBe(false);
});

test('a node is given up when its lease has run out, and forgotten when the log has said so', async () => {
  const logs = new Leases();
  await logs.lease('b.1', 1000);
  const { chat, records } = startNode(logs);
  await logs.asked(12);
  expect(chat.calls).toEqual([]);
  logs.nowMs = 2000;
  await logs.asked(2);
  expect(chat.calls).toContain('give up b.1');
  expect(chat.calls).not.toContain('give up a.3');
  expect(records.lines).toContain('a node is given up: its lease has run out {"node":"b.1"}');
  chat.gone.add('b.1');
  await logs.asked(2);
  expect(await logs.expired()).not.toContain('b.1');
});

test('a node whose lease the logs have lost is given up, unless it takes one again', async () => {
  const logs = new Leases();
  const { chat, records } = startNode(logs);
  for (const node of ['a.3', 'b.1', 'c.1', 'd.1', 'e.1']) chat.present.add(node);
  chat.gone.add('d.1');
  await logs.lease('b.1', 1_000);
  // This one is being upgraded: the next process has its name, and does not know its members yet.
  await logs.lease('e.2', 1_000);
  await logs.asked(5);
  expect(chat.calls).toEqual([]);
  await logs.asked(12);
  expect(new Set(chat.calls)).toEqual(new Set(['give up c.1']));
  expect(records.lines).toContain('a node is given up: it has no lease {"node":"c.1"}');
});

test('after an outage, the others have as long as a lease to show that they live', async () => {
  const logs = new Leases();
  await logs.lease('b.1', 1000);
  const { chat } = startNode(logs);
  await logs.asked(12);
  logs.isAway = true;
  await logs.asked(1);
  logs.nowMs = 2000;
  logs.isAway = false;
  await logs.asked(2);
  expect(chat.calls).toEqual([]);
  await logs.asked(12);
  expect(chat.calls).toContain('give up b.1');
});

test('nobody is given up while the logs take no leases', async () => {
  const logs = new Leases();
  await logs.lease('b.1', 1000);
  const { chat } = startNode(logs);
  logs.isFull = true;
  logs.nowMs = 2000;
  await logs.asked(20);
  expect(chat.calls).toEqual([]);
  logs.isFull = false;
  await logs.asked(12);
  expect(chat.calls).toContain('give up b.1');
});

test('a node that is given up comes back with the next number, as soon as the store counts it', async () => {
  const logs = new Leases();
  let isThere = false;
  const { node, chat } = startNode(logs, () => (isThere ? Promise.resolve(7) : Promise.reject(new Error('away'))));
  await logs.asked(1);
  node.givenUp();
  logs.nowMs = 1000;
  await logs.asked(3);
  expect(await logs.living()).toEqual([]);
  expect(chat.calls).toEqual([]);
  isThere = true;
  await until(() => chat.calls.length > 0, 'a return');
  expect(chat.calls).toEqual(['come back a.7']);
  expect(node.readings).toMatchObject({ name: 'a', incarnation: 7 });
  expect(await logs.living()).toEqual(['a.7']);
});

test('a node that is given up ends if another process has its name by now', async () => {
  const logs = new Leases();
  const { node, chat, records } = startNode(logs);
  await logs.asked(1);
  await logs.lease('a.5', 1000);
  node.givenUp();
  await until(() => chat.calls.length > 0, 'an end');
  await node.stop(1000);
  expect(chat.calls).toEqual(['end']);
  expect(records.lines.at(-1)).toBe(
    'another process has the name of this node: it ends {"node":"a","holders":["a.5"]}',
  );
  expect(await logs.living()).toEqual(['a.5']);
});

test('a node that is given up ends if the others have other settings by now', async () => {
  const logs = new Leases();
  const { node, chat } = startNode(logs, undefined, () => Promise.reject(new StoreError('ERR_NODE_SETTINGS', 'lobby')));
  await logs.asked(1);
  node.givenUp();
  await until(() => chat.calls.length > 0, 'an end');
  await node.stop(1000);
  expect(chat.calls).toEqual(['end']);
  expect(await logs.living()).toEqual([]);
});

test('a node that comes back, and one that takes its name at the same moment, are never both there', async () => {
  const logs = new Leases();
  const { node, chat } = startNode(logs);
  await logs.asked(1);
  let starting: Promise<string> = Promise.resolve('');
  const lease = logs.lease.bind(logs);
  logs.lease = async (name, ms) => {
    // The other one has begun earlier, and has been slow since.
    if (name === 'a.9')
      starting = hold(logs, 'a', 4).then(String, (error: unknown) => String(Reflect.get(Object(error), 'code')));
    return lease(name, ms);
  };
  node.givenUp();
  await until(() => chat.calls.length > 0, 'a return, or an end');
  const other = await starting;
  expect([chat.calls[0], other]).toEqual(
    chat.calls[0] === 'end' ? ['end', 'undefined'] : ['come back a.9', 'ERR_NODE_IN_USE'],
  );
});

test('a node that ends in order says so, and gives its lease back', async () => {
  const logs = new Leases();
  const { node, chat } = startNode(logs);
  await logs.asked(1);
  expect(await logs.living()).toEqual(['a.3']);
  await node.stop(1000);
  expect(chat.calls).toEqual(['step down']);
  expect(await logs.living()).toEqual([]);
});

test('the end of a node waits for no log that does not answer', async () => {
  const logs = new Leases();
  const { node, chat } = startNode(logs);
  chat.stepDown = () => undefined;
  await node.stop(1);
});

const hold = (logs: Leases, name: string, incarnation: number): Promise<void> =>
  holdName({ logs, name, incarnation, leaseMs: LEASE_MS, log: new Records().log });

test('the name of a node is held by one process', async () => {
  const logs = new Leases();
  await hold(logs, 'a', 2);
  await expect(hold(logs, 'a', 5)).rejects.toMatchObject({ code: 'ERR_NODE_IN_USE' });
  await hold(logs, 'ab', 6);
  // The one that has begun later gives way.
  await hold(logs, 'a', 2);
  expect(await logs.living()).toEqual(['a.2', 'ab.6']);
});

test('the name of a node that was killed is taken when its lease has run out', async () => {
  const logs = new Leases();
  await hold(logs, 'a', 2);
  const living = logs.living.bind(logs);
  let looks = 0;
  logs.living = () => {
    looks += 1;
    if (looks === 3) logs.nowMs = 1000;
    return living();
  };
  await hold(logs, 'a', 5);
  expect(await logs.living()).toEqual(['a.5']);
});

test('of two that take the name of a node at the same moment, one gets it', async () => {
  const logs = new Leases();
  const lease = logs.lease.bind(logs);
  let later: Promise<unknown> | null = null;
  logs.lease = async (node, ms) => {
    // The first one is slow: the other one is through before it has its lease.
    if (node === 'a.2') await (later ??= hold(logs, 'a', 3));
    return lease(node, ms);
  };
  await expect(hold(logs, 'a', 2)).rejects.toMatchObject({ code: 'ERR_NODE_IN_USE' });
  const both = new Leases();
  const answers = await Promise.allSettled([hold(both, 'b', 2), hold(both, 'b', 3)]);
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(await both.living()).toEqual(['b.2']);
});
