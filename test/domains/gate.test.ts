import { expect, test } from 'vitest';
import { Gate } from '../../src/domains/gate.js';
import { encodePack } from '../../src/log/codec.js';
import type { Entry, Heir } from '../../src/log/entry.js';
import { SILENT } from '../../src/server/log.js';
import { stamp, words } from './entries.js';

const say = { ...stamp, kind: 'say', ...words, text: 'hi' } as const;

function bytesOf(...entries: readonly Entry[]): Uint8Array {
  const encoded = encodePack(entries);
  return encoded.kind === 'bytes' ? encoded.bytes : expect.fail(encoded.kind);
}

function open(): Gate {
  const isGone = (node: string): boolean => node === 'b.1';
  return new Gate({ own: 'far.example', home: 'home.example', lineage: 'x1-', isGone, now: () => 0, log: SILENT });
}

function whyNot(gate: Gate, room: string, body: Uint8Array): string | null {
  return gate.judge(room, body).why;
}

test('a home says for people of any node only what a node has offered, once', () => {
  const gate = open();
  gate.offered('#a', bytesOf({ ...say, session: 'x1-b.1.7', n: 1 }));
  const there = { ...say, session: 'far.example/x1-b.1.7', n: 1 };
  const forged = 'it has spoken for somebody of this domain';
  expect(whyNot(gate, '#a', bytesOf({ ...there, text: 'ho' }))).toBe(forged);
  expect(whyNot(gate, '#b', bytesOf(there))).toBe(forged);
  expect(whyNot(gate, '#a', bytesOf(there))).toBeNull();
  expect(whyNot(gate, '#a', bytesOf(there))).toBeNull();
  expect(whyNot(gate, '#a', bytesOf({ ...there, n: 2 }))).toBe(forged);
  expect(whyNot(gate, '#a', bytesOf({ ...stamp, kind: 'over', session: there.session, n: 2 }))).toBeNull();
  expect(whyNot(gate, '#a', bytesOf({ ...say, session: 'a.1.1', n: 9 }))).toBeNull();
});

test('a home removes the people of a node only if that is gone', () => {
  const gate = open();
  const gone = (node: string): Entry => ({ ...stamp, kind: 'gone', session: 'a.1.1', node });
  expect(whyNot(gate, '#a', bytesOf(gone('far.example/x1-b.1')))).toBeNull();
  expect(whyNot(gate, '#a', bytesOf(gone('far.example/x1-a.1')))).toBe(
    'it has removed a node of this domain that is not gone',
  );
  // Nodes of its own, of other domains, and of an earlier store.
  for (const node of ['a.1', 'third.example/a.1', 'far.example/x2-a.1']) {
    expect(whyNot(gate, '#a', bytesOf(gone(node)))).toBeNull();
  }
});

test('a home gives people of a gone node the sessions that their nodes have reported, and no others', () => {
  const gone = (...heirs: Heir[]): Entry => ({
    ...stamp,
    kind: 'gone',
    session: 'a.1.1',
    node: 'far.example/x1-b.1',
    heirs,
  });
  const heir = ['far.example/x1-b.1.7', 'far.example/x1-c.1.2'] as const;
  const gate = open();
  const forged = 'it has given people of this domain other sessions';
  expect(whyNot(gate, '#a', bytesOf(gone(heir)))).toBe(forged);
  gate.lost('b.1', [['b.1.7', 'c.1.2']]);
  expect(whyNot(gate, '#a', bytesOf(gone(heir)))).toBeNull();
  expect(whyNot(gate, '#a', bytesOf(gone(heir, ['far.example/x1-b.1.8', 'far.example/x1-c.1.2'])))).toBe(forged);
  // Those of the home are its own affair.
  expect(whyNot(gate, '#a', bytesOf(gone(['a.1.1', 'b.1.1'])))).toBeNull();
});

test('a home says for people of several nodes only what a node has offered', () => {
  const gate = open();
  gate.offered('#a', bytesOf({ ...say, session: 'x1-b.1.7', via: 'x1-c.1.2' }));
  const there = { ...say, session: 'far.example/x1-b.1.7', via: 'far.example/x1-c.1.2' };
  const forged = 'it has spoken for somebody of this domain';
  expect(whyNot(gate, '#a', bytesOf({ ...there, session: 'far.example/x1-b.1.8' }))).toBe(forged);
  expect(whyNot(gate, '#a', bytesOf({ ...there, via: 'c.1.2' }))).toBe(forged);
  expect(whyNot(gate, '#a', bytesOf(there))).toBeNull();
});

test('what is no pack does not reach the nodes', () => {
  expect(whyNot(open(), '#a', new Uint8Array([1, 2, 3]))).toBe('it has sent what is no pack');
});
