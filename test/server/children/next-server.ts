/**
 * A server that is handed clients by another process: their fds by a socket, what is known of them with each, as JSON.
 * It ends when its standard input does.
 */
import { present } from '../../../src/errors.js';
import { serve } from '../../../src/net/serve.js';
import { SharedBytes } from '../../../src/net/shared-bytes.js';
import type { ChatServer } from '../../../src/server/chat-server.js';
import { isClientState } from '../../../src/server/client-state.js';
import { loadConfig } from '../../../src/server/config/load.js';
import type { ListenerConfig } from '../../../src/server/config/server-config.js';
import { AF_UNIX, SOCK_SEQPACKET } from '../../../src/socket/constants.js';
import { Socket } from '../../../src/socket/socket.js';
import type { HandedOver } from '../hand-over.js';
import { startServer } from '../start-server.js';

/** Takes over one client: first what its old connection still had to send leaves, then everything else. */
function adopt(server: ChatServer, listeners: readonly ListenerConfig[], fd: number, given: HandedOver): void {
  const { state, pending } = given;
  if (!isClientState(state)) throw new Error('this is no state of a client');
  const config = present(
    listeners.find(({ protocol }) => protocol === state.session.protocol),
    'a listener of the protocol',
  );
  const stream = serve(fd, {
    data: (_stream, bytes) => link.receive(bytes),
    drain: () => link.drained(),
    end: () => link.endOfInput(),
    close: (_stream, error) => server.clients.departed(link, error),
  });
  stream.write(Buffer.from(pending, 'base64'));
  const link = server.clients.admit({
    wire: {
      get pendingBytes() {
        return stream.pendingBytes;
      },
      get isDestroyed() {
        return stream.isDestroyed;
      },
      write: (bytes) => stream.write(bytes instanceof SharedBytes ? bytes.bytes : bytes),
      end: () => stream.end(),
      destroy: () => stream.destroy(),
      pause: () => stream.pause(),
      resume: () => stream.resume(),
    },
    address: { family: 'unix' },
    transport: 'unix',
    isSecure: true,
    certificate: null,
    // However long this takes, half a line is not a whole one.
    config: { ...config, charset: 'auto', quietMs: 0 },
    resumed: state,
  });
}

async function main(path: string): Promise<void> {
  const config = await loadConfig({ plainPort: 0, ircPort: 0 });
  const server = await startServer({ config });
  const socket = Socket.create({ family: AF_UNIX, type: SOCK_SEQPACKET, blocking: true });
  socket.connect({ family: 'unix', path });
  for (;;) {
    const message = present(socket.recvMsg(1_048_576, { maxControlBytes: 1024 }), 'a message');
    if (message.data.length === 0) break;
    const [rights] = message.control;
    const fd = present(rights?.kind === 'rights' ? rights.fds[0] : null, 'an fd');
    const given: HandedOver = JSON.parse(message.data.toString());
    adopt(server, config.listeners, fd, given);
  }
  socket.close();
  console.log('ready');
  process.stdin.on('end', () => void server.close('the test is over')).resume();
}

void main(process.argv[2] ?? '');
