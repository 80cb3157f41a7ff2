/** The effect of each kind of entry on the domain: a refusal, or a change with its event. */
import { type DomainDeeds, type EntryOf, proposerOf, type Stamp } from '../log/entry.js';
import type { DomainState } from './domain-state.js';
import type { EventOf } from './event.js';
import type { Member } from './member.js';
import { type MemberState, securityOf } from './member-state.js';
import { withNote } from './notes.js';
import type {
  Arrived,
  Attached,
  Banned,
  Changed,
  Detached,
  Erased,
  Lost,
  Named,
  Reserved,
  Unbanned,
} from './outcome.js';
import { NOT_TAKEN, type NotTaken, refuse, type Refused } from './refusal.js';

/** The outcomes of entries of each kind. Null if nothing has changed. */
export interface DomainOutcomes {
  arrive: Arrived | Refused<'nick-taken' | 'nick-reserved'>;
  nick: EventOf<'renamed'> | Refused<'nick-taken' | 'nick-reserved'> | NotTaken;
  reserve: Reserved;
  displace: EventOf<'renamed'> | Refused<'nick-taken'> | null;
  ghost: EventOf<'expelled'> | Refused<'no-such-member' | 'not-allowed' | 'oneself'> | NotTaken;
  quit: EventOf<'quit'> | NotTaken;
  security: NotTaken | null;
  attach: Attached | Refused<'no-such-member'>;
  detach: Detached | EventOf<'quit'> | NotTaken | null;
  away: EventOf<'away'> | NotTaken | null;
  realname: EventOf<'realname'> | NotTaken;
  host: EventOf<'host'> | NotTaken;
  account: EventOf<'account'> | NotTaken | null;
  operator: Changed | NotTaken | null;
  trait: Changed | NotTaken | null;
  describe: EventOf<'annotated'> | Refused<'too-many-keys'> | NotTaken | null;
  announce: EventOf<'announced'> | Refused<'not-privileged'> | NotTaken;
  broadcast: EventOf<'broadcast'> | Refused<'not-privileged'> | NotTaken;
  expel: EventOf<'expelled'> | Refused<'not-privileged' | 'no-such-member'> | NotTaken;
  evict: EventOf<'expelled'> | Refused<'no-such-member'>;
  ban: Banned | Refused<'too-many-bans'>;
  unban: Unbanned;
  erase: Erased;
  open: Named | null;
  shut: Named | null;
  withdrawn: null;
  gone: Lost | null;
}

/** Applies one kind of entry. @param atMs - the time of the domain, which never goes back */
type Deed<K extends keyof DomainDeeds> = (
  domain: DomainState,
  entry: EntryOf<DomainDeeds, K>,
  atMs: number,
) => DomainOutcomes[K];

/** Makes a deed that only a member in the chat can do. */
function byMember<E extends Stamp, T>(
  act: (domain: DomainState, member: MemberState, entry: E, atMs: number) => T,
): (domain: DomainState, entry: E, atMs: number) => T | NotTaken {
  return (domain, entry, atMs) => {
    const member = domain.bySession(entry.session);
    return member === undefined ? NOT_TAKEN : act(domain, member, entry, atMs);
  };
}

const arrive: Deed<'arrive'> = (domain, entry) => {
  const { nick, account } = entry.who;
  if (domain.belongsToOther(nick, account)) return refuse('nick-reserved');
  const member = domain.add(entry, entry.who);
  return member === null ? refuse('nick-taken') : { kind: 'arrived', member };
};

const reserve: Deed<'reserve'> = (domain, { accounts, on }) => {
  const squatters = new Set<Member>();
  for (const account of accounts) {
    domain.own(account, on);
    const holder = domain.holderOf(account);
    if (holder !== undefined && domain.belongsToOther(holder.nick, holder.account)) squatters.add(holder);
  }
  return { kind: 'reserved', squatters: [...squatters] };
};

