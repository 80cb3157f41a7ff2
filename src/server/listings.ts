/** The lists of `fdmux ctl`: who is on a server, and where. */
import type { Member } from '../chat/member.js';
import { RANK_BITS, type Room } from '../chat/room.js';
import { BoundedList } from '../control/bounded-list.js';
import type { Reply } from '../control/request.js';
import { formatHostPort } from '../protocol/host-port.js';
import type { ChatServer } from './chat-server.js';

/** Lists the connections, in the order of their arrival. */
export function listClients({ clients }: ChatServer): Reply {
  return listOf(clients.links, clients.links.size, 'client', (link) => {
    const { id, protocol, transport, isSecure, remoteHost: host, remotePort: port, limits, pendingBytes } = link;
    const from = formatHostPort(host, port);
    return {
      line: `${id}  ${protocol} over ${transport}, from ${from}, class ${limits.name}, ${pendingBytes} bytes wait`,
      entry: { id, protocol, transport, isSecure, host, port, class: limits.name, pendingBytes },
    };
  });
}

/** Lists the members, in the order of their arrival. */
export function listMembers({ chat: { directory } }: ChatServer): Reply {
  return listOf(directory.members(), directory.memberCount, 'member', describeMember);
}

function describeMember(member: Member): Described {
  const { nick, user, address, account, isOperator, away, sinceMs, seats } = member;
  const rooms = seats.map(({ room }) => room.name);
  const facts = [
    ...(account === null ? [] : [`account ${account}`]),
    ...(isOperator ? ['operator'] : []),
    ...(away === null ? [] : ['away']),
    rooms.length === 0 ? 'in no room' : `in ${rooms.join(' ')}`,
  ];
  return {
    line: `${nick}  ${user}@${address}, ${facts.join(', ')}`,
    entry: { nick, user, address, account, isOperator, away, sinceMs, rooms },
  };
}

/** Lists the rooms that are open. */
export function listRooms({ chat: { directory } }: ChatServer): Reply {
  const rooms = [...directory.rooms()];
  return listOf(rooms, rooms.length, 'room', describeRoom);
}

function describeRoom({ name, size, topic, flags, registration, seats }: Room): Described {
  const operators = seats.filter(({ ranks }) => ranks >= RANK_BITS.operator).map(({ member }) => member.nick);
  const founder = registration?.founder ?? null;
  const facts = [
    `${size} inside`,
    ...(operators.length === 0 ? [] : [`operators ${operators.join(' ')}`]),
    ...(founder === null ? [] : [`belongs to ${founder}`]),
    ...(topic === null ? [] : [`topic ${topic.text}`]),
  ];
  return {
    line: `${name}  ${facts.join(', ')}`,
    entry: { name, size, operators, founder, topic: topic?.text ?? null, flags: [...flags] },
  };
}

/** One line of a list, and the same as data. */
interface Described {
  readonly line: string;
  readonly entry: Readonly<Record<string, unknown>>;
}

function listOf<T>(all: Iterable<T>, count: number, what: string, describe: (one: T) => Described): Reply {
  const list = new BoundedList();
  for (const one of all) {
    if (list.isFull) break;
    const { line, entry } = describe(one);
    list.add(line, entry);
  }
  return list.reply(count, what);
}
