/** The outlets of a member that is connected several times, or not at all, combined into one. */
import type { ChatEvent } from './event.js';
import type { Encoder, Outlet } from './member.js';

const NOTHING = new Uint8Array(0);

/** The outlet of a member without a connection. */
export const NOWHERE: Outlet = {
  isSecure: false,
  certificate: null,
  remoteHost: '',
  encoder: { encode: () => null, isDroppable: () => true },
  send: () => undefined,
  expel: () => undefined,
};

/** Several outlets: each gets the events that it reads, so this one reads for all of them. */
class SeveralOutlets implements Outlet, Encoder {
  readonly encoder = this;
  readonly isSecure: boolean;
  /** The certificates may differ, so none is the member's. */
  readonly certificate = null;
  readonly remoteHost = '';
  readonly outlets: readonly Outlet[];
  #event: ChatEvent | null = null;

  constructor(outlets: readonly Outlet[]) {
    this.outlets = outlets;
    this.isSecure = outlets.every((outlet) => outlet.isSecure);
  }

  encode(event: ChatEvent): Uint8Array {
    this.#event = event;
    return NOTHING;
  }

  isDroppable(): boolean {
    return false;
  }

  send(): void {
    const event = this.#event;
    if (event === null) return;
    for (const outlet of this.outlets) {
      const bytes = outlet.encoder.encode(event);
      if (bytes !== null) outlet.send(bytes, outlet.encoder.isDroppable(event), null);
    }
  }

  expel(reason: string, ban?: string): void {
    for (const outlet of this.outlets) outlet.expel(reason, ban);
  }
}

/** Combines any number of outlets into one. */
export function joinOutlets(outlets: readonly Outlet[]): Outlet {
  const [only] = outlets;
  if (only === undefined) return NOWHERE;
  return outlets.length === 1 ? only : new SeveralOutlets(outlets);
}

/** Splits an outlet that {@link joinOutlets} has made; any other outlet is returned by itself. */
export function outletsOf(outlet: Outlet): readonly Outlet[] {
  if (outlet === NOWHERE) return [];
  return outlet instanceof SeveralOutlets ? outlet.outlets : [outlet];
}
