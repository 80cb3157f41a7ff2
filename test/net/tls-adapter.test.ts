/** The adapter below a socket of node:tls, which belongs to Node.js and may change with it. */
import { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { TlsAdapter } from '../../src/net/tls-adapter.js';
import { runtime } from '../support/runtime.js';
import { callUntyped } from '../support/untyped.js';

test('every Node.js has one, with the members that are used', () => {
  const below = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const socket = new TLSSocket(below, { isServer: true, secureContext: createSecureContext({}) });
  onTestFinished(() => void socket.destroy());
  const isMissing = TlsAdapter.below(socket) === null;
  expect(runtime === 'node' && isMissing).toBe(false);
});

test.each([{}, { _handle: null }, { _handle: { _parentWrap: { _handle: {} } } }])('%j has none', (socket) => {
  expect(callUntyped(TlsAdapter, 'below', socket)).toBeNull();
});
