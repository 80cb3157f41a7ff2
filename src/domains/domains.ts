/** The relations of one domain to others: their rooms as logs here, and its own rooms for them. */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import type { DomainLinkReadings } from '../admin/readings.js';
import {
  type Abroad,
  type BorderObserver,
  type BorderRefusal,
  homeOf,
  type Letter,
  type Origin,
  type RoomView,
} from '../chat/abroad.js';
import type { Chat } from '../chat/chat.js';
import { nodeOf, sessionsOf } from '../chat/gone-nodes.js';
import { toError } from '../errors.js';
import type { Dial } from '../log/channel.js';
import type { LogName, Pack, Who } from '../log/entry.js';
import type { AppendAnswer, Following, LogSink, SharedLog } from '../log/shared-log.js';
import { formatAddress } from '../socket/address.js';
import { dialDomain, type ReachableLink } from './dial.js';
import { labelsOf, lineageOf, logAbroad, placeOfLog, placeOfRoom } from './domain-names.js';
import { Entrance, type EntranceParts, type Guest } from './entrance.js';
import type { FrameChannel } from './frame-channel.js';
import type { HomeLineParts } from './home-line.js';
import { Link, type LinkParts } from './link.js';
import { LINK_VERSION, type Visit } from './messages.js';
import type { Crowd } from './mirror.js';
import { type LetterTaker, UNREACHABLE } from './open-letters.js';
import type { DomainLog, DomainSettings, LinkSettings } from './settings.js';
import { SharedLink } from './shared-link.js';
import { Visa } from './visa.js';
import { type HomeRooms, newVisitorLimits, Visitor, type VisitorLimits } from './visitor.js';

/** How long people of a domain whose link is lost keep their places, in milliseconds. */
const GRACE_MS = 120_000;
/** The interval at which domains that were lost for that long are looked for, in milliseconds. */
const LOOK_MS = 1_000;
/**
 * How long a server of a domain keeps another one with the same name out, in milliseconds: two of them would otherwise
 * end each other's connection at every attempt.
 */
const MIN_RUN_MS = 10_000;

/** How long a node may be behind another one that has applied more of a room, in milliseconds. */
const LATE_MS = 500;
/** The interval at which nodes look after the links of others, in milliseconds. */
const TICK_MS = 250;

/** The parts of a domain. */
export interface DomainsParts {
  readonly settings: DomainSettings;
  readonly log: DomainLog;
  readonly fold: (name: string) => string;
  /** The log of the rooms of this domain. */
  readonly logs: SharedLog;
  /** The name of this process in sessions: `node.incarnation`. */
  readonly node: string;
  /** The beginning of its sessions in other domains: see {@link lineageOf}. */
  readonly lineage: string;
  /** For a domain whose nodes share the logs; null for one server. */
  readonly nodes: DomainNodes | null;
  /** The most masks that a room's lists hold together. */
  readonly maxMasks: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** @defaultValue 120,000 */
  readonly graceMs?: number | undefined;
  /** Returns a function that connects to a domain. @defaultValue over TLS */
  readonly dial?: ((link: ReachableLink, failed: (error: Error) => void) => Dial) | undefined;
  /** Schedules a callback. @defaultValue `setTimeout` */
  readonly later?: ((ms: number, then: () => void) => void) | undefined;
}

/** The access of several nodes to their store. */
export interface DomainNodes {
  /** Lets the store drop the packs of a log up to a number when they are old. */
  readonly release: (log: LogName, seq: number) => void;
}

/** What the people of this domain are known by in another one: the beginning of their sessions, and their run. */
type Papers = Pick<LinkParts, 'lineage' | 'run'>;

