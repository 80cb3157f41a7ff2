/** The places that a server of streams can listen on, as a configuration names them. */
import type { ListenOptions } from './listener.js';

/** A host and a port. */
export interface HostPlace {
  readonly host: string;
  readonly port: number;
}

/** A unix socket, with the permissions to connect to it; {@link ListenOptions} has the defaults. */
export interface UnixPlace extends Pick<ListenOptions<unknown>, 'mode' | 'group'> {
  readonly path: string;
}

export type Place = HostPlace | UnixPlace;
