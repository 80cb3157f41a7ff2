/** Several processes with one log: whatever becomes of their connections to it, they agree in the end. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import { roomStateOf } from '../../src/chat/room-state.js';
import { seeded } from '../support/random.js';
import { SimulatedNetwork } from '../support/simulated-network.js';
import { LogServer, SocketLog } from '../support/socket-log.js';
import { act, JOIN, Node, ROOMS } from './processes.js';

test('several processes agree on who is where, although their logs are late, lose answers and are cut off', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seed) => {
      const random = seeded(seed);
      const draw = (below: number): number => Math.floor(random() * below);
      let nowMs = 1_000_000;
      const network = new SimulatedNetwork(seed, { cut: 0.01, repeat: 0.05 });
      const logs = new LogServer(1_000_000, () => nowMs);
      const start = (node: string): Node =>
        new Node(new Chat({ log: new SocketLog(network, logs), node, now: () => nowMs }));
      const nodes = ['a.1', 'b.1', 'c.1'].map(start);
      // One who stays in every room, so that the process follows its log.
      const enter = (node: Node, index: number): void => {
        const member = node.chat.receive({ host: '192.0.2.1', outlet: null });
        node.chat.admit(member, { nick: `stays${index}`, user: 'u', realName: 'r' });
        network.run(200);
        for (const room of ROOMS) node.chat.join(member, room, JOIN);
      };
      // The others follow a log when somebody asks for its room; one process starts when the rest have a history.
      for (const [index, node] of nodes.slice(1).entries()) enter(node, index);
      for (let count = 0; count < 150; count += 1) {
        if (count === 75) nodes.push(start('d.1'));
        act(draw, nodes[draw(nodes.length)] ?? expect.fail('no node'));
        network.run(draw(12));
        if (draw(8) > 0) continue;
        // Now and then nobody reaches the log for longer than anybody waits.
        const isOutage = draw(3) === 0;
        if (isOutage) network.cutAll();
        if (isOutage) act(draw, nodes[draw(nodes.length)] ?? expect.fail('no node'));
        nowMs += isOutage ? 6000 : 1500;
        for (const { chat } of nodes) chat.tick();
      }
      network.heal();
      for (const [index, node] of nodes.entries()) enter(node, 10 + index);
      for (let count = 0; count < 8; count += 1) {
        network.run();
        nowMs += 1000;
        for (const { chat } of nodes) chat.tick();
      }
      const [one, ...others] = nodes.map((node) => node.describe());
      for (const other of others) expect(other).toEqual(one);
      for (const { chat, gone } of nodes) {
        const known = new Set([...chat.directory.members()].map(({ session }) => session));
        for (const { session } of gone) expect(known).not.toContain(session);
        for (const room of chat.directory.rooms()) {
          for (const { member, who } of roomStateOf(room).seats) {
            expect(chat.directory.member(member.nick)).toBe(member);
            expect(who).toEqual(member.who);
          }
        }
      }
    }),
    { numRuns: 12 },
  );
});
