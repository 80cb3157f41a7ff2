/** Several nodes with all their logs shared, over a network that is late, for tests. */
import { expect } from 'vitest';
import { Chat } from '../../src/chat/chat.js';
import type { ChatEvent } from '../../src/chat/event.js';
import type { Encoder, Outlet } from '../../src/chat/member.js';
import type { Checkpoints } from '../../src/chat/sharing.js';
import type { LogName } from '../../src/log/entry.js';
import { placeOf } from '../../src/log/place.js';
import { MemoryCheckpoints } from '../support/memory-checkpoints.js';
import { seeded } from '../support/random.js';
import { SimulatedNetwork } from '../support/simulated-network.js';
import { LogServer, SocketLog } from '../support/socket-log.js';
import { type Draw, Node } from './processes.js';

const NOTHING = new Uint8Array(0);

/** Notes the places of what was said in rooms, as one member has heard it. */
export class Ear implements Outlet, Encoder {
  readonly isSecure = false;
  readonly certificate = null;
  readonly remoteHost = '192.0.2.1';
  readonly encoder = this;
  readonly heard = new Map<string, number[]>();

  encode(event: ChatEvent): Uint8Array {
    if (event.kind !== 'said' || event.room === null) return NOTHING;
    const { seq, part } = placeOf(event.id);
    const places = this.heard.get(event.room.name) ?? [];
    this.heard.set(event.room.name, [...places, 1000 * seq + part]);
    return NOTHING;
  }

  isDroppable(): boolean {
    return false;
  }

  send(): void {
    // It has been heard already.
  }

  expel(): void {
    // Nobody is connected.
  }
}

/** One node, with its way to the log. */
export interface Process {
  readonly node: Node;
  readonly log: SocketLog;
  readonly kept: Map<LogName, string>;
  name: string;
  isGivenUp: boolean;
}

/** All of them, and what lies between. */
export class Domain {
  nowMs = 1_000_000;
  readonly processes: Process[] = [];
  readonly ears: Ear[] = [];
  readonly network: SimulatedNetwork;
  readonly #logs: LogServer;
  readonly #checkpoints = new MemoryCheckpoints();

  constructor(seed: number) {
    this.network = new SimulatedNetwork(seed, { cut: 0.01, repeat: 0.05 });
    this.#logs = new LogServer(1_000_000, () => this.nowMs);
  }

  start(name: string): Process {
    const log = new SocketLog(this.network, this.#logs);
    const kept = new Map<LogName, string>();
    const checkpoints: Checkpoints = {
      // As late as anything else.
      read: (asked, take) => this.network.later(() => this.#checkpoints.read(asked, take)),
      keep: (about, seq, state) => {
        kept.set(about, state);
        this.#checkpoints.keep(about, seq, state);
      },
    };
    const onGivenUp = (): void => {
      process.isGivenUp = true;
    };
    const chat = new Chat({
      ...{ log, node: name, now: () => this.nowMs, newLogId: (about) => about.replace(/[^a-z0-9]/g, '') },
      sharing: { checkpoints, onGivenUp },
    });
    const outlet = (): Ear => {
      const ear = new Ear();
      this.ears.push(ear);
      return ear;
    };
    const process: Process = { node: new Node(chat, outlet), log, kept, name, isGivenUp: false };
    this.processes.push(process);
    return process;
  }

  /** A process is not there any more from one moment to the next. */
  kill(process: Process): void {
    this.processes.splice(this.processes.indexOf(process), 1);
    process.log.close();
  }

  /** Has those come back that have been given up. */
  bringBack(): void {
    for (const process of this.processes) {
      if (!process.isGivenUp) continue;
      process.isGivenUp = false;
      const [name = '', number = '0'] = process.name.split('.');
      process.name = `${name}.${Number(number) + 1}`;
      process.node.chat.comeBack(process.name);
    }
  }

  tick(ms: number): void {
    this.nowMs += ms;
    for (const { node } of this.processes) node.chat.tick();
  }

  /** Lets everything settle. */
  settle(): void {
    this.network.heal();
    for (let count = 0; count < 12; count += 1) {
      this.network.run();
      this.bringBack();
      this.tick(1000);
    }
    this.network.run();
  }
}

/**
 * Starts a domain, lets its nodes begin late, die, be given up by mistake and be cut off, and lets it settle.
 *
 * @param actOn - has somebody of a node do something
 */
export function domainWithHistory(seed: number, actOn: (draw: Draw, node: Node) => void): Domain {
  const random = seeded(seed);
  const draw: Draw = (below) => Math.floor(random() * below);
  const domain = new Domain(seed);
  const one = (): Process => domain.processes[draw(domain.processes.length)] ?? expect.fail('no node');
  for (const name of ['a.1', 'b.1', 'c.1']) domain.start(name);
  domain.network.run(300);
  for (let count = 0; count < 150; count += 1) {
    if (count === 60) domain.start('d.1');
    if (count === 90) {
      const dead = one();
      domain.kill(dead);
      for (const { node } of domain.processes) node.chat.giveUp(dead.name);
    }
    // One that lives is taken for dead.
    if (draw(30) === 0) one().node.chat.giveUp(one().name);
    actOn(draw, one().node);
    domain.network.run(draw(20));
    if (draw(10) === 0) domain.bringBack();
    if (draw(20) === 0) one().node.chat.keepRooms();
    if (draw(8) > 0) continue;
    const isOutage = draw(4) === 0;
    if (isOutage) domain.network.cutAll();
    domain.tick(isOutage ? 6000 : 1500);
  }
  domain.settle();
  domain.start('e.1');
  domain.settle();
  return domain;
}
