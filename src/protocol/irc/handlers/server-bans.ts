/**
 * KLINE, UNKLINE, DLINE, UNDLINE: bans of the server (not in the RFCs; the syntax is that of ircd-hybrid and its
 * relatives).
 */
import { parseAddresses } from '../../../chat/address.js';
import { addressesMask, usersMask } from '../../../chat/ban-mask.js';
import type { BanKind, ServerBan } from '../../../chat/server-bans.js';
import { isHostLike } from '../../../chat/user-mask.js';
import type { Client } from '../client.js';
import type { Message } from '../message.js';
import { outcomeOf, type Paged } from '../outcome.js';
import { replyNotTaken, replyUnprivileged } from '../refusals.js';
import { sourceOf } from '../source.js';
import { cutToBytes } from '../text-length.js';
import { MS_PER_MINUTE } from '../times.js';

/** The operators' names for the kinds of bans. */
const NAMES: Readonly<Record<BanKind, string>> = { users: 'K-Line', addresses: 'D-Line' };
/** Longer masks and reasons would not fit into a line of STATS. */
const MASK_BYTES = 100;
const REASON_BYTES = 200;
/** Ten years: the longest ban that ends. */
const MAX_MINUTES = 5_256_000;

/** KLINE: `[minutes] user@host|host|nick [reason]`. */
export function kline(client: Client, message: Message): Paged {
  return addBan(client, 'users', message);
}

/** DLINE: `[minutes] address|network|nick [reason]`. */
export function dline(client: Client, message: Message): Paged {
  return addBan(client, 'addresses', message);
}

/** UNKLINE: `user@host`. */
export function unkline(client: Client, message: Message): Paged {
  return removeBan(client, 'users', message);
}

/** UNDLINE: an address or a network. */
export function undline(client: Client, message: Message): Paged {
  return removeBan(client, 'addresses', message);
}

function* addBan(client: Client, kind: BanKind, message: Message): Paged {
  const { member, server } = client;
  const { directory } = server;
  const [first = ''] = message.params;
  const isTimed = /^\d+$/.test(first);
  const minutes = isTimed ? Math.min(Number(first), MAX_MINUTES) : 0;
  const [target, reason = ''] = message.params.slice(isTimed ? 1 : 0);
  if (target === undefined) {
    client.reply('ERR_NEEDMOREPARAMS', message.command);
    return;
  }
  const mask = maskOf(client, kind, cutToBytes(target, MASK_BYTES));
  if (mask === null) return;
  const atMs = directory.now();
  const ban: ServerBan = {
    kind,
    mask,
    reason: cutToBytes(reason === '' ? 'No reason given' : reason, REASON_BYTES),
    by: sourceOf(member),
    atMs,
    untilMs: minutes === 0 ? null : atMs + minutes * MS_PER_MINUTE,
  };
  const set = yield* outcomeOf(server.chat.setBan(member, ban, `${NAMES[kind]}d (${ban.reason})`));
  if (set.kind === 'refused') {
    answerUnset(client, { command: message.command, what: `${NAMES[kind]} [${mask}]`, why: set.why });
    return;
  }
  const length = minutes === 0 ? '' : `temporary ${minutes} min. `;
  client.notice(`Added ${length}${NAMES[kind]} [${mask}]; ${set.expelledCount} users were disconnected`);
  client.log('ban added', { kind: NAMES[kind], mask, minutes, reason: ban.reason });
}

/** A ban that has not been set. */
interface Unset {
  readonly command: string;
  readonly what: string;
  readonly why: 'not-privileged' | 'holds-for-oneself' | 'too-many-bans' | 'not-taken';
}

function answerUnset(client: Client, { command, what, why }: Unset): void {
  if (why === 'not-taken') replyNotTaken(client, command);
  else if (why === 'not-privileged') replyUnprivileged(client, 'ban');
  else if (why === 'too-many-bans') client.notice('There are too many bans; remove some first');
  else client.notice(`The ${what} would hold for yourself; nothing was done`);
}

function* removeBan(client: Client, kind: BanKind, message: Message): Paged {
  const { member, server } = client;
  const [target = ''] = message.params;
  const mask = maskOf(client, kind, cutToBytes(target, MASK_BYTES));
  if (mask === null) return;
  const lifted = yield* outcomeOf(server.chat.liftBan(member, kind, mask));
  if (lifted.kind === 'refused') {
    if (lifted.why === 'not-taken') replyNotTaken(client, message.command);
    else if (lifted.why === 'not-privileged') replyUnprivileged(client, 'ban');
    else client.notice(`There is no ${NAMES[kind]} [${mask}]`);
    return;
  }
  client.notice(`Removed ${NAMES[kind]} [${lifted.ban.mask}]`);
  client.log('ban removed', { kind: NAMES[kind], mask: lifted.ban.mask });
}

/** Returns the mask of a ban, from an operator's words; replies and returns null if they name nobody. */
function maskOf(client: Client, kind: BanKind, target: string): string | null {
  const mask = kind === 'users' ? usersMask(target) : addressesMask(target);
  if (mask !== null) return mask;
  const member = client.server.directory.member(target);
  const named = member === undefined ? undefined : client.server.chat.addressesOf(member)[0];
  if (named !== undefined && kind === 'users') return `*@${named}`;
  if (named !== undefined && parseAddresses(named) !== null) return named;
  if (named !== undefined || isHostLike(target) || /[!@*?]/.test(target)) {
    const what = kind === 'users' ? 'not user@host' : 'no address and no network';
    // The parser has taken the first colon for the mark of a last parameter.
    client.notice(`[${target}] is ${what}${target.startsWith(':') ? '; write 0::1 for ::1' : ''}`);
  } else {
    client.reply('ERR_NOSUCHNICK', target);
  }
  return null;
}
