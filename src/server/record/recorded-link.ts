/** A link that records what its wire receives, without the secrets in it. */
import type { ClassSettings } from '../../protocol/limits.js';
import type { Mask } from '../../protocol/protocol.js';
import type { Clock } from '../clock.js';
import { ConnectionLink, type LinkEvents, type LinkFacts } from '../link.js';
import { toText } from './format.js';
import type { Notes } from './notes.js';
import type { RecordedWire } from './recorded-wire.js';

/** Everything that makes a {@link RecordedLink}. */
export interface RecordedLinkParts {
  readonly wire: RecordedWire;
  readonly facts: LinkFacts;
  readonly limits: ClassSettings;
  readonly events: LinkEvents;
  readonly notes: Notes;
  readonly clock: Clock;
  readonly mask: Mask;
}

/** The link of one connection. */
export class RecordedLink extends ConnectionLink {
  readonly #notes: Notes;
  readonly #mask: Mask;

  constructor({ wire, facts, limits, events, notes, clock, mask }: RecordedLinkParts) {
    super(wire, facts, limits, events, clock);
    this.#notes = notes;
    this.#mask = mask;
  }

  override receive(bytes: Uint8Array): void {
    this.#notes.give(['in', this.id, toText(this.#mask.hide(bytes))]);
    super.receive(bytes);
  }

  override endOfInput(): void {
    this.#notes.give(['eof', this.id]);
    super.endOfInput();
  }

  override behind(): void {
    this.#notes.give(['behind', this.id]);
    super.behind();
  }

  override drained(): void {
    this.#notes.give(['drain', this.id]);
    super.drained();
  }
}
