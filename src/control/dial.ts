/** Opens channels to the process that serves in a folder. */
import type { Dial } from '../log/channel.js';
import { connect } from '../net/connect.js';
import type { Connection } from '../net/connection.js';
import { peerCredentialsOf } from '../socket/peer-credentials.js';
import { CHANNEL_BYTES } from './connection-channel.js';
import { DialledChannel, type OpenConnection } from './dialled-channel.js';
import { mayEnter } from './owner-listener.js';
import { socketPath } from './socket-path.js';

/**
 * Returns a function that opens a channel to the service of a folder. Only the user of this process, or root, may serve
 * it.
 *
 * @param file - the name of the socket's file
 */
export function dialService(folder: string, file: string): Dial {
  return (events) => new DialledChannel(events, (options) => open(folder, file, options));
}

async function open(
  folder: string,
  file: string,
  options: Parameters<OpenConnection>[0],
): Promise<Connection<undefined>> {
  const path = socketPath(folder, file);
  try {
    const connection = await connect({ path: path.path, highWaterMarkBytes: CHANNEL_BYTES, ...options });
    if (mayEnter(peerCredentialsOf(connection.fd).uid)) return connection;
    connection.destroy();
    throw new Error(`${file} belongs to a process of another user`);
  } finally {
    path.dispose();
  }
}