/** The facts about a domain that connects to the rooms of this one. */
interface Known {
  visitor: Visitor | null;
  /** The node that serves it, if there are several; null if none does. */
  node: string | null;
  /** Names this node's last message that it serves the domain, until that has returned from the log or failed. */
  unconfirmed: string | null;
  /** The last run of its server; null if it has not been here. */
  run: string | null;
  /** Since when it is connected, in milliseconds of a time that never goes back. */
  sinceMs: number;
  /** Since when it is not connected, in milliseconds of a time that never goes back. */
  lostMs: number;
  /** Whether its people have had to leave since it was lost. */
  isDismissed: boolean;
  readonly limits: VisitorLimits;
}

/** The other domains. Their rooms are logs that are followed over links. */
export class Domains implements Abroad {
  readonly #parts: DomainsParts;
  readonly #labels: Map<string, string>;
  readonly #links = new Map<string, Link>();
  readonly #known = new Map<string, Known>();
  /** The links that nodes share, by the other domains; empty for one server. */
  readonly #sharedLinks = new Map<string, SharedLink>();
  /** Its own rooms that others may enter, by their folded names. */
  readonly #shared: ReadonlyMap<string, string>;
  /** The last turns of letters that this node has handed to others, by the domains whose links have ended. */
  readonly #lastTurns = new Map<string, number>();
  readonly #epoch: string;
  readonly #graceMs: number;
  /** The certificate of this domain, which a reload replaces. */
  #tls: DomainSettings['tls'];
  /** The domains that it is linked to, as the configuration that was read last has them. */
  #linked: readonly LinkSettings[];
  #observer: BorderObserver | null = null;
  #chat: Chat | null = null;
  #home: HomeRooms | null = null;
  #entrance: Entrance | null = null;
  #looks: NodeJS.Timeout | null = null;
  #ticks: NodeJS.Timeout | null = null;
  /** The number of messages by which this node has reported that it serves a domain. */
  #marks = 0;
  #isClosed = false;

  /** The logs of rooms of other domains. They are followed over links, which {@link close} ends. */
  readonly logs: Pick<SharedLog, 'append' | 'follow' | 'read' | 'close'> = {
    append: (name, pack, answer) => {
      this.#append(name, pack, answer);
    },
    follow: (name, after, sink) => this.#follow(name, after, sink),
    read: () => Promise.resolve(null),
    close: () => undefined,
  };

  constructor(parts: DomainsParts) {
    this.#parts = parts;
    const { settings, fold, graceMs = GRACE_MS } = parts;
    this.#graceMs = graceMs;
    this.#tls = settings.tls;
    this.#linked = settings.links;
    // The numbers of packs are the same on all nodes, in every run.
    this.#epoch = parts.nodes === null ? randomBytes(9).toString('hex') : `nodes ${parts.lineage}`;
    this.#labels = new Map(labelsOf([settings.name, ...settings.links.map(({ name }) => name)]));
    this.#shared = new Map(settings.rooms.map((name) => [fold(name), name]));
  }

