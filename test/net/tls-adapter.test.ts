/** The adapter below a socket of node:tls, which belongs to Node.js and may change with it. */
import { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import { assert, expect, onTestFinished, test } from 'vitest';
import { TlsAdapter } from '../../src/net/tls-adapter.js';
import { runtime } from '../support/runtime.js';
import { callUntyped } from '../support/untyped.js';

test('every Node.js has one, with the members that are used, and no other runtime', () => {
  const below = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const socket = new TLSSocket(below, { isServer: true, secureContext: createSecureContext({}) });
  onTestFinished(() => void socket.destroy());
  const isMissing = TlsAdapter.below(socket) === null;
  expect(isMissing).toBe(runtime !== 'node');
});

const call = (): undefined => undefined;

test.each([
  ['a socket without a handle', {}],
  ['a destroyed socket', { _handle: null }],
  ['a socket on an adapter without members', { _handle: { _parentWrap: { _handle: {} } } }],
  [
    'a socket on an adapter of Deno',
    { _handle: { _parentWrap: { finishWrite: call, _handle: { readBuffer: call } } } },
  ],
])('%s has none that can be used', (_what, socket) => {
  expect(callUntyped(TlsAdapter, 'below', socket)).toBeNull();
});

test('decrypted bytes are handed out at once while the socket flows, and pushed otherwise, as the end is', () => {
  const pushed: unknown[] = [];
  const taken: string[] = [];
  const socket = {
    _handle: { _parentWrap: { finishWrite: call, _handle: { readBuffer: call, finishWrite: call } } },
    readableFlowing: true,
    readableLength: 0,
    destroyed: false,
    push(bytes: unknown): boolean {
      pushed.push(this === socket ? bytes : 'to another one');
      return false;
    },
  };
  const adapter = callUntyped(TlsAdapter, 'below', socket);
  assert(adapter instanceof TlsAdapter);
  adapter.divert((bytes) => taken.push(bytes.toString()));
  expect(socket.push(Buffer.from('flows'))).toBe(true);
  expect({ taken, pushed }).toEqual({ taken: ['flows'], pushed: [] });
  const late = Buffer.from('late');
  for (const state of [{ readableFlowing: false }, { readableLength: 1 }, { destroyed: true }]) {
    const before = { ...socket };
    Object.assign(socket, state);
    expect(socket.push(late)).toBe(false);
    Object.assign(socket, before);
  }
  expect(socket.push(null)).toBe(false);
  expect({ taken, pushed }).toEqual({ taken: ['flows'], pushed: [late, late, late, null] });
});
