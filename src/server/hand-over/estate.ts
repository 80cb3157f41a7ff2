/** The estate of a server, for the one that takes its place: listeners, clients, state that is only in its memory. */
import type { AccountRecord } from '../../accounts/account-book.js';
import type { ServerBan } from '../../chat/server-bans.js';
import type { RoomSnapshot } from '../../chat/snapshot.js';
import { decodeRoom, encodeRoom } from '../../chat/snapshot-codec.js';
import { fromBase64, toBase64 } from '../../protocol/session-state.js';
import { type ClientState, isClientState } from '../client-state.js';
import type { ListenerConfig } from '../config/server-config.js';
import type { GivenClient } from '../link.js';
import { isAtSamePlace, matchInTurn } from '../matching-listeners.js';
import type { HandOverChannel, Part } from './channel.js';

/** The version of what is handed over. A process takes over no other one. */
export const HAND_OVER_VERSION = 2;
/**
 * So many clients are sent at once: the other process goes on with them while this one describes the next. The buffer
 * of the channel holds several batches.
 */
const BATCH_CLIENTS = 16;
/** Slow readers have much that is still to be sent, and all of a batch is one text of JSON. */
const BATCH_CHARACTERS = 1_000_000;

/** A listening socket, and the place of the configuration that it was opened for. */
export interface LeftListener {
  readonly fd: number;
  readonly place: ListenerPlace;
  /** Whether its owner closes it in the end, and removes its file; a service manager's stays. */
  readonly isOwned: boolean;
  /** The options of the connections that were accepted on it. */
  readonly keepAlive?: unknown;
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

/** Puts a client that was given away into a form that JSON can hold. */
export function leftClient({ state, released: { fd, unsent, held }, at }: GivenClient): LeftClient {
  const bytes = { unsent: toBase64(unsent), held: toBase64(held) };
  return { fd, state, place: { protocol: state.session.protocol, at }, ...bytes };
}

/** Returns all that is still to be sent to a client: what its link holds goes behind what its connection does. */
export function unsentOf({ unsent, state }: Pick<LeftClient, 'unsent' | 'state'>): Uint8Array {
  if (state.unsent === '') return fromBase64(unsent);
  return Buffer.concat([fromBase64(unsent), fromBase64(state.unsent)]);
}

/** Returns all that was received from a client and not handed out. */
export function heldOf({ held }: Pick<LeftClient, 'held'>): Uint8Array {
  return fromBase64(held);
}

/** Everything that a server leaves. */
export interface Estate {
  readonly listeners: readonly LeftListener[];
  /** They arrive little by little: one process gives the next away while the other goes on with those before. */
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

/**
 * Gives each listening socket to a listener of the configuration that has its place, or else to one of another protocol
 * at its address.
 *
 * @returns those that none has, too
 */
export function assignListeners<T extends Pick<LeftListener, 'place'>>(
  left: readonly T[],
  configs: readonly ListenerConfig[],
): { readonly inherited: Map<ListenerConfig, T>; readonly unused: T[] } {
  const inherited = matchInTurn(configs, left, [
    ({ place }, config) => isSamePlace(place, config),
    ({ place }, config) => isAtSamePlace(place, config),
  ]);
  const used = new Set(inherited.values());
  return { inherited, unused: left.filter((each) => !used.has(each)) };
}

/** Whether two places are the same. */
export function isSamePlace(one: ListenerPlace, other: ListenerPlace): boolean {
  return one.protocol === other.protocol && isAtSamePlace(one, other);
}

/** Sends an estate. Its fds stay open here. */
export function sendEstate(channel: HandOverChannel, { listeners, clients, rooms, bans, accounts }: Estate): void {
  for (const [name, snapshot] of rooms) channel.send('room', { name, state: encodeRoom(snapshot) });
  channel.send('bans', bans);
  channel.send('accounts', accounts);
  for (const { fd, ...facts } of listeners) channel.send('listener', facts, [fd]);
  for (const batch of batchesOf(clients)) {
    const fds = batch.map(({ fd }) => fd);
    channel.sendSoon('clients', batch.map(factsOf), fds);
  }
  channel.send('end');
}

/** Returns all but the fd, which the kernel sends. */
function factsOf({ place, state, unsent, held }: LeftClient): Omit<LeftClient, 'fd'> {
  return { place, state, unsent, held };
}

/** Returns the clients that are sent together. */
export function* batchesOf(clients: LeftClients): Generator<readonly LeftClient[], void> {
  let batch: LeftClient[] = [];
  let characters = 0;
  for (const client of clients) {
    batch.push(client);
    characters += client.unsent.length + client.held.length + client.state.unsent.length;
    if (batch.length < BATCH_CLIENTS && characters < BATCH_CHARACTERS) continue;
    yield batch;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield batch;
}

/**
 * Receives an estate, up to its first clients. The others are received when they are asked for.
 *
 * @param first - its first part
 * @throws Error for what this version does not know; then the fds go with the process
 */
export function receiveEstate(channel: HandOverChannel, first: Part = channel.receive()): Estate {
  const listeners: LeftListener[] = [];
  const rooms = new Map<string, RoomSnapshot>();
  const bans: ServerBan[] = [];
  const accounts: AccountRecord[] = [];
  for (let part = first; ; part = channel.receive()) {
    const { kind, facts, fds } = part;
    const [fd] = fds;
    if (kind === 'end' || kind === 'clients') {
      // Here, since a process that has not gone on with anybody can give up without harm.
      const clients = new LeftClients(receiveClients(channel, clientsIn(part)));
      return { listeners, clients, rooms, bans, accounts };
    }
    if (kind === 'room') rooms.set(...toRoom(facts));
    else if (kind === 'bans' && isBans(facts)) bans.push(...facts);
    else if (kind === 'accounts' && isAccounts(facts)) accounts.push(...facts);
    else if (kind === 'listener' && fd !== undefined && isListener(facts)) listeners.push({ ...facts, fd });
    else throw unknownPart(kind);
  }
}

/** @param first - null if there are none */
function* receiveClients(channel: HandOverChannel, first: readonly LeftClient[] | null): Generator<LeftClient, void> {
  for (let next = first; next !== null; next = clientsIn(channel.receive())) yield* next;
}

/** Returns the clients that a part has; null at the end. */
function clientsIn({ kind, facts, fds }: Part): readonly LeftClient[] | null {
  if (kind === 'end') return null;
  const clients: readonly unknown[] = Array.isArray(facts) ? facts : [];
  if (kind !== 'clients' || clients.length === 0 || clients.length !== fds.length) throw unknownPart(kind);
  return clients.map((client, index) => {
    const fd = fds[index];
    if (fd === undefined || !isClient(client)) throw unknownPart(kind);
    return { ...client, fd };
  });
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

/** Whether a value has the shape of a place. */
export function isPlace(value: unknown): value is ListenerPlace {
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
