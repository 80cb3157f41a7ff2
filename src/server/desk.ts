/** The requests that a running server takes from the one who runs it: the verbs of `fdmux ctl`. */
import { addressesMask, usersMask } from '../chat/ban-mask.js';
import type { BanKind, ServerBan } from '../chat/server-bans.js';
import { type Ticket, whenSettled } from '../chat/ticket.js';
import { quoted } from '../control/quoted.js';
import { ControlError, type Reply, type Verb, type Verbs } from '../control/request.js';
import { BACKEND_NAMES } from '../multiplexer/backend.js';
import type { Reload } from '../protocol/server-control.js';
import type { ChatServer } from './chat-server.js';
import { listClients, listMembers, listRooms } from './listings.js';
import { LOG_LEVELS, type LogLevel } from './log-levels.js';
import { describeStatus } from './status.js';

/** The level of the log. */
export interface LevelSwitch {
  readonly level: LogLevel;
  set(level: LogLevel): void;
}

/** The parts that the verbs act on. */
export interface DeskParts {
  readonly server: ChatServer;
  readonly logLevel: LevelSwitch;
  readonly reload: () => Promise<Reload>;
  /** Ends the server once its clients have left or their time is over; at once if that has been asked for before. */
  readonly drain: () => void;
  /** Has a new process go on. @returns once it does; rejects if this one goes on */
  readonly upgrade: () => Promise<Upgrade>;
}

/** The process that goes on, and its clients. */
export interface Upgrade {
  readonly pid: number;
  /** How many clients have moved there. */
  readonly clients: number;
}

/** Longer masks and reasons would not fit into a line of IRC. */
const MASK_BYTES = 100;
const REASON_BYTES = 200;
/** Ten years: the longest ban that ends. */
const MAX_MINUTES = 5_256_000;
const MS_PER_MINUTE = 60_000;

/** Returns the verbs of one server. */
export function deskOf(parts: DeskParts): Verbs {
  const { server } = parts;
  const verb = (least: number, most: number, act: Verb): Verb => {
    return (words) => {
      if (words.length < least || words.length > most)
        throw nonsense(most === 0 ? 'it takes no words' : `it takes ${least} to ${most} words`);
      return act(words);
    };
  };
  const look = (describe: () => Reply): Verb => verb(0, 0, () => server.aside(describe));
  return {
    status: look(() => describeStatus(server, parts.logLevel.level)),
    clients: look(() => listClients(server)),
    members: look(() => listMembers(server)),
    rooms: look(() => listRooms(server)),
    drain: verb(0, 1, ([worker]) => drain(parts, worker)),
    reload: verb(0, 0, () => reload(parts)),
    upgrade: verb(0, 0, () => upgrade(parts)),
    backend: verb(0, 1, ([name]) => backend(server, name)),
    'log-level': verb(0, 1, ([level]) => logLevel(parts.logLevel, level)),
    kick: verb(1, 2, ([nick = '', reason]) => kick(server, nick, reason)),
    ban: verb(1, 3, ([target = '', minutes = '0', reason]) => ban(server, target, minutes, reason)),
    unban: verb(1, 1, ([target = '']) => unban(server, target)),
    bans: look(() => bans(server)),
  };
}

function nonsense(why: string): ControlError {
  return new ControlError('ERR_CONTROL_REQUEST', why);
}

function refused(why: string): ControlError {
  return new ControlError('ERR_CONTROL_REFUSED', why);
}

function drain({ server, drain: begin }: DeskParts, worker: string | undefined): Reply {
  if (worker !== undefined) throw nonsense(`there is no worker ${quoted(worker)}: this server is one process`);
  const { clientCount, drainMs } = server;
  begin();
  return {
    text: [`the server ends when its clients (${clientCount}) have left, or ${drainMs} ms are over`],
    result: { clients: clientCount, drainMs },
  };
}

async function reload({ server, reload: read }: DeskParts): Promise<Reply> {
  const { problem, waitingKeys } = await read();
  if (problem !== null) throw refused(`the configuration stays as it was: ${problem}`);
  const waiting = waitingKeys.length === 0 ? [] : [`these keys wait for a restart: ${waitingKeys.join(', ')}`];
  return { text: [`${server.configurationName} is read`, ...waiting], result: { waitingKeys } };
}

/** The old process answers, once the new one goes on. */
async function upgrade(parts: DeskParts): Promise<Reply> {
  const { pid, clients } = await parts.upgrade();
  return { text: [`process ${pid} goes on with its clients (${clients})`], result: { pid, clients } };
}

function backend(server: ChatServer, wanted: string | undefined): Reply {
  if (wanted !== undefined) {
    const name = BACKEND_NAMES.find((known) => known === wanted);
    if (name === undefined) throw nonsense(`the backend must be one of ${BACKEND_NAMES.join(', ')}`);
    server.switchBackend(name);
  }
  return { text: [`the server waits with ${server.backend}`], result: { backend: server.backend } };
}

