/** The estate of a server, for the one that takes its place: listeners, clients, state that is only in its memory. */
import { isDeepStrictEqual } from 'node:util';
import type { AccountRecord } from '../../accounts/account-book.js';
import type { ServerBan } from '../../chat/server-bans.js';
import type { RoomSnapshot } from '../../chat/snapshot.js';
import { decodeRoom, encodeRoom } from '../../chat/snapshot-codec.js';
import { type ClientState, isClientState } from '../client-state.js';
import type { ListenerConfig } from '../config/server-config.js';
import type { HandOverChannel, Part } from './channel.js';

/** The version of what is handed over. A process takes over no other one. */
export const HAND_OVER_VERSION = 1;

/** A listening socket, and the place of the configuration that it was opened for. */
export interface LeftListener {
  readonly fd: number;
  readonly place: ListenerPlace;
  /** Whether its owner closes it in the end, and removes its file; a service manager's stays. */
  readonly isOwned: boolean;
}

/** The place of a listener, by which it is found in another configuration. */
export type ListenerPlace = Pick<ListenerConfig, 'protocol' | 'at'>;

/** A client with its connection. */
export interface LeftClient {
  readonly fd: number;
  /** The listener through which it arrived. */
  readonly place: ListenerPlace;
  readonly state: ClientState;
  /** Bytes in base64: what was written and not sent, and what was received and not handed out. */
  readonly unsent: string;
  readonly held: string;
}

/** Everything that a server leaves. */
export interface Estate {
  readonly listeners: readonly LeftListener[];
  /** They arrive one by one: one process gives the next away while the other one goes on with those before it. */
  readonly clients: LeftClients;
  /** Rooms whose logs are in memory, by the names of those. */
  readonly rooms: ReadonlyMap<string, RoomSnapshot>;
  /** Bans that are in memory. */
  readonly bans: readonly ServerBan[];
  /** Accounts that are in memory. */
  readonly accounts: readonly AccountRecord[];
}

/** Clients that arrive one by one. Those that have arrived are there for everybody who asks again. */
export class LeftClients implements Iterable<LeftClient> {
  readonly #come: LeftClient[] = [];
  readonly #source: Iterator<LeftClient>;

  constructor(source: Iterable<LeftClient>) {
    this.#source = source[Symbol.iterator]();
  }

  *[Symbol.iterator](): Generator<LeftClient, void> {
    for (let index = 0; ; index += 1) {
      const known = this.#come[index];
      if (known !== undefined) {
        yield known;
        continue;
      }
      const next = this.#source.next();
      if (next.done === true) return;
      this.#come.push(next.value);
      yield next.value;
    }
  }

  /** Has all of them arrive. @returns how many there are */
  complete(): number {
    return [...this].length;
  }

  /** How many have arrived. */
  get count(): number {
    return this.#come.length;
  }
}

/** Gives each listening socket to a listener of the configuration that has its place. @returns those that none has */
export function assignListeners(
  left: readonly LeftListener[],
  configs: readonly ListenerConfig[],
): { readonly inherited: Map<ListenerConfig, LeftListener>; readonly unused: LeftListener[] } {
  const inherited = new Map<ListenerConfig, LeftListener>();
  const unused = left.filter((listener) => {
    const config = configs.find((each) => !inherited.has(each) && isSamePlace(each, listener.place));
    if (config !== undefined) inherited.set(config, listener);
    return config === undefined;
  });
  return { inherited, unused };
}

/** Whether two places are the same. */
export function isSamePlace(one: ListenerPlace, other: ListenerPlace): boolean {
  return one.protocol === other.protocol && isDeepStrictEqual(one.at, other.at);
}

/** Sends an estate. Its fds stay open here. */
export function sendEstate(channel: HandOverChannel, { listeners, clients, rooms, bans, accounts }: Estate): void {
  for (const [name, snapshot] of rooms) channel.send('room', { name, state: encodeRoom(snapshot) });
  channel.send('bans', bans);
  channel.send('accounts', accounts);
  for (const { fd, ...facts } of listeners) channel.send('listener', facts, fd);
  for (const { fd, ...facts } of clients) channel.send('client', facts, fd);
  channel.send('end');
}

/**
 * Receives an estate, up to its first client. The others are received when they are asked for.
 *
 * @throws Error for what this version does not know; then the fds go with the process
 */
export function receiveEstate(channel: HandOverChannel): Estate {
  const listeners: LeftListener[] = [];
  const rooms = new Map<string, RoomSnapshot>();
  const bans: ServerBan[] = [];
  const accounts: AccountRecord[] = [];
  for (;;) {
    const part = channel.receive();
    const { kind, facts, fd } = part;
    if (kind === 'end' || kind === 'client') {
      // Here, since a process that has not gone on with anybody can give up without harm.
      const first = clientIn(part);
      return { listeners, clients: new LeftClients(receiveClients(channel, first)), rooms, bans, accounts };
    }
    if (kind === 'room') rooms.set(...toRoom(facts));
    else if (kind === 'bans' && isBans(facts)) bans.push(...facts);
    else if (kind === 'accounts' && isAccounts(facts)) accounts.push(...facts);
    else if (kind === 'listener' && fd !== null && isListener(facts)) listeners.push({ ...facts, fd });
    else throw unknownPart(kind);
  }
}

/** @param first - null if there is none */
function* receiveClients(channel: HandOverChannel, first: LeftClient | null): Generator<LeftClient, void> {
  for (let next = first; next !== null; next = clientIn(channel.receive())) yield next;
}

/** Returns the client that a part is; null at the end. */
function clientIn({ kind, facts, fd }: Part): LeftClient | null {
  if (kind === 'end') return null;
  if (kind !== 'client' || fd === null || !isClient(facts)) throw unknownPart(kind);
  return { ...facts, fd };
}

function unknownPart(kind: string): Error {
  return new Error(`this version cannot take over a part of the kind ${kind}`);
}

function toRoom(facts: unknown): [string, RoomSnapshot] {
  const name = field(facts, 'name');
  const state = field(facts, 'state');
  const decoded = typeof state === 'string' ? decodeRoom(state) : null;
  if (typeof name !== 'string' || decoded?.kind !== 'state') throw unknownPart('room');
  return [name, decoded.state];
}

const field = (facts: unknown, name: string): unknown =>
  typeof facts === 'object' && facts !== null ? Reflect.get(facts, name) : undefined;

function isPlace(value: unknown): value is ListenerPlace {
  return typeof field(value, 'protocol') === 'string' && typeof field(value, 'at') === 'object';
}

function isListener(value: unknown): value is Omit<LeftListener, 'fd'> {
  return isPlace(field(value, 'place')) && typeof field(value, 'isOwned') === 'boolean';
}

function isClient(value: unknown): value is Omit<LeftClient, 'fd'> {
  const hasBytes = typeof field(value, 'unsent') === 'string' && typeof field(value, 'held') === 'string';
  return hasBytes && isPlace(field(value, 'place')) && isClientState(field(value, 'state'));
}

function isBans(value: unknown): value is readonly ServerBan[] {
  const isBan = (ban: unknown): boolean =>
    typeof field(ban, 'mask') === 'string' && typeof field(ban, 'by') === 'string';
  return Array.isArray(value) && value.every(isBan);
}

function isAccounts(value: unknown): value is readonly AccountRecord[] {
  const isAccount = (account: unknown): boolean =>
    typeof field(account, 'folded') === 'string' && Array.isArray(field(account, 'credentials'));
  return Array.isArray(value) && value.every(isAccount);
}
