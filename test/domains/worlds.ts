/** Domains in one process, with ways of bytes between them that deliver when a test says so. */
import { expect, onTestFinished } from 'vitest';
import { foldCase as fold } from '../../src/chat/case-mapping.js';
import { Chat, type ChatOptions } from '../../src/chat/chat.js';
import type { Member } from '../../src/chat/member.js';
import type { Outcome } from '../../src/chat/outcome.js';
import type { RoomSnapshot } from '../../src/chat/snapshot.js';
import { Domains } from '../../src/domains/domains.js';
import type { Guest } from '../../src/domains/entrance.js';
import { FrameChannel } from '../../src/domains/frame-channel.js';
import { isVisit, type Visit } from '../../src/domains/messages.js';
import type { DomainSettings } from '../../src/domains/settings.js';
import type { Channel, ChannelEvents, Dial } from '../../src/log/channel.js';
import { MemoryLog } from '../../src/log/memory-log.js';
import type { SharedLog } from '../../src/log/shared-log.js';
import { SILENT } from '../../src/server/log.js';
import { RoutedLog } from '../../src/server/routed-log.js';

const PEM = '';

/** One end of a way of bytes between two domains in one process: they arrive when the test says so. */
class End implements Channel {
  readonly isFull = false;
  readonly arriving: Uint8Array[] = [];
  onClosed: () => void = () => undefined;
  isOver = false;
  other: End | null = null;

  send(bytes: Uint8Array): void {
    if (!this.isOver) this.other?.arriving.push(new Uint8Array(bytes));
  }

  pause(): void {
    // Everything arrives when the test says so.
  }

  resume(): void {
    // As above.
  }

  close(): void {
    for (const end of [this, this.other]) {
      if (end === null || end.isOver) continue;
      end.isOver = true;
      end.onClosed();
    }
  }
}

/** Connects a domain to another one, whenever that is possible. */
export class Ways {
  readonly #home: Domains;
  /** The bytes that have arrived at the home. */
  readonly taken: Buffer[] = [];
  isCut = false;
  readonly #dialled: {
    readonly near: End;
    readonly far: End;
    take: (bytes: Uint8Array) => void;
    hear: (bytes: Uint8Array) => void;
  }[] = [];
  /** Attempts that wait for a way. */
  readonly #waiting: (() => void)[] = [];

  constructor(home: Domains) {
    this.#home = home;
  }

  readonly later = (_ms: number, then: () => void): void => {
    this.#waiting.push(then);
  };

  readonly dial: Dial = (events) => {
    const [near, far] = [new End(), new End()];
    near.other = far;
    far.other = near;
    near.onClosed = () => {
      this.#waiting.push(() => {
        events.closed();
      });
    };
    this.#waiting.push(() => {
      if (this.isCut) near.close();
      else this.#connect(near, far, events);
    });
    return near;
  };

  #connect(near: End, far: End, events: ChannelEvents): void {
    let guest: Guest | null = null;
    const channel = new FrameChannel<Visit>(far, isVisit, {
      heard: (visit, body) => {
        if (guest !== null) {
          guest.hear(visit, body);
          return;
        }
        const admitted = visit.kind === 'hello' ? this.#home.admit(visit, channel) : 'it has not greeted';
        if (typeof admitted === 'string') channel.close();
        else guest = admitted;
      },
      violated: (why) => expect.fail(why),
    });
    far.onClosed = () => {
      channel.end();
      guest?.ended();
    };
    this.#dialled.push({
      near,
      far,
      take: (bytes) => {
        this.taken.push(Buffer.from(bytes));
        channel.take(bytes);
      },
      hear: (bytes) => {
        events.received(bytes);
      },
    });
    events.opened();
  }

  /** Lets so many pieces arrive. @param isHeard - whether what the home says does, too @returns whether any has */
  step(count: number, isHeard = true): boolean {
    let isMoving = false;
    for (const then of this.#waiting.splice(0)) {
      isMoving = true;
      then();
    }
    for (const { near, far, take, hear } of this.#dialled) {
      for (let index = 0; index < count && !near.isOver; index += 1) {
        const there = far.arriving.shift();
        if (there !== undefined) take(there);
        const here = isHeard ? near.arriving.shift() : undefined;
        if (here !== undefined) hear(here);
        if (there === undefined && here === undefined) break;
        isMoving = true;
      }
    }
    return isMoving;
  }

  /** Whether a domain is connected by it. */
  get isConnected(): boolean {
    return this.#dialled.some(({ near }) => !near.isOver);
  }

  cut(): void {
    this.isCut = true;
    for (const { near } of this.#dialled) near.close();
  }
}