function logLevel(log: LevelSwitch, wanted: string | undefined): Reply {
  if (wanted !== undefined) {
    const level = LOG_LEVELS.find((known) => known === wanted);
    if (level === undefined) throw nonsense(`the level must be one of ${LOG_LEVELS.join(', ')}`);
    log.set(level);
  }
  return { text: [`the log has level ${log.level}`], result: { level: log.level } };
}

async function kick(server: ChatServer, nick: string, reason = 'no reason'): Promise<Reply> {
  checkText(reason, 'reason', REASON_BYTES);
  const member = await server.putOut(nick, `Killed (${server.name} (${reason}))`);
  if (member === null) throw refused(`nobody goes by the nick ${quoted(nick)}`);
  server.log('kill', { by: BY, target: member.nick, reason });
  return { text: [`${member.nick} is out`], result: { nick: member.nick } };
}

/** The name of the one who runs the server, in the log. */
const BY = 'fdmux ctl';

async function ban(server: ChatServer, text: string, minutes: string, reason = 'No reason given'): Promise<Reply> {
  checkText(text, 'mask', MASK_BYTES);
  checkText(reason, 'reason', REASON_BYTES);
  if (!/^\d{1,7}$/.test(minutes) || Number(minutes) > MAX_MINUTES) {
    throw nonsense(`the minutes must be a number from 0 to ${MAX_MINUTES}; 0 is for ever`);
  }
  const atMs = server.aside(() => server.chat.directory.now());
  const untilMs = minutes === '0' ? null : atMs + Number(minutes) * MS_PER_MINUTE;
  const target = server.aside(() => targetOf(server, text));
  // A slip of the hand would empty the server, and keep everybody out.
  if (isEverybody(target)) throw nonsense(`${quoted(text)} is everybody: to end the server, drain it`);
  const wanted: ServerBan = { ...target, reason, by: server.name, atMs, untilMs };
  const set = await settled(await server.setBan(wanted, `Banned (${reason})`));
  if (set.kind === 'refused') {
    throw refused(set.why === 'not-taken' ? NOT_STORED : 'there are too many bans; remove some first');
  }
  const { kind, mask } = set.ban;
  server.log('ban added', { by: BY, kind, mask, minutes: Number(minutes), reason });
  return {
    text: [`${mask} is banned${untilMs === null ? '' : ` for ${minutes} min`}, ${set.expelledCount} put out`],
    result: { kind, mask, untilMs, expelled: set.expelledCount },
  };
}

async function unban(server: ChatServer, text: string): Promise<Reply> {
  const candidates: readonly (readonly [BanKind, string | null])[] = [
    ['addresses', addressesMask(text)],
    ['users', usersMask(text)],
  ];
  for (const [kind, mask] of candidates) {
    const lifted = mask === null ? null : await settled(await server.liftBan(kind, mask));
    if (lifted?.kind === 'refused' && lifted.why === 'not-taken') throw refused(NOT_STORED);
    if (lifted?.kind !== 'ban-lifted') continue;
    server.log('ban removed', { by: BY, kind, mask: lifted.ban.mask });
    return { text: [`${lifted.ban.mask} is not banned any more`], result: { kind, mask: lifted.ban.mask } };
  }
  throw refused(`there is no ban ${quoted(text)}`);
}

const NOT_STORED = 'the server could not store this in time; nothing was done';

/** Waits for how a verb of the chat ends. */
function settled<T>(answer: T | Ticket<T>): Promise<T> {
  return new Promise((resolve) => {
    whenSettled(answer, resolve);
  });
}

function bans(server: ChatServer): Reply {
  const { bans: all } = server.chat;
  const result = [...all.list('addresses'), ...all.list('users')];
  const text = result.map(({ mask, untilMs, by, reason }) => {
    const until = untilMs === null ? 'for ever' : `until ${new Date(untilMs).toISOString()}`;
    return `${mask}  ${until}, by ${by}: ${reason}`;
  });
  return { text: text.length === 0 ? ['nobody is banned'] : text, result };
}

/** Decides what a text names: an address or a network, users on hosts, or somebody who is here. */
function isEverybody({ kind, mask }: Pick<ServerBan, 'kind' | 'mask'>): boolean {
  return kind === 'users' ? /^[*@]*$/.test(mask) : mask.endsWith('/0');
}

function targetOf({ chat: { directory } }: ChatServer, text: string): Pick<ServerBan, 'kind' | 'mask'> {
  const addresses = addressesMask(text);
  if (addresses !== null) return { kind: 'addresses', mask: addresses };
  const users = usersMask(text);
  if (users !== null) return { kind: 'users', mask: users };
  const named = directory.member(text)?.address;
  if (named === undefined) throw refused(`${quoted(text)} is no address, no user@host, and nobody goes by that nick`);
  const address = addressesMask(named);
  return address === null ? { kind: 'users', mask: `*@${named}` } : { kind: 'addresses', mask: address };
}

/** A text that reaches others must not end its line. */
function checkText(text: string, what: string, maxBytes: number): void {
  if (/\p{Cc}/u.test(text)) throw nonsense(`the ${what} must not have control characters`);
  if (Buffer.byteLength(text) > maxBytes) throw nonsense(`the ${what} must have at most ${maxBytes} bytes`);
}
