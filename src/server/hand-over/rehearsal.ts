/** The rehearsal of a hand-over: its code is loaded and compiled before anybody has to wait for that. */
import { setImmediate } from 'node:timers/promises';
import { Multiplexer } from '../../multiplexer/multiplexer.js';
import { adopt } from '../../net/adopt.js';
import { exampleSession } from '../../protocol/example-session.js';
import { closeFds } from '../../socket/close-fds.js';
import { Socket } from '../../socket/socket.js';
import { ChatServer } from '../chat-server.js';
import type { ListenerConfig, ServerConfig } from '../config/server-config.js';
import { ListenerHandlers, type Occupant } from '../listener-handlers.js';
import { SILENT } from '../log.js';
import { type ProtocolName, WEB } from '../protocol-names.js';
import { HandOverChannel } from './channel.js';
import {
  type Estate,
  heldOf,
  type LeftClient,
  leftClient,
  LeftClients,
  receiveEstate,
  sendEstate,
  unsentOf,
} from './estate.js';

/** V8 compiles a function when it has run some hundred times: the clients of all rounds together have to be enough. */
const ROUNDS = 12;
const CLIENTS = 32;
const ROOMS = 8;
/**
 * A process that serves nobody yet has time for several plays: V8 optimizes a function only after some thousand calls,
 * and then all who wait for the upgrade wait half as long.
 */
const PLAYS_ALONE = 8;
/** Longer than this, the upgrade does not wait for them. */
const PLAYS_ALONE_MS = 3_000;
/** An estate of this size fits into the buffers of the channel. */
const PATIENCE_MS = 2_000;
const HOST = '192.0.2.1';
/** Both protocols answer that, each in its own way. */
const LINE = Buffer.from('PING rehearsal\r\n');
const ADDRESS = { family: 'unix' } as const;

/**
 * Hands a few made-up clients from one server in this process to the next, again and again. Others have their turn in
 * between. Neither server listens, keeps anything or writes to the log.
 *
 * @param isAlone - whether this process serves nobody meanwhile
 * @returns how many clients are left in the end
 * @throws the errors of opening sockets, EMFILE for example
 */
export async function rehearse(config: ServerConfig, version: string, isAlone = false): Promise<number> {
  const endMs = performance.now() + PLAYS_ALONE_MS;
  for (let play = 1; ; play += 1) {
    const left = await rehearseOnce(config, version);
    if (!isAlone || play === PLAYS_ALONE || performance.now() > endMs) return left;
  }
}

async function rehearseOnce(config: ServerConfig, version: string): Promise<number> {
  const listeners = config.listeners.filter(({ protocol, isProxied }) => protocol !== WEB.name && !isProxied);
  if (listeners.length === 0) return 0;
  using stage = new Stage({ ...config, store: null, node: null, domain: null, admin: null }, version);
  let estate = stage.begin(listeners);
  for (let round = 0; round < ROUNDS; round += 1) {
    estate = await stage.play(estate);
    await setImmediate();
  }
  return stage.end(estate);
}

class Stage implements Disposable {
  readonly #config: ServerConfig;
  readonly #version: string;
  readonly #multiplexer = new Multiplexer();
  readonly #from: HandOverChannel;
  readonly #to: HandOverChannel;
  readonly #peers: Socket[] = [];

  constructor(config: ServerConfig, version: string) {
    this.#config = config;
    this.#version = version;
    const [from, to] = Socket.pair({ type: 'seqpacket' });
    this.#from = new HandOverChannel(from, PATIENCE_MS);
    this.#to = new HandOverChannel(to, PATIENCE_MS);
  }

  /** Returns clients of all these listeners, in turns. */
  begin(listeners: readonly ListenerConfig[]): Estate {
    const clients = Array.from({ length: CLIENTS }, (_, index) => {
      const protocol = listeners[index % listeners.length]?.protocol;
      return protocol === undefined || protocol === WEB.name ? [] : [this.#client(protocol, index)];
    });
    return { ...NOTHING, clients: new LeftClients(clients.flat()) };
  }

  #client(protocol: Exclude<ProtocolName, typeof WEB.name>, index: number): LeftClient {
    const [own, peer] = Socket.pair();
    this.#peers.push(peer);
    const nick = `rehearsal${index}`;
    const rooms = { lobby: this.#config.lobby, room: `#rehearsal${index % ROOMS}` };
    const session = exampleSession({ protocol, nick, host: HOST, ...rooms, atMs: Date.now() });
    const state = { host: HOST, port: index, unsent: '', session };
    return { fd: own.detach(), place: { protocol, at: { path: '/' } }, unsent: '', held: '', state };
  }

  /** One server goes on with an estate, and leaves it to the next. */
  async play(estate: Estate): Promise<Estate> {
    const server = await ChatServer.withoutListeners({
      config: this.#config,
      log: SILENT,
      version: this.#version,
      configurationName: '-',
      readConfig: () => Promise.resolve(this.#config),
      onStop: () => undefined,
      estate,
    });
    await server.begin();
    server.chat.holdOpen(() => {
      for (const client of estate.clients) this.#adopt(server, client);
    });
    for (const link of server.clients.links) link.receive(LINE);
    // The answers leave before the clients are given away.
    await setImmediate();
    const left = this.#hand({
      ...NOTHING,
      rooms: new Map(server.chat.roomSnapshots()),
      clients: new LeftClients([...server.clients.giveAway()].map(leftClient)),
    });
    await server.close('the rehearsal is over');
    return left;
  }

  #adopt(server: ChatServer, client: LeftClient): void {
    const { fd, place, state } = client;
    const config = this.#config.listeners.find(({ protocol }) => protocol === place.protocol);
    if (config === undefined) return;
    const resumed = { ...state, unsent: '' };
    const socket = new ListenerHandlers(server.clients, (connection) => {
      const peer = { address: ADDRESS, transport: 'unix', isSecure: false, certificate: null } as const;
      connection.data = server.clients.admit({ wire: connection, ...peer, config, resumed });
    });
    const bytes = { unsent: unsentOf(client), held: heldOf(client) };
    adopt<Occupant>(fd, { multiplexer: this.#multiplexer, socket, ...bytes });
  }

  /** Sends an estate, and receives it. */
  #hand(estate: Estate): Estate {
    sendEstate(this.#from, estate);
    closeFds(estate.clients);
    const received = receiveEstate(this.#to);
    received.clients.complete();
    return received;
  }

  /** @returns how many clients there are */
  end({ clients }: Estate): number {
    closeFds(clients);
    return clients.count;
  }

  [Symbol.dispose](): void {
    for (const end of [this.#from, this.#to, ...this.#peers, this.#multiplexer]) end[Symbol.dispose]();
  }
}

const NOTHING: Omit<Estate, 'clients'> = { listeners: [], rooms: new Map(), bans: [], accounts: [] };
