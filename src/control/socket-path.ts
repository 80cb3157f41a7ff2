/** The path of a socket in a folder whose own path may be too long for a socket. */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

/** The longest path of a socket: sockaddr_un, unix(7). */
const MAX_PATH_BYTES = 107;

/** A path by which a socket can be bound and connected to, until it is disposed. */
export interface SocketPath {
  readonly path: string;
  dispose(): void;
}

/**
 * Returns a path of a file in a folder. If the real path is too long, this one leads through an open fd of the folder:
 * see proc(5).
 *
 * @throws the errors of open(2)
 */
export function socketPath(folder: string, name: string): SocketPath {
  const path = join(folder, name);
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return { path, dispose: () => undefined };
  const fd = openSync(folder, 'r');
  return {
    path: `/proc/self/fd/${fd}/${name}`,
    dispose: () => {
      closeSync(fd);
    },
  };
}
