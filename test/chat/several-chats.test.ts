/** Several processes with one log: whatever becomes of their connections to it, they agree in the end. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import type { Member } from '../../src/chat/member.js';
import { roomStateOf } from '../../src/chat/room-state.js';
import { seeded } from '../support/random.js';
import { SimulatedNetwork } from '../support/simulated-network.js';
import { LogServer, SocketLog } from '../support/socket-log.js';

const ROOMS = ['#a', '#b', '#c'];
const NICKS = ['ann', 'bob', 'cid', 'dan', 'eve', 'fay', 'gus', 'hal'];
const JOIN = { key: null, maxRooms: 9, flags: [] };
const LIMITS = { maxMasks: 5, maxValues: 9 };

/** One process. */
class Node {
  readonly chat: Chat;
  readonly members: Member[] = [];
  readonly gone: Member[] = [];

  constructor(chat: Chat) {
    this.chat = chat;
  }

  arrive(nick: string): Member {
    const member = this.chat.receive({ host: '192.0.2.1', outlet: null });
    this.chat.admit(member, { nick, user: 'u', realName: nick });
    this.members.push(member);
    return member;
  }

  quit(member: Member): void {
    this.chat.quit(member, '');
    this.members.splice(this.members.indexOf(member), 1);
    this.gone.push(member);
  }

  /** Everything that the domain's log and those of the rooms have said. */
  describe(): unknown {
    const { directory } = this.chat;
    const members = [...directory.members()].map(({ nick, session, away, realName, host }) => [
      ...[nick, session, away, realName, host],
      directory.member(nick)?.may('kill'),
    ]);
    const rooms = ROOMS.map((name) => {
      const room = directory.room(name);
      const seats = room?.seats.map(({ member: { session, nick }, ranks }) => [session, nick, ranks]).sort();
      return [room?.topic?.text, [...(room?.flags ?? [])].sort(), room?.masks.ban.map(({ mask }) => mask), seats];
    });
    return { members: members.sort(), rooms };
  }
}

/** Has somebody do something. */
function act(draw: (below: number) => number, node: Node): void {
  const pick = <T>(from: readonly T[]): T => from[draw(from.length)] ?? expect.fail('nothing to choose from');
  const { chat } = node;
  if (node.members.length < 3) node.arrive(pick(NICKS));
  // Nobody acts before the log has let it in, but anybody may leave.
  const present = node.members.filter((one) => one.nick !== '');
  if (present.length === 0) return;
  const [member, room, nick] = [pick(present), pick(ROOMS), pick(NICKS)];
  const words = { type: 'message', text: 'x', tags: [], isDivisible: false } as const;
  const acts: (() => unknown)[] = [
    () => node.arrive(nick),
    () => chat.join(member, room, JOIN),
    () => chat.join(member, room, JOIN),
    () => chat.part(member, room, ''),
    () => chat.say(member, { kind: 'room', name: room, ranks: 0 }, words),
    () => chat.say(member, { kind: 'member', nick }, words),
    () => chat.rename(member, `${nick}${draw(3)}`),
    () => chat.kick(member, room, { nick, reason: '' }),
    () => chat.invite(member, nick, room),
    () => chat.setTopic(member, room, pick(['tea', 'milk'])),
    () => chat.setAway(member, draw(2) === 0 ? null : 'out'),
    () => chat.setOperator(member, draw(2) === 0 ? null : ['kill', 'override']),
    () => chat.setHost(member, `h${draw(3)}.example`),
    () => chat.amend(member, room, [{ kind: 'rank', on: draw(2) === 0, rank: 'operator', nick }], LIMITS),
    () => chat.amend(member, room, [{ kind: 'mask', on: true, list: 'ban', mask: `${nick}!*@*` }], LIMITS),
    () => chat.amend(member, room, [{ kind: 'flag', on: draw(2) === 0, flag: 'invite-only' }], LIMITS),
    () => node.quit(pick(node.members)),
  ];
  pick(acts)();
}

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
