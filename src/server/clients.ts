/** The clients of a server, from their arrival until they are gone. */
import { setImmediate } from 'node:timers/promises';
import { hasCode } from '../errors.js';
import type { ClassSettings } from '../protocol/limits.js';
import { PARTINGS, sendQueueExceeded } from '../protocol/parting.js';
import type { EntryRefused, RelayedPeer } from '../protocol/session.js';
import type { Arrival } from './arrival.js';
import { Backlog, cutFurthestBehind } from './backlog.js';
import type { Gatekeeper } from './gatekeeper.js';
import type { ConnectionLink, GivenClient, LinkEvents } from './link.js';
import type { Log } from './log.js';
import type { PeerAddresses } from './peer-addresses.js';
import type { Protocols } from './protocols.js';
import type { Refusals } from './refusals.js';
import { RunQueue } from './run-queue.js';
import type { Tally } from './tally.js';
import { type KeepLimits, TapeShelf } from './tape-shelf.js';
import type { World } from './world.js';

/** How long those who are to move may wait for a log, or for a password to be checked. */
const SETTLE_MS = 1000;

/** The parts of a server that its clients deal with. */
export interface ClientsParts {
  readonly addresses: PeerAddresses;
  readonly gatekeeper: Gatekeeper;
  readonly log: Log;
  readonly protocols: Protocols;
  readonly refusals: Refusals;
  readonly tally: Tally;
  /** The most bytes that may wait for all clients together; 0 for no limit. */
  readonly totalSendQueueBytes: number;
  readonly kept: KeepLimits;
  readonly world: World;
}

/** The clients of one server. */
export class Clients implements LinkEvents {
  readonly tally: Tally;
  readonly shelf: TapeShelf;
  readonly #parts: ClientsParts;
  readonly #links = new Set<ConnectionLink>();
  readonly #backlog: Backlog<ConnectionLink>;
  readonly #runQueue: RunQueue;
  #arrivedCount = 0;
  #onEmpty: () => void = () => undefined;

  constructor(parts: ClientsParts) {
    this.#parts = parts;
    this.tally = parts.tally;
    this.shelf = new TapeShelf(parts.kept);
    this.#backlog = new Backlog(parts.totalSendQueueBytes, parts.world);
    this.#runQueue = new RunQueue(parts.world);
  }

  /** Those that are in. */
  get links(): ReadonlySet<ConnectionLink> {
    return this.#links;
  }

  /** How many have arrived since the start, with those that were refused. */
  get arrivedCount(): number {
    return this.#arrivedCount;
  }

  /** @param bytes - the most that may wait for all clients together; 0 for no limit */
  set totalSendQueueBytes(bytes: number) {
    this.#backlog.limitBytes = bytes;
  }

  /**
   * Lets a peer in, or refuses it. Either way its link takes what the wire receives, by `receive`, `endOfInput` and
   * `drained`, until {@link departed}.
   */
  admit(arrival: Arrival): ConnectionLink {
    const { addresses, gatekeeper, protocols, refusals, world } = this.#parts;
    const { address, config, transport, isSecure, certificate, resumed } = arrival;
    this.#arrivedCount += 1;
    const id = this.#arrivedCount;
    const remote = resumed === undefined ? addresses.of(address) : { host: resumed.host, port: resumed.port };
    const limits = gatekeeper.limitsOf(remote.host);
    const protocol = protocols.of(config.protocol);
    const facts = { id, protocol: config.protocol, at: config.at, ...remote, transport, isSecure, certificate };
    const link = world.createLink({ arrival, facts, limits, events: this, protocol });
    if (resumed !== undefined) gatekeeper.resume({ host: remote.host, limits });
    const refused = resumed === undefined ? gatekeeper.enter({ host: remote.host, limits }, protocol.userName) : null;
    if (refused !== null) {
      refusals.refuse(link, refused, protocol.refuse({ host: remote.host, ...refused, atMs: world.now() }));
      return link;
    }
    this.#links.add(link);
    this.#note('connected', { connection: id, ...remote, protocol: config.protocol, transport, class: limits.name });
    const { charset, maxLineBytes, quietMs } = config;
    if (resumed === undefined) protocol.createSession(link, { charset, maxLineBytes, quietMs });
    else
      link.takeOver(resumed, () => protocol.restoreSession(link, { charset, maxLineBytes, quietMs }, resumed.session));
    return link;
  }