const displace: Deed<'displace'> = (domain, { target, nick }, atMs) => {
  const member = domain.bySession(target);
  if (member === undefined || !domain.belongsToOther(member.nick, member.account)) return null;
  if (domain.holderOf(nick) !== undefined || domain.belongsToOther(nick, member.account)) return refuse('nick-taken');
  const before = member.nick;
  domain.rename(member, nick, atMs);
  return { kind: 'renamed', atMs, member, before };
};

const attach: Deed<'attach'> = (domain, entry, atMs) => {
  const { account, address } = entry;
  const member = domain.bySession(entry.session);
  const isMeant = member !== undefined && (account === null || domain.isSameAccount(member.account, account));
  if (!isMeant || member.isAlone) return refuse('no-such-member');
  const session = proposerOf(entry);
  const presences = domain.spread(member);
  const { absentSinceMs } = presences;
  presences.connect(session, { away: null, privileges: null, address, ...securityOf(entry) });
  return { kind: 'attached', member, session, absentSinceMs, away: domain.settle(member, atMs) };
};

const detach = byMember<EntryOf<DomainDeeds, 'detach'>, Detached | EventOf<'quit'> | null>(
  (domain, member, entry, atMs) => {
    const { reason, sinceMs } = entry;
    if (!domain.spread(member).disconnect(proposerOf(entry), sinceMs)) return null;
    if (!domain.remains(member)) return quit(domain, member, reason, atMs);
    return { kind: 'detached', member, away: domain.settle(member, atMs) };
  },
);

function quit(domain: DomainState, member: MemberState, reason: string, atMs: number): EventOf<'quit'> {
  domain.remove(member, atMs);
  member.parting = reason;
  return { kind: 'quit', atMs, member, reason };
}

/** The reason that others read for members whose node has stopped. */
const NODE_LOST = 'node lost';

const gone: Deed<'gone'> = (domain, { node }, atMs) => {
  if (!domain.gone.add(node)) return null;
  const { changed, moved } = domain.loseNodes();
  const end = (member: MemberState): EventOf<'quit'> => quit(domain, member, NODE_LOST, atMs);
  const quits = [...domain.members()].filter(({ session }) => domain.gone.hasSession(session)).map(end);
  const partings = changed.filter((member) => !domain.remains(member)).map(end);
  domain.dropGone();
  const changes = changed
    .filter((member) => domain.bySession(member.session) === member)
    .map((member) => ({ member, away: domain.settle(member, atMs) }));
  return { kind: 'lost', node, quits, partings, moved, changes };
};

