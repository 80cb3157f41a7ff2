/**
 * The operator at the server's keyboard talks with many clients, all on one loop: the listener, the keyboard and every
 * client are fds in one multiplexer. "2 hello" answers client 2, "hello" the one that spoke last; a client leaves with
 * "exit".
 */
import { readSync } from 'node:fs';
import { formatAddress, Multiplexer, SO_REUSEADDR, Socket, SOL_SOCKET } from 'fdmux';

type Source = { kind: 'listener' } | { kind: 'keyboard' } | { kind: 'client'; number: number; socket: Socket };

const listener = Socket.create();
listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
listener.bind({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 8020) });
listener.listen();
const here = formatAddress(listener.getsockname());
console.log(`listening on ${here}; type elsewhere: nc ${here.replace(':', ' ')}`);

const clients = new Map<number, Socket>();
let last = 0;
let joined = 0;

// The keyboard may be a redirected file, which epoll does not watch: it then counts as always ready.
const mux = new Multiplexer<Source>({ unpollable: 'ready' });
mux.register(listener, { interest: 'read', data: { kind: 'listener' } });
const keyboard = mux.register(0, { interest: 'read', data: { kind: 'keyboard' } });

function welcome(): void {
  const client = listener.accept();
  if (client === null) return;
  joined += 1;
  clients.set(joined, client.socket);
  mux.register(client.socket, { interest: 'read', data: { kind: 'client', number: joined, socket: client.socket } });
  console.log(`client ${joined} has come from ${formatAddress(client.address)}`);
}

function hear(number: number, socket: Socket): void {
  let text: string | undefined = '';
  try {
    text = socket.recv(1024)?.toString().trimEnd();
  } catch (error) {
    console.error(String(error)); // It has vanished, which is leaving too.
  }
  if (text === undefined) return;
  if (text !== '' && text !== 'exit') {
    last = number;
    console.log(`${number}: ${text}`);
  } else {
    clients.delete(number);
    socket.close();
    console.log(`client ${number} has left`);
  }
}

function answer(): void {
  const bytes = Buffer.alloc(1024);
  const count = readSync(0, bytes);
  if (count === 0) keyboard.unregister();
  for (const line of bytes.toString('utf8', 0, count).split('\n').filter(Boolean)) {
    const [, number = `${last}`, text = ''] = /^(?:(\d+) )?(.*)$/.exec(line) ?? [];
    const client = clients.get(Number(number));
    if (client === undefined) console.log(`there is no client ${number}`);
    else client.sendAll(`operator: ${text}\n`);
  }
}

for (;;) {
  for (const { data } of mux.waitSync()) {
    if (data.kind === 'listener') welcome();
    else if (data.kind === 'keyboard') answer();
    else hear(data.number, data.socket);
  }
}