  /** Connects to the other domains, and lets them in. @throws EADDRINUSE, and any other error of listen() */
  async start(chat: Chat): Promise<void> {
    const { settings, log, logs, now } = this.#parts;
    this.#chat = chat;
    this.#home = {
      chat,
      log: logs,
      epoch: this.#epoch,
      isShared: this.#parts.nodes !== null,
      backlogs: new Map(),
      sharedName: (name) => this.#shared.get(this.#parts.fold(name)),
      sendOn: (domain, letter, take) => {
        this.#postTo(domain, letter, take);
      },
      deliver: (domain, letter, take) => {
        this.#deliver(domain, letter, take);
      },
      now,
    };
    for (const link of settings.links) this.#link(link, chat, { lineage: this.#parts.lineage, run: this.#epoch });
    if (settings.listen !== null) {
      const admit: EntranceParts['admit'] = (hello, channel) => this.admit(hello, channel);
      this.#entrance = await Entrance.open({ settings, at: settings.listen, log, admit });
      log.info('listening for domains', { domain: settings.name, at: formatAddress(this.#entrance.address) });
    }
    this.#looks = setInterval(() => {
      this.#look();
    }, LOOK_MS).unref();
    if (this.#parts.nodes === null) return;
    for (const shared of this.#sharedLinks.values()) shared.open();
    this.#ticks = setInterval(() => {
      for (const shared of this.#sharedLinks.values()) shared.tick();
    }, TICK_MS).unref();
  }

  /** Makes both ends of the link to a domain. @param papers - those of one server; nodes have the same in every run */
  #link(link: LinkSettings, chat: Chat, papers: Papers): void {
    if (!this.#known.has(link.name)) {
      this.#known.set(link.name, {
        visitor: null,
        node: null,
        unconfirmed: null,
        run: null,
        sinceMs: 0,
        lostMs: performance.now(),
        isDismissed: false,
        limits: newVisitorLimits(),
      });
    }
    const reachable = reachableOf(link);
    const shared = this.#parts.nodes && this.#sharedLinkTo(link.name, reachable, chat, this.#parts.nodes);
    if (shared !== null) this.#sharedLinks.set(link.name, shared);
    if (reachable !== null) this.#links.set(link.name, this.#linkTo(reachable, shared, papers));
  }

  /** A reload may change the address: each attempt takes the one that was read last. */
  #dialFor(link: ReachableLink): HomeLineParts['dial'] {
    const dial = this.#parts.dial ?? ((to, failed) => dialDomain(() => this.#tls, to, failed));
    return (failed) => (events) => {
      const read = this.#linked.find(({ name }) => name === link.name);
      return dial((read && reachableOf(read)) ?? link, failed)(events);
    };
  }

  #sharedLinkTo(domain: string, link: ReachableLink | null, chat: Chat, { release }: DomainNodes): SharedLink {
    const { settings, logs, now, log, lineage, later } = this.#parts;
    return new SharedLink({
      domain,
      logs,
      release,
      now,
      log,
      lineage,
      later,
      own: settings.name,
      run: this.#epoch,
      lastTurn: this.#lastTurns.get(domain) ?? 0,
      node: () => chat.node,
      applied: () => chat.seen,
      isGone: (node) => chat.isGone(node),
      goneVersion: () => chat.goneVersion,
      goneNodes: () => chat.goneNodes,
      heirs: () => chat.heirs(),
      insidersOf: (room) => this.#insidersOf(domain, room),
      carryOut: (errand, letter, take) => {
        if (errand === 'link') this.#postHere(domain, letter, take);
        else if (errand === 'visit') this.#postToVisitor(domain, letter, take);
        else this.#deliverHere(letter, take, LATE_MS);
      },
      dial: link && this.#dialFor(link),
      attendance: {
        admitted: (node, run, mark) => {
          this.#admittedBy(domain, node, run, mark);
        },
        left: (node) => {
          this.#leftBy(domain, node);
        },
        repeat: () => {
          this.#confirm(domain);
        },
      },
    });
  }

  #linkTo(link: ReachableLink, shared: SharedLink | null, papers: Papers): Link {
    const { settings, fold, now, log, node, lineage } = this.#parts;
    return new Link({
      shared,
      own: settings.name,
      home: link.name,
      ...(shared === null ? papers : { lineage, run: this.#epoch }),
      homeLabel: this.labelOf(link.name),
      ownLabel: this.labelOf(settings.name),
      rooms: link.rooms,
      fold,
      dial: shared === null ? this.#dialFor(link) : () => shared.dial,
      later: this.#parts.later,
      deliver: (letter, take) => {
        this.#deliver(link.name, letter, take);
      },
      observer: {
        renewed: (name, origin) => this.#observer?.renewed(name, origin),
        withdrawn: (name) => this.#observer?.withdrawn(name),
      },
      isInside: (name, session) => this.#isInside(name, session),
      // The node that holds the link has judged that for all; one server has no former sessions.
      isHeir: () => shared !== null,
      crowdOf: (name) => this.#crowdOf(name),
      // The node that holds the link has judged that for all.
      isGone: (gone) => shared !== null || !sessionsOf(gone)(`${node}.1`),
      isOwn: (session) => session.startsWith(`${this.#chat?.node ?? node}.`),
      now,
      log,
    });
  }

  #isInside(log: LogName, session: string): boolean {
    const chat = this.#chat;
    if (chat?.directory.room(log.slice('r:'.length))?.seatOf({ session }) !== undefined) return true;
    // The node that holds the link has asked the others.
    const { nodes } = this.#parts;
    return nodes !== null && chat !== null && !session.startsWith(`${chat.node}.`);
  }

  /** Returns the sessions by which this process may have people in a room of another domain. */
  #insidersOf(domain: string, room: string): Set<string> {
    const proposing = this.#links.get(domain)?.proposingTo(room) ?? [];
    return new Set([...proposing, ...(this.#chat?.sessionsIn(logAbroad({ room, domain })) ?? [])]);
  }

  #crowdOf(log: LogName): Crowd | null {
    const room = this.#chat?.directory.room(log.slice('r:'.length));
    if (room === undefined) return null;
    return { seats: room.size, masks: room.maskCount, invitations: room.invitationCount };
  }

  /** Returns the label behind the nicks of a domain's people. */
  labelOf(domain: string): string {
    return this.#labels.get(domain) ?? domain;
  }

  domainOf(label: string): string | null {
    for (const [domain, known] of this.#labels) if (known === label) return domain;
    return null;
  }

  /** The address on which other domains connect; null for none. */
  get address(): Entrance['address'] | null {
    return this.#entrance?.address ?? null;
  }

  get readings(): DomainLinkReadings[] {
    return this.#linked.map(({ name }) => {
      const link = this.#links.get(name);
      return {
        domain: name,
        isUp: link?.isUp ?? null,
        isServed: this.#isServed(this.#known.get(name)),
        mirrored: link?.mirrored ?? 0,
        waiting: link?.waiting ?? 0,
        silentMs: link?.silentMs ?? null,
      };
    });
  }

  // A reload

  /**
   * Replaces the certificate, and ends, begins and changes links as the settings say. Everything else waits for a
   * restart.
   *
   * @returns whether anything does
   */
  reload(read: DomainSettings): boolean {
    if (!isDeepStrictEqual(read.tls, this.#tls)) {
      this.#tls = read.tls;
      this.#entrance?.exchangeCertificate(read.tls);
      this.#parts.log.info('the certificate of the domain is replaced', { domain: read.name });
    }
    const left = new Set(read.links.map(({ name }) => name));
    const before = new Map(this.#linked.map((link) => [link.name, link]));
    this.#linked = read.links;
    for (const name of before.keys()) if (!left.has(name)) this.#unlink(name);
    // The reload may have begun before the end.
    if (this.#chat !== null && !this.#isClosed) {
      for (const link of read.links) this.#relink(before.get(link.name), link, this.#chat);
    }
    const { settings } = this.#parts;
    return !isDeepStrictEqual({ ...read, tls: null, links: null }, { ...settings, tls: null, links: null });
  }

  /** @param before - the link as it was; undefined if there was none */
  #relink(before: LinkSettings | undefined, link: LinkSettings, chat: Chat): void {
    if (isDeepStrictEqual(before, link)) return;
    const { name: domain } = link;
    this.#parts.log.info(before === undefined ? 'a domain is linked from now on' : 'a link is changed', { domain });
    if (before === undefined) {
      this.#label(domain);
    } else if (before.at === null || link.at === null) {
      // The people of that domain stay: how they arrive has not changed.
      this.#endLink(domain);
    } else {
      this.#links.get(domain)?.share(link.rooms);
      if (!isDeepStrictEqual(before.at, link.at)) this.#links.get(domain)?.reopen();
      return;
    }
    this.#link(link, chat, newPapers());
    this.#sharedLinks.get(domain)?.open();
  }

  /** Gives a domain a label that no other one has. Those of others stay: their people have it in their nicks. */
  #label(domain: string): void {
    this.#labels.delete(domain);
    const [first = domain] = domain.split('.');
    const isTaken = [...this.#labels.values()].includes(first);
    this.#labels.set(domain, isTaken ? domain : first);
  }

  /** Ends the connection to the rooms of a domain. */
  #endLink(domain: string): void {
    const link = this.#links.get(domain);
    // First, since what has waited for its rooms goes on in this call, and may ask for them again.
    this.#links.delete(domain);
    link?.withdraw();
    const shared = this.#sharedLinks.get(domain);
    this.#sharedLinks.delete(domain);
    if (shared === undefined) return;
    this.#lastTurns.set(domain, shared.relay.lastTurn);
    shared.close();
  }

  /** Ends the links to a domain, both ways. */
  #unlink(domain: string): void {
    const { log } = this.#parts;
    const known = this.#known.get(domain);
    this.#known.delete(domain);
    const visitor = known?.visitor ?? null;
    // The other nodes may read the configuration later.
    if (visitor !== null) this.#sharedLinks.get(domain)?.bus.say({ kind: 'left' });
    this.#endLink(domain);
    if (known !== undefined) known.visitor = null;
    visitor?.end();
    this.#dismiss(domain);
    log.info('a domain is not linked any more', { domain });
  }

  /** Ends all links. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#looks !== null) clearInterval(this.#looks);
    if (this.#ticks !== null) clearInterval(this.#ticks);
    for (const link of this.#links.values()) link.close();
    for (const [domain, known] of this.#known) {
      if (known.visitor !== null) this.#sharedLinks.get(domain)?.bus.say({ kind: 'left' });
    }
    for (const shared of this.#sharedLinks.values()) shared.close();
    for (const { visitor } of this.#known.values()) visitor?.end();
    for (const backlog of this.#home?.backlogs.values() ?? []) backlog.close();
    await this.#entrance?.close();
  }

  // Domains that enter rooms of this one

  /** Lets in a domain that has shown its certificate. @returns why not, if it cannot enter */
  admit({ domain, run, version }: Extract<Visit, { kind: 'hello' }>, channel: FrameChannel<Visit>): Guest | string {
    const known = this.#known.get(domain);
    const home = this.#home;
    if (known === undefined || home === null || this.#isClosed) return 'it is not linked';
    if (version !== LINK_VERSION) return 'it speaks another version';
    if (this.#sharedLinks.get(domain)?.bus.isReady === false) return 'this node does not have the logs';
    const nowMs = performance.now();
    if (known.visitor !== null && known.run !== run && nowMs - known.sinceMs < MIN_RUN_MS) {
      return 'another server with its name has just connected';
    }
    if (!known.limits.admissions.take(nowMs)) return 'it connects too often';
    const label = this.labelOf(domain);
    const { settings, log, maxMasks } = this.#parts;
    // One connection at a time: the former one may not have noticed yet that it is lost.
    known.visitor?.end();
    const visitor = new Visitor(home, domain, new Visa({ domain, label, maxMasks }), channel, known.limits);
    known.visitor = visitor;
    known.sinceMs = nowMs;
    if (known.run === null) this.#dismiss(domain);
    // They are gone with that run. Those who are in the next one find their ranks again.
    else if (known.run !== run) this.#chat?.loseForeign(`${domain}/`);
    known.run = run;
    known.isDismissed = false;
    this.#confirm(domain);
    channel.send({
      kind: 'hello',
      version: LINK_VERSION,
      domain: settings.name,
      label,
      epoch: this.#epoch,
      rooms: settings.rooms,
    });
    log.info('a domain has connected', { domain });
    return {
      hear: (visit, body) => {
        if (visitor.hear(visit, body)) return;
        log.error('a domain breaks the rules of links', { domain, kind: visit.kind });
        channel.close();
      },
      drained: () => {
        visitor.drained();
      },
      ended: () => {
        visitor.end();
        if (known.visitor !== visitor || this.#isClosed) return;
        known.visitor = null;
        known.lostMs = performance.now();
        this.#sharedLinks.get(domain)?.bus.say({ kind: 'left' });
        log.warn('a domain is not connected any more', { domain });
      },
    };
  }

  // Other nodes that serve a domain

  #isServed(known: Known | undefined): boolean {
    return known !== undefined && (known.visitor !== null || known.node !== null);
  }

  /** Reports to the other nodes that this one serves a domain. */
  #confirm(domain: string): void {
    const known = this.#known.get(domain);
    const bus = this.#sharedLinks.get(domain)?.bus;
    if (bus === undefined || known?.run === undefined || known.run === null || known.visitor === null) return;
    this.#marks += 1;
    const mark = `${bus.node} ${this.#marks}`;
    known.unconfirmed = mark;
    bus.say({ kind: 'admitted', run: known.run, mark }, undefined, (why) => {
      // It may be in the log all the same.
      if (why !== null && known.unconfirmed === mark) known.unconfirmed = null;
    });
  }

  #admittedBy(domain: string, node: string, run: string, mark: string): void {
    const known = this.#known.get(domain);
    if (known === undefined) return;
    // This node may have another name since it has said that.
    const isOwn = node === this.#chat?.node || mark === known.unconfirmed;
    if (mark === known.unconfirmed) known.unconfirmed = null;
    // The message of this node is later than that of the other one.
    else if (known.unconfirmed !== null && !isOwn) return;
    known.run = run;
    known.node = node;
    known.isDismissed = false;
    if (isOwn || known.visitor === null) return;
    // One connection at a time: the other one is newer.
    const { visitor } = known;
    known.visitor = null;
    visitor.end();
  }

  #leftBy(domain: string, node: string): void {
    const known = this.#known.get(domain);
    if (known?.node !== node) return;
    known.node = null;
    known.lostMs = performance.now();
  }

  /** Removes people who cannot leave by themselves. */
  #look(): void {
    for (const [domain, known] of this.#known) {
      if (known.node !== null && this.#chat?.isGone(known.node) === true) this.#leftBy(domain, known.node);
      // The others do not know that this node serves it: they would remove its people.
      if (known.unconfirmed === null && known.node !== this.#chat?.node) this.#confirm(domain);
      if (known.isDismissed || this.#isServed(known) || performance.now() - known.lostMs < this.#graceMs) continue;
      known.isDismissed = true;
      try {
        this.#dismiss(domain);
      } catch (error) {
        this.#parts.log.error('people of a domain could not be removed', { domain, error: toError(error).message });
      }
    }
    this.#dropBacklogs();
  }

  /** Drops the backlogs of rooms that nobody has followed for that long. */
  #dropBacklogs(): void {
    const nowMs = performance.now();
    for (const [name, backlog] of this.#home?.backlogs ?? []) {
      if (backlog.readers.size > 0) backlog.usedMs = nowMs;
      if (nowMs - backlog.usedMs < this.#graceMs) continue;
      backlog.close();
      this.#home?.backlogs.delete(name);
    }
  }

  #dismiss(domain: string): void {
    this.#chat?.dismissForeign((session) => session.startsWith(`${domain}/`));
  }

  // Rooms of other domains, for the chat

  isForeign(log: LogName): boolean {
    return this.#linkOf(log) !== undefined;
  }

  #linkOf(log: LogName): Link | undefined {
    // Nearly all rooms belong to this domain.
    if (!log.includes(':', 2)) return undefined;
    const place = placeOfLog(log);
    return place === null ? undefined : this.#links.get(place.domain);
  }

  viewOf(log: LogName): RoomView | null {
    const link = this.#linkOf(log);
    if (link !== undefined) {
      const guise = (who: Who): Who => link.border.guiseOf(who);
      return {
        guise,
        face: (who) => link.border.faceOf(who),
        authorOf: (author) => link.border.authorOf(author),
        isForeign: true,
      };
    }
    if (!log.startsWith('r:') || !this.#shared.has(log.slice('r:'.length))) return null;
    // The addresses of people stay in this domain.
    return {
      guise: (who) => ({ ...who, address: who.host }),
      face: (who) => who,
      authorOf: (author) => author,
      isForeign: false,
    };
  }

  objectionTo(name: string): BorderRefusal | null {
    const place = placeOfRoom(name);
    const link = place === null ? undefined : this.#links.get(place.domain);
    if (place === null || link === undefined) return 'unknown-domain';
    return link.objectionTo(`r:${this.#parts.fold(name)}`, place.room);
  }

  begin(log: LogName, take: (origin: Origin | null) => void): void {
    const link = this.#linkOf(log);
    if (link === undefined) take(null);
    else link.begin(log, take);
  }

  post(log: LogName, letter: Letter, take: LetterTaker): void {
    const link = this.#linkOf(log);
    if (link === undefined) this.#postTo(homeOf(letter.to) ?? '', letter, take);
    else link.post(letter, take);
  }

  /** Sends a letter to a domain that is connected to the rooms of this one, by whichever node. */
  #postTo(domain: string, letter: Letter, take: LetterTaker): void {
    const known = this.#known.get(domain);
    const relay = this.#sharedLinks.get(domain)?.relay;
    const node = known?.visitor === null ? known.node : null;
    if (relay === undefined || node === null) this.#postToVisitor(domain, letter, take);
    else relay.ask(node, 'visit', letter, take);
  }

  #postToVisitor(domain: string, letter: Letter, take: LetterTaker): void {
    const visitor = this.#known.get(domain)?.visitor ?? null;
    if (visitor === null) take(UNREACHABLE);
    else visitor.letters.post(letter, take);
  }

  #postHere(domain: string, letter: Letter, take: LetterTaker): void {
    const link = this.#links.get(domain);
    if (link === undefined) take(UNREACHABLE);
    else link.postHere(letter, take);
  }

  /**
   * Delivers a letter to somebody of this domain, on the node of its session: only that node knows whether the sender
   * has entered a room with it there.
   */
  #deliver(domain: string, letter: Letter, take: LetterTaker): void {
    const relay = this.#sharedLinks.get(domain)?.relay;
    const node = nodeOf(letter.to);
    if (relay === undefined || node === this.#chat?.node) this.#deliverHere(letter, take, null);
    else if (this.#chat?.isSession(letter.to) === true) relay.ask(node, 'recipient', letter, take);
    else take({ kind: 'refused', why: 'no-such-member' });
  }

  /** @param lateMs - how long this node may be behind the one that has asked it; null if it is not */
  #deliverHere(letter: Letter, take: LetterTaker, lateMs: number | null): void {
    const chat = this.#chat;
    if (chat === null || this.#isClosed) {
      take(UNREACHABLE);
      return;
    }
    chat.deliver(letter, (answer) => {
      const isEarly = lateMs !== null && answer.kind === 'refused' && answer.why === 'no-such-member';
      if (!isEarly) take(answer);
      else {
        setTimeout(() => {
          this.#deliverHere(letter, take, null);
        }, lateMs).unref();
      }
    });
  }

  observe(observer: BorderObserver): void {
    this.#observer = observer;
  }

  #append(name: LogName, pack: Pack, answer: AppendAnswer): void {
    const link = this.#linkOf(name);
    if (link === undefined) answer.failed('closed');
    else link.append(name, pack, answer);
  }

  #follow(name: LogName, after: number, sink: LogSink): Following {
    return this.#linkOf(name)?.follow(name, after, sink) ?? { applied: after, stop: () => undefined };
  }
}

/**
 * Returns the papers for a link that a reload makes. The other domain may still have people who were there by a former
 * link: nobody of this one is among them, so they are gone as after a restart.
 */
function newPapers(): Papers {
  const run = randomBytes(9).toString('hex');
  return { lineage: lineageOf(run), run };
}

/** @returns null for a link to a domain whose rooms nobody here enters */
function reachableOf(link: LinkSettings): ReachableLink | null {
  return link.at === null ? null : { ...link, at: link.at };
}