  relocate(link: ConnectionLink, { host, port, gateway }: RelayedPeer): ClassSettings | EntryRefused {
    const limits = this.#parts.gatekeeper.limitsOf(host);
    const from = { host: link.remoteHost, limits: link.limits };
    const refused = this.#parts.gatekeeper.move(from, { host, limits });
    if (refused !== null) return refused;
    this.#note('relayed', { connection: link.id, gateway, host, port, class: limits.name });
    return limits;
  }

  /** A link's wire is closed. @param error - why, if that is not an orderly end */
  departed(link: ConnectionLink, error: Error | undefined): void {
    const { gatekeeper, log, refusals, world } = this.#parts;
    world.departed(link, error);
    link.closed();
    if (!this.#links.delete(link)) {
      refusals.closed(link);
      return;
    }
    const { id: connection, remoteHost: host, remotePort: port, limits } = link;
    gatekeeper.leave({ host, limits });
    if (this.#links.size === 0) this.#onEmpty();
    const reason = link.closeReason ?? (error === undefined ? PARTINGS.closed : describeLoss(error));
    link.session?.disconnected(reason);
    if (link.isTooSlow || hasCode(error, 'ERR_WRITE_QUEUE_FULL')) {
      this.tally.slowReadersClosed += 1;
      log.warn('slow reader closed', { connection, host, port, reason });
    } else {
      this.#note('closed', { connection, host, port, reason });
    }
  }

  soon(link: ConnectionLink): void {
    this.#runQueue.add(link);
  }

  overflowed(link: ConnectionLink): void {
    this.#backlog.overflowed(link);
  }

  log(event: string, details: Readonly<Record<string, unknown>>): void {
    this.#parts.log.warn(event, details);
  }

  #note(event: string, details: Readonly<Record<string, unknown>>): void {
    this.#parts.log.info(event, details);
  }

  /** Wakes those whose deadline has passed. @param nowMs - by the monotonic clock */
  tick(nowMs: number): void {
    for (const link of this.#links) link.tick(nowMs);
  }

  /** Cuts off the slowest if too many bytes wait. Readers that are not far behind count as well. */
  cutFurthestBehind(): void {
    cutFurthestBehind(this.#links, this.#backlog.limitBytes);
  }

  /** Calls back once, when the last client has left. */
  whenEmpty(callback: () => void): void {
    this.#onEmpty = callback;
  }

  /** Reads nothing more from those that can move. @returns when none of them waits for anything, or that takes long */
  async settle(): Promise<void> {
    const movable = [...this.#links].filter(({ canMove }) => canMove);
    for (const link of movable) link.hold();
    let waiting = movable;
    const endMs = performance.now() + SETTLE_MS;
    while (performance.now() < endMs) {
      waiting = waiting.filter(({ isWaiting }) => isWaiting);
      if (waiting.length === 0) return;
      await setImmediate();
    }
  }

  /** Asks those who cannot move to connect again; the others hear of it. @param reason - for those who cannot */
  sendAway(reason: string): void {
    for (const link of this.#links) if (!link.canMove) link.session?.shutDown(reason);
  }

  /** Gives away all that can move, one by one. */
  *giveAway(): Generator<GivenClient, void> {
    for (const link of [...this.#links]) {
      const given = link.giveAway();
      if (given !== null) yield given;
    }
  }

  /** Ends the sessions: each notifies its peer and closes. */
  shutDown(reason: string): void {
    for (const link of this.#links) link.session?.shutDown(reason);
  }

  /** Cuts off those that have been sent everything and do not close. */
  cutIdle(reason: string): void {
    for (const link of this.#links) if (link.pendingBytes === 0) link.cut(reason);
  }
}

/** Words a lost connection for the other members. */
function describeLoss(error: Error): string {
  if (hasCode(error, 'ECONNRESET') || hasCode(error, 'EPIPE')) return PARTINGS.reset;
  if (hasCode(error, 'ETIMEDOUT')) return PARTINGS.timedOut;
  if (hasCode(error, 'ERR_WRITE_QUEUE_FULL')) return sendQueueExceeded(error.message);
  return error.message;
}
