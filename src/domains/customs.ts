/** Checks everything that another domain sends: nothing in it may look like something else to people here. */
import type { Author } from '../chat/author.js';
import type { RoomSnapshot } from '../chat/snapshot.js';
import type { Entry, Heir, Tag, Who } from '../log/entry.js';
import { isDomainName } from './domain-names.js';

/** Bounds in UTF-16 code units, far above the limits of typing here. */
const MAX_NICK = 200;
const MAX_USER = 64;
const MAX_HOST = 255;
const MAX_ACCOUNT = 400;
const MAX_NAME = 300;
const MAX_TEXT = 16_384;
const MAX_TAGS = 64;
const MAX_TAG_NAME = 4_096;

/** The most people in a room of another domain, of its masks, of its invitations, and of its notes. */
export const MAX_SEATS = 20_000;
export const MAX_MASKS = 10_000;
export const MAX_INVITATIONS = 10_000;
export const MAX_KEYS = 64;
/** The most accounts with ranks in such a room, and of its messages that can still be taken back. */
const MAX_ACCESS = 1_000;
const MAX_MESSAGES = 1_000;

// Words of lines: they may hold neither spaces nor line ends, nor the separators of a source.
const NICK = /^[^\s\p{Cc}\p{Cf}!@,:*?#&~%+$/][^\s\p{Cc}\p{Cf}!@,*?#/]*$/u;
const USER = /^[^\s\p{Cc}!@/]*$/u;
const HOST = /^[^\s\p{Cc}!@:][^\s\p{Cc}!@]*$/u;
const ACCOUNT = /^[^\s\p{Cc},:*]+$/u;
// People can type any other character in these.
const WORD = /^[^ \r\n\0:][^ \r\n\0]*$/;
const KEY = /^[^\0-\x20\x7f,:][^\0-\x20\x7f,]*$/;
const TAG_NAME = /^\+?[A-Za-z\d./-]+$/;
const SESSION = /^[a-z][a-z\d-]{0,47}\.\d{1,16}\.\d{1,16}$/;
const MESSAGE_ID = /^[A-Za-z\d.-]{1,400}$/;

/** Whether a text is a line: it holds no line end. */
function isLine(text: string, maxLength = MAX_TEXT): boolean {
  return text.length <= maxLength && !/[\0\r\n]/.test(text);
}

/** Whether a text can be said: its lines are separated before they are sent, and tags escape them. */
function isSpeech(text: string): boolean {
  return text.length <= MAX_TEXT && !text.includes('\0');
}

/** Whether a text is a session as its own domain names it: `node.incarnation.number`. */
export function isPlainSession(session: string): boolean {
  return SESSION.test(session);
}

/** Whether a text is a session as the home of a room names it: one of its own, or one of another domain. */
export function isSession(session: string): boolean {
  const end = session.lastIndexOf('/');
  return isPlainSession(session.slice(end + 1)) && (end < 0 || isDomainName(session.slice(0, end)));
}

function isHeir([former, session]: Heir): boolean {
  return isSession(former) && isSession(session);
}

/** Whether a nick can belong to somebody of another domain: the nick that it has there, followed by labels. */
function isNick(nick: string): boolean {
  const [base = '', ...labels] = nick.split('/');
  return nick.length <= MAX_NICK && NICK.test(base) && labels.every((label) => /^[a-z\d.-]+$/.test(label));
}

/** Whether everything about a person is well formed. */
function isFitWho({ nick, user, host, address, realName, account }: Who): boolean {
  return (
    isNick(nick) &&
    user.length <= MAX_USER &&
    USER.test(user) &&
    isHost(host) &&
    isHost(address) &&
    isLine(realName, 1_000) &&
    (account === null || isAccount(account))
  );
}

/** Whether the former names of somebody are well formed; the server itself has none. */
function isFitAuthor({ nick, user, host }: Author): boolean {
  return (nick === '' || isNick(nick)) && user.length <= MAX_USER && USER.test(user) && (host === '' || isHost(host));
}

function isHost(host: string): boolean {
  return host.length <= MAX_HOST && HOST.test(host);
}

function isAccount(account: string): boolean {
  return account.length <= MAX_ACCOUNT && ACCOUNT.test(account);
}

function isKey(key: string): boolean {
  return key.length <= MAX_NAME && KEY.test(key);
}

function areFitTags(tags: readonly Tag[]): boolean {
  return (
    tags.length <= MAX_TAGS &&
    tags.every(([name, value]) => name.length <= MAX_TAG_NAME && TAG_NAME.test(name) && isSpeech(value))
  );
}

function isWord(text: string): boolean {
  return text.length <= MAX_NAME && WORD.test(text);
}

/** Whether an entry can be one of the home's server itself, which has neither a nick nor a host. */
function isByServer(kind: Entry['kind'], { nick, user, host, address, realName, account }: Who): boolean {
  return (
    (kind === 'settings' || kind === 'grant' || kind === 'unregister') &&
    [nick, user, realName].every((text) => text === '') &&
    [host, address].every((text) => text === '' || isHost(text)) &&
    (account === null || isAccount(account))
  );
}

/** Whether all texts of a room's entry are well formed, and its kind belongs to rooms. */
export function isFit(entry: Entry): boolean {
  const who = 'who' in entry ? entry.who : null;
  if (entry.via !== undefined && !isSession(entry.via)) return false;
  if (who !== null && !isFitWho(who) && !isByServer(entry.kind, who)) return false;
  switch (entry.kind) {
    case 'join':
      return isWord(entry.name) && entry.name.startsWith('#') && (entry.key === null || isLine(entry.key, MAX_NAME));
    case 'part':
    case 'kick':
      return isLine(entry.reason);
    case 'say':
      return isSpeech(entry.text) && areFitTags(entry.tags);
    case 'redact':
      return MESSAGE_ID.test(entry.message) && isLine(entry.reason);
    case 'topic':
      return isLine(entry.text);
    case 'settings':
      return entry.changes.every((change) => {
        if (change.kind === 'mask') return isWord(change.mask);
        return change.kind !== 'key' || !change.on || isKey(change.key);
      });
    case 'invite':
      return isSession(entry.guest) && (entry.by === undefined || isFitWho(entry.by));
    case 'annotate':
      return (entry.key === null || isWord(entry.key)) && (entry.value === null || isLine(entry.value));
    case 'retitle':
      return isWord(entry.name) && isLine(entry.reason);
    case 'grant':
    case 'found':
      return isAccount(entry.account);
    case 'knock':
    case 'identity':
    case 'over':
    case 'abandon':
    case 'register':
    case 'unregister':
    case 'withdrawn':
      return true;
    case 'gone':
      return isSession(`${entry.node}.1`) && (entry.heirs ?? []).every((heir) => isHeir(heir));
    default:
      return false;
  }
}

/** Whether everything in a letter is well formed, apart from its sessions. */
export function isFitLetter({ tags }: { readonly tags: readonly Tag[] }, text: string): boolean {
  return isSpeech(text) && areFitTags(tags);
}

/** Whether everything in the answer to a letter is well formed: the sender reads why the recipient is away. */
export function isFitAnswer({ away }: { readonly away: string | null }): boolean {
  return away === null || isLine(away, 1_000);
}

/** Whether everything in a room of another domain is well formed, apart from its name. */
export function isFitRoom(room: RoomSnapshot): boolean {
  const { registration, topic, key, metadata, seats, invitations, numbers, messages, knocks, gone, absent } = room;
  const { heirs } = room;
  const masks = Object.values(room.masks).flat();
  return (
    (registration === null ||
      (isAccount(registration.founder) &&
        registration.access.length <= MAX_ACCESS &&
        registration.access.every(({ account }) => isAccount(account)))) &&
    (topic === null || (isLine(topic.text) && isFitAuthor(topic.by))) &&
    (key === null || isKey(key)) &&
    masks.length <= MAX_MASKS &&
    masks.every(({ mask, by }) => isWord(mask) && isFitAuthor(by)) &&
    metadata.length <= MAX_KEYS &&
    metadata.every(([name, value]) => isWord(name) && isLine(value)) &&
    seats.length <= MAX_SEATS &&
    seats.every(({ session, who }) => isSession(session) && isFitWho(who)) &&
    invitations.length <= MAX_INVITATIONS &&
    invitations.every(({ guest, who, by }) => isSession(guest) && isFitWho(who) && (by === null || isSession(by))) &&
    numbers.last.every(([session]) => isSession(session)) &&
    messages.length <= MAX_MESSAGES &&
    messages.every(([, session]) => isSession(session)) &&
    knocks.every(({ session }) => isSession(session)) &&
    gone.every((node) => isSession(`${node}.1`)) &&
    heirs.length <= MAX_SEATS &&
    heirs.every((heir) => isHeir(heir)) &&
    absent.length <= MAX_SEATS
  );
}