/** The table with which the domain applies its log. */
export const DOMAIN_DEEDS: { readonly [K in keyof DomainDeeds]: Deed<K> } = {
  arrive,
  reserve,
  displace,
  nick: byMember((domain, member, { nick }, atMs) => {
    const owner = domain.holderOf(nick);
    if (owner !== undefined && owner !== member) return refuse('nick-taken');
    if (domain.belongsToOther(nick, member.account)) return refuse('nick-reserved');
    const before = member.nick;
    domain.rename(member, nick, atMs);
    return { kind: 'renamed', atMs, member, before };
  }),
  quit: byMember((domain, member, { reason }, atMs) => quit(domain, member, reason, atMs)),
  security: byMember((domain, member, entry) => {
    member.security = securityOf(entry);
    domain.presencesOf(member)?.change(member.session, member.security);
    return null;
  }),
  attach,
  detach,
  away: byMember((domain, member, entry, atMs) => {
    const { reason } = entry;
    const presences = domain.presencesOf(member);
    if (presences !== undefined) {
      const isHere = presences.change(proposerOf(entry), { away: reason });
      return isHere ? domain.settle(member, atMs) : null;
    }
    // Clients automatically repeat that they are back, or away as before: that is no news to anybody.
    if (member.away === reason) return null;
    member.away = reason;
    return { kind: 'away', atMs, member };
  }),
  realname: byMember((_domain, member, { realName }, atMs) => {
    member.become({ realName });
    return { kind: 'realname', atMs, member };
  }),
  host: byMember((_domain, member, { host }, atMs) => {
    const before = member.host;
    member.become({ host });
    return { kind: 'host', atMs, member, before };
  }),
  account: byMember((domain, member, { account }, atMs) => {
    if (member.account === account) return null;
    // Somebody has connected to another node meanwhile, who has not given the password of that account.
    const isOther = account !== null && !domain.isSameAccount(member.account, account);
    if (isOther && domain.isSpread(member)) return NOT_TAKEN;
    member.become({ account });
    return { kind: 'account', atMs, member };
  }),
  operator: byMember((domain, member, entry, atMs) => {
    const { privileges } = entry;
    const presences = domain.presencesOf(member);
    if (presences !== undefined) {
      if (!presences.change(proposerOf(entry), { privileges })) return null;
      domain.settle(member, atMs);
      return { kind: 'changed', member };
    }
    if (privileges === null && !member.isOperator) return null;
    domain.recount(member, () => member.become({ privileges }));
    return { kind: 'changed', member };
  }),
  trait: byMember((domain, member, { trait, on }) => {
    if (member.traits.has(trait) === on) return null;
    const traits = new Set(member.traits);
    if (on) traits.add(trait);
    else traits.delete(trait);
    domain.recount(member, () => {
      member.traits = traits;
    });
    return { kind: 'changed', member };
  }),
  describe: byMember((_domain, member, entry, atMs) => {
    const made = withNote(member.metadata, entry);
    if (made === null) return refuse('too-many-keys');
    member.metadata = made.notes;
    if (made.changes.length === 0) return null;
    return { kind: 'annotated', atMs, by: member, member, room: null, changes: made.changes };
  }),
  announce: byMember((domain, by, entry, atMs) =>
    domain.mayBy(by, entry, 'wallops') ? { kind: 'announced', atMs, by, text: entry.text } : refuse('not-privileged'),
  ),
  broadcast: byMember((domain, by, entry, atMs) => {
    const { type, text } = entry;
    return domain.mayBy(by, entry, 'global') ? { kind: 'broadcast', atMs, by, type, text } : refuse('not-privileged');
  }),
  expel: byMember((domain, by, entry, atMs) => {
    const { target, reason, parting } = entry;
    if (!domain.mayBy(by, entry, 'kill')) return refuse('not-privileged');
    const member = domain.bySession(target);
    if (member === undefined) return refuse('no-such-member');
    return { kind: 'expelled', atMs, by, member, reason, parting };
  }),
  ghost: byMember((domain, by, { nick, account }, atMs) => {
    const member = domain.member(nick);
    if (member === undefined) return refuse('no-such-member');
    if (member === by) return refuse('oneself');
    const isOwn = domain.belongsTo(nick, account) || domain.isSameAccount(member.account, account);
    if (!isOwn) return refuse('not-allowed');
    return { kind: 'expelled', atMs, by, member, reason: 'Ghosted', parting: `Ghosted by ${by.nick}` };
  }),
  evict: (domain, { target, parting }, atMs) => {
    const member = domain.bySession(target);
    if (member === undefined) return refuse('no-such-member');
    return { kind: 'expelled', atMs, by: null, member, reason: parting, parting };
  },
  ban: (domain, entry, atMs) => {
    const { ban, parting, maxBans } = entry;
    const isSet = domain.bans.add(ban, { session: proposerOf(entry), maxBans, atMs });
    return isSet ? { kind: 'banned', ban, parting } : refuse('too-many-bans');
  },
  unban: (domain, entry) => {
    const { type, mask } = entry;
    domain.bans.remove(type, mask, proposerOf(entry));
    return { kind: 'unbanned' };
  },
  erase: (domain, { account }) => {
    domain.own(account, false);
    return { kind: 'erased', account };
  },
  open: (domain, { room }) => {
    if (domain.rooms.has(room)) return null;
    domain.rooms.add(room);
    return { kind: 'named', room, isOpen: true };
  },
  shut: (domain, { room }) => (domain.rooms.delete(room) ? { kind: 'named', room, isOpen: false } : null),
  withdrawn: () => null,
  gone,
};
