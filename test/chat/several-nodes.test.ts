/** Several nodes with all their logs shared: nodes die, are given up and come back, and begin late; all agree. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Chat } from '../../src/chat/chat.js';
import type { Said } from '../../src/chat/event.js';
import { whenSettled } from '../../src/chat/ticket.js';
import type { LogName } from '../../src/log/entry.js';
import { placeOf } from '../../src/log/place.js';
import { type Domain, domainWithHistory, Ear } from './domain.js';
import { act, JOIN, ROOMS } from './processes.js';

test('nodes that die, are given up by mistake, or begin late agree on everything, and nobody hears anything twice', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seed) => {
      const domain = domainWithHistory(seed, (draw, node) => {
        act(draw, node, true);
      });
      // Something new in every log, so that all keep a state of the same place.
      const member = domain.processes[0]?.node.arrive('last') ?? expect.fail('no node');
      domain.network.run();
      const { chat } = domain.processes[0]?.node ?? expect.fail('no node');
      for (const room of ROOMS) chat.join(member, room, JOIN);
      const words = { type: 'message', text: 'x', tags: [], isDivisible: false } as const;
      chat.say(member, { kind: 'member', nick: 'last' }, words);
      domain.settle();
      const lasts = ROOMS.map((room) => chat.say(member, { kind: 'room', name: room, ranks: 0 }, words));
      domain.settle();
      for (const said of lasts)
        whenSettled(said, (outcome) => {
          if (outcome.kind === 'said') expectHeard(domain, outcome);
        });
      for (const { kept, node } of domain.processes) {
        kept.clear();
        node.chat.keepRooms();
      }
      for (const { node } of domain.processes) {
        const { directory } = node.chat;
        const sessions = new Set([...directory.members()].map(({ session }) => session));
        const inside = ROOMS.flatMap((room) => directory.room(room)?.seats.map(({ member }) => member.session) ?? []);
        expect(inside.filter((session) => !sessions.has(session))).toEqual([]);
      }
      const [first, ...others] = domain.processes.map(({ kept, node }) => ({
        described: node.describe(),
        logs: [...kept]
          .filter(([name]) => isOpen(chat, name))
          .sort(([name], [other]) => (name < other ? -1 : 1))
          // Each node knows best since when its own members are here.
          .map(([name, state]) => [name, name === 'd' ? state.replace(/"sinceMs":\d+/g, '') : state] as const),
      }));
      expect(first?.logs.map(([name]) => name)).toContain('d');
      for (const other of others) expect(other).toEqual(first);
      for (const { node } of domain.processes) {
        const known = [...node.chat.directory.members()];
        for (const present of node.members) if (present.nick !== '') expect(known).toContain(present);
        for (const { member: present } of node.devices) if (present.nick !== '') expect(known).toContain(present);
        for (const { session } of node.gone) expect(known.map((each) => each.session)).not.toContain(session);
      }
      for (const { heard } of domain.ears) {
        for (const places of heard.values()) {
          expect(places).toEqual([...new Set(places)].sort((place, other) => place - other));
        }
      }
    }),
    { numRuns: 10 },
  );
});

/** Everybody in a room has heard what was said there last, through all connections. */
function expectHeard({ processes }: Domain, { id, room }: Said): void {
  const { seq, part } = placeOf(id);
  for (const { node } of processes) {
    for (const { member, outlet } of node.devices) {
      const isInside = node.chat.directory.room(room?.name ?? '')?.seatOf(member) !== undefined;
      if (!isInside || !(outlet instanceof Ear)) continue;
      expect(outlet.heard.get(room?.name ?? '')?.at(-1)).toBe(1000 * seq + part);
    }
  }
}

function isOpen(chat: Chat, log: LogName): boolean {
  return !log.startsWith('r:') || chat.directory.room(log.slice(2)) !== undefined;
}
