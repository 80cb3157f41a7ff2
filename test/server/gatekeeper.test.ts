/** Who may enter, in which order the reasons against it are asked, and what a refusal leaves behind. */
import { expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import { DEFAULT_CLASS } from '../../src/protocol/limits.js';
import { SYSTEM_CLOCK } from '../../src/server/clock.js';
import { Gatekeeper } from '../../src/server/gatekeeper.js';

const ONE_EACH = { ...DEFAULT_CLASS, maxPerAddress: 1, connectionsPerMinute: 0 };

function open(settings = ONE_EACH, maxClients = 0): Gatekeeper {
  return new Gatekeeper({ classes: [{ settings, addresses: [] }], maxClients }, new Chat(), SYSTEM_CLOCK);
}

test('a class that refuses its addresses does so as a ban, even while the gate is closed', () => {
  const gatekeeper = open({ ...ONE_EACH, refusal: 'not from there' });
  const peer = { host: '192.0.2.1', limits: gatekeeper.limitsOf('192.0.2.1') };
  gatekeeper.close('the server is shutting down');
  expect(gatekeeper.enter(peer, '')).toEqual({ reason: 'not from there', isBan: true });
});

test('a closed gate lets nobody in, and counts nobody', () => {
  const gatekeeper = open();
  const peer = { host: '192.0.2.1', limits: gatekeeper.limitsOf('192.0.2.1') };
  gatekeeper.close('the server is shutting down');
  expect(gatekeeper.enter(peer, '')).toEqual({ reason: 'the server is shutting down', isBan: false });
});

test('a peer that may not move keeps its place under the old address', () => {
  const gatekeeper = open();
  const limits = gatekeeper.limitsOf('192.0.2.1');
  const [old, taken] = [
    { host: '192.0.2.1', limits },
    { host: '192.0.2.2', limits },
  ];
  expect([gatekeeper.enter(old, ''), gatekeeper.enter(taken, '')]).toEqual([null, null]);
  expect(gatekeeper.move(old, taken)).toEqual({ reason: 'too many connections from your address', isBan: false });
  expect(gatekeeper.enter(old, '')).toMatchObject({ isBan: false });
  gatekeeper.leave(taken);
  expect(gatekeeper.move(old, taken)).toBeNull();
  expect(gatekeeper.enter(old, '')).toBeNull();
});

test('changed settings hold for those who arrive later', () => {
  const gatekeeper = open();
  gatekeeper.configure({ classes: [{ settings: { ...ONE_EACH, refusal: 'closed' }, addresses: [] }], maxClients: 0 });
  const limits = gatekeeper.limitsOf('192.0.2.1');
  expect(gatekeeper.enter({ host: '192.0.2.1', limits }, '')).toEqual({ reason: 'closed', isBan: true });
});
