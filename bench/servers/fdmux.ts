/** The server under test, on `listen()`. `fdmux MODE [BACKEND TRIGGER [CERT KEY]]`; modes as in epoll.c. */
import { readFileSync } from 'node:fs';
import {
  type BackendName,
  bindDatagram,
  type Connection,
  type DatagramHandlers,
  listen,
  type Listener,
  relay,
  type SocketHandlers,
} from 'fdmux';

const CHUNK = Buffer.alloc(65_536);
const SOURCE_BYTES = 2 ** 30;

const echo: SocketHandlers<undefined> = {
  data: (connection, bytes) => {
    connection.write(bytes);
  },
};

/** Writes until the connection has taken all, or wants to be drained first. */
function pour(connection: Connection<{ left: number }>): void {
  const { data } = connection;
  while (data.left > 0) {
    data.left -= CHUNK.length;
    if (!connection.write(CHUNK) && data.left > 0) return;
  }
  connection.end();
}

const source: SocketHandlers<{ left: number }> = {
  open: (connection) => {
    connection.data = { left: SOURCE_BYTES };
    pour(connection);
  },
  drain: pour,
};

/** Joins every two connections. */
function joining(): SocketHandlers<undefined> {
  let waiting: Connection<undefined> | undefined;
  return {
    open: (connection) => {
      if (waiting === undefined) {
        waiting = connection;
        return;
      }
      relay(waiting, connection);
      waiting = undefined;
    },
  };
}

const QUESTION = '?'.charCodeAt(0);

/** The handlers of a socket for datagrams, by the modes that use them. */
function datagramModes(): Readonly<Record<string, DatagramHandlers<undefined>>> {
  let received = 0;
  return {
    answers: {
      message: (socket, bytes, sender) => {
        socket.send(bytes, sender);
      },
    },
    counts: {
      message: (socket, bytes, sender) => {
        received += 1;
        if (bytes[0] === QUESTION) socket.send(String(received), sender);
      },
    },
    datagrams: {
      message: (socket, _bytes, sender) => {
        received += 1;
        if (received % 32 === 0) socket.send('x', sender);
      },
    },
  };
}

async function main(): Promise<void> {
  const [mode = 'echo', backend = 'epoll', trigger = 'level', cert, key] = process.argv.slice(2);
  const { [mode]: datagrams } = datagramModes();
  if (datagrams !== undefined) {
    const { localAddress } = await bindDatagram({ backend: toBackend(backend), socket: datagrams });
    if (localAddress.family === 'inet') console.log(`port ${localAddress.port}`);
    return;
  }
  const options = {
    port: 0,
    backlog: 4096,
    backend: toBackend(backend),
    trigger: trigger === 'edge' ? 'edge' : 'level',
    ...(cert === undefined || key === undefined ? {} : { tls: { cert: readFileSync(cert), key: readFileSync(key) } }),
  } as const;
  const listener: Listener =
    mode === 'source'
      ? await listen({ ...options, socket: source })
      : mode === 'fanout'
        ? await listen({
            ...options,
            socket: {
              open: (connection) => connection.subscribe('all'),
              data: (connection, bytes) => {
                listener.publish('all', bytes, { except: connection });
              },
            },
          })
        : await listen({ ...options, socket: mode === 'relay' ? joining() : echo });
  if (listener.address.family === 'inet') console.log(`port ${listener.address.port}`);
}

function toBackend(name: string): BackendName {
  return name === 'poll' || name === 'select' ? name : 'epoll';
}

void main();
