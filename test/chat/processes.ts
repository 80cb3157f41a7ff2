/** Processes whose members do anything, for tests of several of them. */
import { expect } from 'vitest';
import type { Chat } from '../../src/chat/chat.js';
import type { Member, Outlet } from '../../src/chat/member.js';
import { whenSettled } from '../../src/chat/ticket.js';

export const ROOMS = ['#a', '#b', '#c'];
const NICKS = ['ann', 'bob', 'cid', 'dan', 'eve', 'fay', 'gus', 'hal'];
export const JOIN = { key: null, maxRooms: 9, flags: [] };
const LIMITS = { maxMasks: 5, maxValues: 9 };
const WORDS = { type: 'message', text: 'x', tags: [], isDivisible: false } as const;

/** The accounts of those who are connected several times. */
const ACCOUNTS = ['ann', 'bob', 'cid'];

/** A connection of somebody who has an account. */
export interface Device {
  /** The member that it shares with others, as soon as it is let in. */
  member: Member;
  readonly outlet: Outlet;
  isOver: boolean;
}

/** One process. */
export class Node {
  readonly chat: Chat;
  readonly members: Member[] = [];
  readonly gone: Member[] = [];
  readonly devices: Device[] = [];

  readonly #outlet: () => Outlet | null;

  /** @param outlet - makes what a member hears with */
  constructor(chat: Chat, outlet: () => Outlet | null = () => null) {
    this.chat = chat;
    this.#outlet = outlet;
  }

  arrive(nick: string): Member {
    const member = this.chat.receive({ host: '192.0.2.1', outlet: this.#outlet() });
    this.chat.admit(member, { nick, user: 'u', realName: nick });
    this.members.push(member);
    return member;
  }

  /** Connects somebody who is one with the member of an account, on whichever node that is. */
  connect(account: string): void {
    const outlet = this.#outlet();
    if (outlet === null) return;
    const own = this.chat.receive({ host: '192.0.2.1', outlet });
    const names = { nick: account, user: 'u', realName: account, account };
    const device: Device = { member: own, outlet, isOver: false };
    this.devices.push(device);
    whenSettled(this.chat.arriveAs(own, names), (shared) => {
      if (device.isOver) return;
      if (shared?.kind === 'shared') device.member = shared.member;
      else if (shared === null) this.chat.admit(own, names);
      else this.disconnect(device);
    });
  }

  disconnect(device: Device): void {
    device.isOver = true;
    this.devices.splice(this.devices.indexOf(device), 1);
    this.chat.leave(device.member, device.outlet, '');
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

/** Returns a number from 0 to below a bound. */
export type Draw = (below: number) => number;

function pick<T>(draw: Draw, from: readonly T[]): T {
  return from[draw(from.length)] ?? expect.fail('nothing to choose from');
}

/** A member that acts, with the room and the nick that it has drawn. */
interface Actor {
  readonly member: Member;
  readonly room: string;
  readonly nick: string;
}

/** Has somebody do something. @param hasDevices - whether it may be somebody who is connected several times */
export function act(draw: Draw, node: Node, hasDevices = false): void {
  const { chat } = node;
  if (hasDevices && draw(3) === 0) {
    actByDevice(draw, node);
    return;
  }
  if (node.members.length < 3) node.arrive(pick(draw, NICKS));
  // Nobody acts before the log has let it in, but anybody may leave.
  const present = node.members.filter((one) => one.nick !== '');
  if (present.length === 0) return;
  const actor = { member: pick(draw, present), room: pick(draw, ROOMS), nick: pick(draw, NICKS) };
  const { member, room, nick } = actor;
  const acts = [
    () => node.arrive(nick),
    ...actsOf(draw, chat, actor),
    () => chat.amend(member, room, [{ kind: 'mask', on: true, list: 'ban', mask: `${nick}!*@*` }], LIMITS),
    () => chat.amend(member, room, [{ kind: 'flag', on: draw(2) === 0, flag: 'invite-only' }], LIMITS),
    () => node.quit(pick(draw, node.members)),
  ];
  pick(draw, acts)();
}

/** Has somebody do something who may be connected several times, to several nodes. */
function actByDevice(draw: Draw, node: Node): void {
  const { chat, devices } = node;
  const present = devices.filter(({ member }) => member.nick !== '');
  if (present.length === 0 || draw(4) === 0) {
    node.connect(pick(draw, ACCOUNTS));
    return;
  }
  const device = pick(draw, present);
  const { member, outlet } = device;
  const actor = { member, room: pick(draw, ROOMS), nick: pick(draw, NICKS) };
  const acts = [
    ...actsOf(draw, chat, actor),
    () => chat.say(member, { kind: 'room', name: actor.room, ranks: 0 }, WORDS),
    () => chat.setTrait(member, 'always-on', draw(2) === 0),
  ];
  if (draw(6) === 0) node.disconnect(device);
  else chat.through(member, outlet, pick(draw, acts));
}

/** The acts that anybody may draw. One that is listed twice is drawn twice as often. */
function actsOf(draw: Draw, chat: Chat, { member, room, nick }: Actor): (() => unknown)[] {
  return [
    () => chat.join(member, room, JOIN),
    () => chat.join(member, room, JOIN),
    () => chat.part(member, room, ''),
    () => chat.say(member, { kind: 'room', name: room, ranks: 0 }, WORDS),
    () => chat.say(member, { kind: 'member', nick }, WORDS),
    () => chat.rename(member, `${nick}${draw(3)}`),
    () => chat.kick(member, room, { nick, reason: '' }),
    () => chat.invite(member, nick, room),
    () => chat.setTopic(member, room, pick(draw, ['tea', 'milk'])),
    () => chat.setAway(member, draw(2) === 0 ? null : 'out'),
    () => chat.setOperator(member, draw(2) === 0 ? null : ['kill', 'override']),
    () => chat.setHost(member, `h${draw(3)}.example`),
    () => chat.amend(member, room, [{ kind: 'rank', on: draw(2) === 0, rank: 'operator', nick }], LIMITS),
  ];
}
