/**
 * The operator at the server's keyboard talks with many clients, all on one loop: the listener, the keyboard and every
 * client are fds in one multiplexer. "2 hello" answers client 2, "hello" the one that spoke last; a client leaves with
 * "exit".
 */
import { formatAddress, Multiplexer, SO_REUSEADDR, Socket, SOL_SOCKET } from 'fdmux';
import { KEYBOARD, prompt, readLines, say } from './support/terminal.js';

interface Client {
  readonly number: number;
  readonly socket: Socket;
  end: '\n' | '';
}

const clients = new Map<number, Client>();
let last = 0;
let joined = 0;

function hear(client: Client): void {
  let text: string | undefined = '';
  try {
    text = client.socket.recv(1024)?.toString();
  } catch (error) {
    say(String(error)); // It has vanished, which is leaving too.
  }
  if (text === undefined) return;
  // A client that sends lines gets lines; one that sends bare text, as the Python client does, gets bare text.
  client.end = text.endsWith('\n') ? '\n' : '';
  if (text !== '' && text.trimEnd() !== 'exit') {
    last = client.number;
    say(`${last}: ${text.trimEnd()}`);
    prompt(`answer ${last}> `);
  } else {
    clients.delete(client.number);
    client.socket.close();
    say(`client ${client.number} has left`);
  }
}

function answer(line: string): void {
  const [, number = `${last}`, text = ''] = /^(?:(\d+) )?(.*)$/.exec(line) ?? [];
  const client = clients.get(Number(number));
  try {
    if (client === undefined) say(`there is no client ${number}`);
    else client.socket.sendAll(text + client.end);
  } catch (error) {
    say(String(error)); // It has vanished; its socket reports that next.
  }
}

const listener = Socket.create();
listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
listener.bind({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 8020) });
listener.listen();
const port = formatAddress(listener.getsockname()).replace('127.0.0.1:', '');
say(`listening on 127.0.0.1:${port}; type elsewhere: npm run example operator-client ${port}`);

// The keyboard may be a redirected file, which epoll does not watch: it then counts as always ready.
const mux = new Multiplexer({ unpollable: 'ready' });
const keyboard = mux.register(KEYBOARD, {
  interest: 'read',
  onReady: () => {
    const lines = readLines();
    if (lines === null) keyboard.unregister();
    for (const line of lines?.filter(Boolean) ?? []) answer(line);
  },
});
mux.register(listener, {
  interest: 'read',
  onReady: () => {
    const accepted = listener.accept();
    if (accepted === null) return;
    joined += 1;
    const client: Client = { number: joined, socket: accepted.socket, end: '' };
    clients.set(joined, client);
    say(`client ${joined} has come from ${formatAddress(accepted.address)}`);
    mux.register(client.socket, { interest: 'read', onReady: () => hear(client) });
  },
});
mux.runSync(() => undefined);
