/** WHO and WHOX (modern, "WHO message"; IRCv3 whox). */
import { homeOf } from '../../../chat/abroad.js';
import { matchesMask } from '../../../chat/mask.js';
import type { Member } from '../../../chat/member.js';
import { isVisible, mayList } from '../../../chat/permissions.js';
import type { Room } from '../../../chat/room.js';
import type { Client } from '../client.js';
import type { Message } from '../message.js';
import { rankSigns } from '../modes.js';
import { isChannelLike } from '../names.js';
import type { Paged } from '../outcome.js';
import { sourceOf } from '../source.js';

/** A parsed WHO: who, whether only operators, and for WHOX which fields and which token. */
interface Query {
  /** The mask as it was sent: the last line repeats it (modern, "RPL_ENDOFWHO"). */
  readonly asked: string;
  readonly mask: string;
  readonly operatorsOnly: boolean;
  readonly fields: string | null;
  readonly token: string;
}

/** The fields of WHOX in the order of the reply, whatever the order of the request. */
const FIELD_ORDER = ['t', 'c', 'u', 'i', 'h', 's', 'n', 'f', 'd', 'l', 'a', 'o', 'r'] as const;

/** WHO. */
export function* who(client: Client, message: Message): Paged {
  const query = parseQuery(message.params);
  for (const one of found(client, query.mask)) {
    // Each member that is looked at is a step, found or not.
    yield;
    if (one === null || (query.operatorsOnly && !one.member.isOperator)) continue;
    if (query.fields === null) sendPlain(client, one.member, one.room);
    else sendFields(client, query, query.fields, one.member, one.room);
  }
  client.reply('RPL_ENDOFWHO', query.asked);
}

function parseQuery(params: readonly string[]): Query {
  const [mask = '*', options = ''] = params;
  const [flags = '', extended] = options.split('%', 2);
  const [fields = '', token = '0'] = (extended ?? '').split(',', 2);
  return {
    asked: mask === '' ? '*' : mask,
    // An empty mask and 0 mean everybody (RFC 1459 section 4.5.1).
    mask: mask === '' || mask === '0' ? '*' : mask,
    operatorsOnly: flags.includes('o'),
    fields: extended === undefined ? null : fields,
    token: /^\d{1,3}$/.test(token) ? token : '0',
  };
}

interface Found {
  readonly member: Member;
  /** The room that the reply names; null for none. */
  readonly room: Room | null;
}

/** Yields those who match, and null for each member that was looked at and does not. */
function* found(client: Client, mask: string): Generator<Found | null> {
  const { server, member: viewer } = client;
  const { directory } = server;
  if (isChannelLike(mask)) {
    const room = directory.visibleRoom(viewer, mask);
    if (room === undefined) return;
    const isInside = room.seatOf(viewer) !== undefined;
    // A copy, since members join and leave while the answer waits for its reader.
    for (const { member } of [...room.seats]) {
      const isShown = room.seatOf(member) !== undefined && (isInside || mayList(viewer, member));
      yield isShown ? { member, room } : null;
    }
    return;
  }
  const exact = directory.anyone(mask);
  if (exact !== undefined) {
    yield { member: exact, room: roomToShow(viewer, exact) };
    return;
  }
  const folded = directory.fold(mask);
  for (const member of directory.members()) {
    const texts = [member.nick, member.user, member.host, member.realName, sourceOf(member), server.name];
    const isMeant = mayList(viewer, member) && texts.some((text) => matchesMask(folded, directory.fold(text)));
    yield isMeant ? { member, room: roomToShow(viewer, member) } : null;
  }
}

/** Returns a room of the member's that the viewer may know of. */
function roomToShow(viewer: Member, member: Member): Room | null {
  const visible = member.seats.find(({ room }) => {
    const isShared = room.seatOf(viewer) !== undefined;
    return isShared || (!member.traits.has('invisible') && isVisible(viewer, room));
  });
  return visible?.room ?? null;
}

/** Returns here or gone, operator, ranks, then our own flags, in this order (modern, "RPL_WHOREPLY"). */
function flagsOf(client: Client, member: Member, room: Room | null): string {
  const presence = member.away === null ? 'H' : 'G';
  const signs = room === null ? '' : rankSigns(room.ranksOf(member), client.has('multi-prefix'));
  return `${presence}${member.isOperator ? '*' : ''}${signs}${member.traits.has('bot') ? 'B' : ''}`;
}

function sendPlain(client: Client, member: Member, room: Room | null): void {
  const domain = homeOf(member.session);
  const flags = flagsOf(client, member, room);
  client.reply(
    'RPL_WHOREPLY',
    room?.name ?? '*',
    member.user,
    member.host,
    domain ?? client.server.name,
    member.nick,
    flags,
    `${domain === null ? 0 : 1} ${member.realName}`,
  );
}

function sendFields(client: Client, query: Query, fields: string, member: Member, room: Room | null): void {
  const { server, member: viewer } = client;
  const domain = homeOf(member.session);
  const mayKnowAddress = viewer === member || viewer.may('see-hosts');
  const values: Readonly<Record<string, string>> = {
    t: query.token,
    c: room?.name ?? '*',
    u: member.user,
    // A host that hides the address must not be undone by this field.
    i: mayKnowAddress ? (server.chat.addressesOf(member)[0] ?? member.address) : '255.255.255.255',
    h: member.host,
    s: domain ?? server.name,
    n: member.nick,
    f: flagsOf(client, member, room),
    d: domain === null ? '0' : '1',
    // The idle time of somebody of another domain is not known.
    l: domain === null ? String(Math.floor((server.directory.now() - member.lastSpokeMs) / 1000)) : '0',
    a: member.account ?? '0',
    o: room === null ? 'n/a' : '0',
    r: member.realName,
  };
  const words = FIELD_ORDER.filter((field) => fields.includes(field)).map((field) => values[field] ?? '*');
  client.reply('RPL_WHOSPCRPL', ...words);
}
