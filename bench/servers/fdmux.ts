/** The server under test, on `listen()`. `fdmux MODE [BACKEND TRIGGER [CERT KEY]]`; modes as in epoll.c. */
import { readFileSync } from 'node:fs';
import { type BackendName, bindDatagram, type Connection, listen, type Listener, type SocketHandlers } from 'fdmux';

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

/** @param perAnswer answers each 32nd datagram with one byte, or each with its own bytes, as in epoll.c */
async function receiveDatagrams(backend: BackendName, perAnswer: 1 | 32): Promise<void> {
  let received = 0;
  const { localAddress } = await bindDatagram({
    backend,
    socket: {
      message:
        perAnswer === 1
          ? (socket, bytes, sender) => {
              socket.send(bytes, sender);
            }
          : (socket, _bytes, sender) => {
              received += 1;
              if (received % perAnswer === 0) socket.send('x', sender);
            },
    },
  });
  if (localAddress.family === 'inet') console.log(`port ${localAddress.port}`);
}

async function main(): Promise<void> {
  const [mode, backend = 'epoll', trigger = 'level', cert, key] = process.argv.slice(2);
  if (mode === 'datagrams' || mode === 'answers') {
    await receiveDatagrams(toBackend(backend), mode === 'answers' ? 1 : 32);
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
        : await listen({ ...options, socket: echo });
  if (listener.address.family === 'inet') console.log(`port ${listener.address.port}`);
}

function toBackend(name: string): BackendName {
  return name === 'poll' || name === 'select' ? name : 'epoll';
}

void main();
