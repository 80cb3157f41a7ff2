/** The link of several nodes to one other domain: one of them holds it, and all have what it brings. */
import type { Dial } from '../log/channel.js';
import { Bus, type BusParts, type BusReader } from './bus.js';
import { Gate } from './gate.js';
import type { GoneFacts } from './gone-reports.js';
import { Holder } from './holder.js';
import type { HomeLineParts } from './home-line.js';
import { LetterRelay, type LetterRelayParts } from './letter-relay.js';
import { Postal } from './postal.js';
import type { Relayed } from './relayed.js';
import { encodeSessions } from './roll-call.js';
import { SharedHome } from './shared-home.js';
import { Tenure } from './tenure.js';

/** The other nodes that serve the domain. */
export interface Attendance {
  /** A node serves the domain from now on. @param mark - names its message */
  admitted(node: string, run: string, mark: string): void;
  /** A node does not serve it any more. */
  left(node: string): void;
  /** Reports again that this node serves the domain, if it does. */
  repeat(): void;
}

/** The parts of the link. */
export interface SharedLinkParts extends BusParts, GoneFacts, Pick<HomeLineParts, 'own' | 'run' | 'later'> {
  readonly lineage: string;
  /** Whether a node of this domain is gone. */
  readonly isGone: (node: string) => boolean;
  /** Returns the sessions by which this node may have people in a room of the home. */
  readonly insidersOf: (room: string) => Iterable<string>;
  /** Connects to the home; null if nobody here enters its rooms. */
  readonly dial: HomeLineParts['dial'] | null;
  readonly attendance: Attendance;
  /** See {@link LetterRelayParts.lastTurn}. */
  readonly lastTurn: number;
  /** Carries out what another node asks for. */
  readonly carryOut: LetterRelayParts['carryOut'];
}

/** The end of the link that each node has. */
export class SharedLink implements BusReader {
  readonly bus: Bus;
  readonly postal = new Postal();
  /** Hands letters to other nodes. */
  readonly relay: LetterRelay;
  readonly #parts: SharedLinkParts;
  readonly #tenure = new Tenure();
  readonly #home: SharedHome;
  readonly #holder: Holder | null;

  constructor(parts: SharedLinkParts) {
    this.#parts = parts;
    const { dial, domain: home } = parts;
    this.bus = new Bus(parts);
    this.relay = new LetterRelay({ ...parts, bus: this.bus });
    const common = { ...parts, home, bus: this.bus, tenure: this.#tenure, postal: this.postal };
    this.#home = new SharedHome(common);
    this.#holder = dial && new Holder({ ...common, dial, shared: this.#home, gate: new Gate({ ...parts, home }) });
  }

  /** Begins to take part. Call it once the domain's log is known. */
  open(): void {
    this.bus.open(this);
  }

  /** Opens a channel to what the nodes have of the home. */
  get dial(): Dial {
    return this.#home.dial;
  }

  /** Sets the observer of the time from which nothing can be offered until rooms have caught up. */
  set onPause(paused: () => void) {
    this.#home.onPause = paused;
  }

  /** Whether the rooms of the home can be reached, through whichever node. */
  get isUp(): boolean {
    return this.bus.isReady && this.#tenure.home !== null;
  }

  /** The node that holds the link; null for none. */
  get tenant(): string | null {
    return this.#tenure.tenant.node;
  }

  /** The age of the last sign of life of the home, in milliseconds; null if another node holds the link. */
  get silentMs(): number | null {
    return this.#holder?.silentMs ?? null;
  }

  /** Call it often: the link of a node that is gone is taken over then. */
  tick(): void {
    this.bus.tick();
    this.#holder?.tick();
    this.relay.tick();
  }

  heard(seq: number, node: string, message: Relayed, body: Uint8Array): void {
    const { attendance } = this.#parts;
    if (this.#tenure.apply(seq, node, message)) {
      this.#home.moved();
      this.#holder?.moved();
    }
    this.#home.heard(message, body);
    this.#holder?.heard(node, message, body);
    // What has been said before was for a link that this process has ended.
    if (seq > this.bus.beginning) this.relay.heard(node, message, body);
    if (message.kind === 'roll-call') this.#answer(message);
    else if (message.kind === 'admitted') attendance.admitted(node, message.run, message.mark);
    else if (message.kind === 'left') attendance.left(node);
  }

  #answer({ term, room, call }: Extract<Relayed, { readonly kind: 'roll-call' }>): void {
    if (term !== this.#tenure.tenant.term) return;
    this.bus.say({ kind: 'inside', term, call }, encodeSessions(this.#parts.insidersOf(room)));
  }

  repeat(): void {
    this.#holder?.repeat();
    this.#parts.attendance.repeat();
  }

  missed(): void {
    this.#home.missed();
    this.#holder?.missed();
  }

  away(): void {
    this.#home.away();
    this.#holder?.away();
  }

  back(): void {
    this.#home.back();
    this.#holder?.back();
  }

  /** Connects again, if this node holds the link. */
  reopen(): void {
    this.#holder?.missed();
  }

  close(): void {
    this.#holder?.close();
    this.relay.close();
    this.bus.close();
  }
}