/** The options of a world. */
export interface WorldOptions {
  /** The name of its process in sessions. @defaultValue `a.1` */
  readonly node?: string;
  readonly lineage?: string;
  /** The logs that its nodes share, with what else they need; null for one server. */
  readonly nodes?: { readonly logs: SharedLog; readonly sharing: NonNullable<ChatOptions['sharing']> } | null;
}

/** The home of rooms with its people, or another domain whose people enter them, or a node of one of both. */
export class World {
  readonly chat: Chat;
  readonly domains: Domains;
  readonly settings: DomainSettings;
  readonly members: Member[] = [];
  readonly said: string[] = [];
  nowMs = 1_000_000;

  /** @param ways - those to the home; null for the home itself */
  constructor(ways: Ways | null, options: WorldOptions = {}) {
    const { node = 'a.1', lineage = '', nodes = null } = options;
    const logs = nodes?.logs ?? new MemoryLog({ maxEntries: 0 });
    const isHome = ways === null;
    const [name, other] = isHome ? ['home.example', 'far.example'] : ['far.example', 'home.example'];
    const waysHome = (): Ways => ways ?? expect.fail('nobody is dialled from home');
    this.settings = {
      name,
      listen: null,
      rooms: isHome ? ['#a'] : [],
      links: [{ name: other, at: isHome ? null : { host: '', port: 0 }, rooms: ['#a', '#b'] }],
      tls: { cert: PEM, key: PEM, ca: PEM },
    };
    this.domains = new Domains({
      settings: this.settings,
      log: SILENT,
      fold,
      logs,
      node,
      lineage,
      nodes: nodes && { release: () => undefined },
      maxMasks: 5,
      now: () => this.nowMs,
      dial: () => waysHome().dial,
      later: (ms, then) => {
        waysHome().later(ms, then);
      },
    });
    const record = (_: string, outcome: Outcome): void => {
      if (outcome?.kind === 'said') this.said.push(`${outcome.id} ${outcome.by?.session ?? ''} ${outcome.text}`);
    };
    const now = (): number => this.nowMs;
    const log = new RoutedLog(logs, this.domains.logs, (name) => !this.domains.isForeign(name));
    const shared = nodes && { sharing: nodes.sharing, newLogId: (about: string) => about.replace(/[^a-z0-9]/g, '') };
    this.chat = new Chat({ log, node, abroad: this.domains, record, now, ...shared });
  }

  async start(nicks: readonly string[]): Promise<void> {
    await this.domains.start(this.chat);
    for (const nick of nicks) {
      const member = this.chat.receive({ host: '192.0.2.1', outlet: null });
      this.chat.admit(member, { nick, user: 'u', realName: nick });
      this.members.push(member);
    }
  }

  room(name: string): RoomSnapshot | null {
    let found: RoomSnapshot | null = null;
    this.chat.originOf(name, (_, { snapshot }) => {
      found = snapshot;
    });
    return found;
  }
}

/** Two domains and the ways between them. */
export interface Two {
  readonly home: World;
  readonly ways: Ways;
  readonly far: World;
  /** Lets everything arrive. */
  readonly settle: () => void;
}

/** Starts both, with people of these nicks. The ways are open, and nothing has arrived yet. */
export async function startTwo(
  here: readonly string[],
  there: readonly string[],
  options: WorldOptions = {},
): Promise<Two> {
  const home = new World(null);
  const ways = new Ways(home.domains);
  const far = new World(ways, options);
  await home.start(here);
  await far.start(there);
  const settle = (): void => {
    while (ways.step(1_000));
  };
  return { home, ways, far, settle };
}

/** Ends the links of some domains when the test has finished. */
export function closeAfterTest(...worlds: readonly World[]): void {
  onTestFinished(async () => {
    await Promise.all(worlds.map(({ domains }) => domains.close()));
  });
}
