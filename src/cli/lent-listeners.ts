/** The listeners that the sockets of workers are for. */
import type { SocketOfListener } from '../control/lent-sockets.js';
import type { ListenerConfig } from '../server/config/server-config.js';
import { assignListeners, isPlace, type LeftListener, type ListenerPlace } from '../server/hand-over/estate.js';
import type { InheritedSocket } from '../server/listeners.js';

/** Sockets for a configuration. */
export interface PlacedSockets {
  readonly sockets: ReadonlyMap<ListenerConfig, InheritedSocket>;
  /** Those that no listener has. */
  readonly unused: readonly InheritedSocket[];
}

/** Describes a listener, so that it is found in another configuration. */
export function placeOf({ protocol, at }: ListenerPlace): ListenerPlace {
  return { protocol, at };
}

/** Gives the sockets of a worker to the listeners of a configuration. */
export function assignSockets(lent: readonly SocketOfListener[], listeners: readonly ListenerConfig[]): PlacedSockets {
  const left: LeftListener[] = [];
  const unplaced: InheritedSocket[] = [];
  for (const { fd, index, place } of lent) {
    const known = isPlace(place) ? place : listeners[index];
    if (known === undefined) unplaced.push({ fd, isOwned: false });
    else left.push({ fd, place: placeOf(known), isOwned: false });
  }
  const { inherited, unused } = assignListeners(left, listeners);
  return { sockets: inherited, unused: [...unused, ...unplaced] };
}
