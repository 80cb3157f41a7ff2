import { expect, test } from 'vitest';
import { MemoryLog } from '../../../src/log/memory-log.js';
import { agree, type CommonText } from '../../../src/server/nodes/agreement.js';
import type { CommonSettings } from '../../../src/server/nodes/common-settings.js';

const LEASE_MS = 5_000;

/** Nodes that share a store and logs in memory. */
class Nodes {
  nowMs = 0;
  readonly logs = new MemoryLog({ now: () => this.nowMs });
  readonly warnings: string[] = [];
  text: string | null = null;
  sharers = 1;
  /** Called before something is written: another node may be quicker. */
  beforeWrite: () => void = () => undefined;
  readonly #common: CommonText = {
    read: () => Promise.resolve(this.text),
    sharers: () => Promise.resolve(this.sharers),
    replace: (before, after) => {
      this.beforeWrite();
      const isFit = before === this.text;
      if (isFit) this.text = after;
      return Promise.resolve(isFit);
    },
  };

  start(node: string, fixed: CommonSettings['fixed'], loose: CommonSettings['loose'] = {}): Promise<void> {
    return this.startAs(`${node}.1`, fixed, loose);
  }

  async startAs(node: string, fixed: CommonSettings['fixed'], loose: CommonSettings['loose'] = {}): Promise<void> {
    await this.logs.lease(node, LEASE_MS);
    const warn = (event: string, details: object = {}): void =>
      void this.warnings.push(`${event} ${JSON.stringify(details)}`);
    const log = { debug: warn, info: warn, warn, error: warn };
    await agree({ common: this.#common, logs: this.logs, node, log }, { fixed, loose });
  }
}

test('a node with other settings than those that live is refused, and the error names both', async () => {
  const nodes = new Nodes();
  await nodes.start('one', { lobby: '"#lobby"', nicks: '"ascii"' });
  await nodes.start('two', { lobby: '"#lobby"', nicks: '"ascii"' });
  const refused = nodes.start('three', { lobby: '"#hall"', nicks: '"ascii"' });
  await expect(refused).rejects.toMatchObject({ code: 'ERR_NODE_SETTINGS' });
  await expect(refused).rejects.toThrow(/\(one, two\): lobby is "#hall" here, and "#lobby" there\./);
  await nodes.start('three', { lobby: '"#lobby"', nicks: '"ascii"' });
});

test('when those that have agreed are gone, the next one decides', async () => {
  const nodes = new Nodes();
  await nodes.start('one', { lobby: '"#lobby"' });
  nodes.nowMs += 2 * LEASE_MS;
  await nodes.start('two', { lobby: '"#hall"' });
  await expect(nodes.start('one', { lobby: '"#lobby"' })).rejects.toMatchObject({ code: 'ERR_NODE_SETTINGS' });
});

test('a node alone may come back with other settings, as at an upgrade', async () => {
  const nodes = new Nodes();
  await nodes.start('one', { lobby: '"#lobby"' });
  await nodes.start('one', { lobby: '"#hall"' });
  await expect(nodes.start('two', { lobby: '"#lobby"' })).rejects.toMatchObject({ code: 'ERR_NODE_SETTINGS' });
});

test('of two that start at once with other settings, one is refused', async () => {
  const nodes = new Nodes();
  let other: Promise<void> | null = null;
  nodes.beforeWrite = () => {
    nodes.beforeWrite = () => undefined;
    // It has written before this one does.
    nodes.text = JSON.stringify({ fixed: { lobby: '"#hall"' }, loose: {}, nodes: ['two.1'] });
    other = nodes.logs.lease('two.1', LEASE_MS).then(() => undefined);
  };
  await expect(nodes.start('one', { lobby: '"#lobby"' })).rejects.toMatchObject({ code: 'ERR_NODE_SETTINGS' });
  expect(other).not.toBeNull();
});

test('a node whose logs are elsewhere does not take the others for dead', async () => {
  const nodes = new Nodes();
  await nodes.start('one', { 'store.logs': 'null' });
  // The lease of the first one is in another place, and its connection to the store is there.
  nodes.nowMs += 2 * LEASE_MS;
  nodes.sharers = 2;
  await expect(nodes.start('two', { 'store.logs': '"redis"' })).rejects.toMatchObject({ code: 'ERR_NODE_SETTINGS' });
});

test('settings that a reload applies only warn, once for each node that reads others', async () => {
  const nodes = new Nodes();
  await nodes.start('one', {}, { limits: '1', cloak: '"a"' });
  await nodes.start('two', {}, { limits: '2', cloak: '"a"' });
  await nodes.start('one', {}, { limits: '2', cloak: '"a"' });
  expect(nodes.warnings).toEqual([
    'settings are not those that the other nodes have read last {"keys":["limits"],"nodes":["one"]}',
  ]);
});

test('a setting of a later version is not compared', async () => {
  const nodes = new Nodes();
  await nodes.start('one', { lobby: '"#lobby"' });
  await nodes.start('two', { lobby: '"#lobby"', later: '1' });
});

test('when all have ended, those that start at once with other settings do not keep each other out', async () => {
  const nodes = new Nodes();
  for (const name of ['one', 'two', 'gone']) await nodes.start(name, { lobby: '"#lobby"' });
  nodes.nowMs += 2 * LEASE_MS;
  // Each has the name of one that has agreed to the former settings, and both have the store open.
  nodes.sharers = 2;
  await Promise.all(['one.2', 'two.2'].map((node) => nodes.startAs(node, { lobby: '"#hall"' })));
  await expect(nodes.startAs('gone.2', { lobby: '"#lobby"' })).rejects.toThrow(/\(one, two\): lobby/);
});

test('a process that has the store, and has not taken its name yet, is waited for', async () => {
  const nodes = new Nodes();
  await nodes.start('one', { lobby: '"#lobby"' });
  nodes.nowMs += 2 * LEASE_MS;
  nodes.sharers = 2;
  const starting = nodes.start('two', { lobby: '"#hall"' });
  await nodes.logs.lease('one.2', LEASE_MS);
  await starting;
});

test('as many nodes as there may be start at once', async () => {
  const nodes = new Nodes();
  const names = Array.from({ length: 64 }, (_, index) => `w${index + 1}`);
  await Promise.all(names.map((name) => nodes.start(name, { lobby: '"#lobby"' })));
  await expect(nodes.start('other', { lobby: '"#hall"' })).rejects.toThrow(/\(w1, w10, w11, /);
});
