/**
 * Runs a command that a client names and returns its output, or "Done." if there is none. A server that runs
 * whatever it is sent hands its machine to everybody, so this one is reached from this machine alone, knows a few
 * commands with fixed arguments, starts them without a shell, and limits their time and output.
 */
import { execFile } from 'node:child_process';
import { formatAddress, Multiplexer, SO_REUSEADDR, Socket, SOL_SOCKET } from 'fdmux';

const ALLOWED = new Map<string, readonly [file: string, ...args: string[]]>([
  ['date', ['date', '-u']],
  ['disk', ['df', '-h', '/']],
  ['host', ['uname', '-sr']],
  ['nothing', ['true']],
  ['sleep', ['sleep', '60']],
  ['yes', ['yes']],
]);
const LIMITS = { timeout: 1000, killSignal: 'SIGKILL', maxBuffer: 16 * 1024, shell: false } as const;
const MAX_COMMAND_BYTES = 100;

const listener = Socket.create();
listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1);
listener.bind({ family: 'inet', host: '127.0.0.1', port: Number(process.argv[2] ?? 50007) });
listener.listen();
const here = formatAddress(listener.getsockname());
console.log(`listening on ${here}; commands: ${[...ALLOWED.keys()].join(', ')}; type: nc ${here.replace(':', ' ')}`);

const mux = new Multiplexer<Socket>();
mux.register(listener, { interest: 'read', data: listener });

function execute(name: string, reply: (text: string) => void): void {
  const command = ALLOWED.get(name);
  if (command === undefined) {
    reply('not allowed\n');
    return;
  }
  const [file, ...args] = command;
  execFile(file, args, LIMITS, (error, stdout) => {
    if (error === null) reply(stdout === '' ? 'Done.\n' : stdout);
    else
      reply(
        error.killed === true || error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' ? 'over the limit\n' : 'failed\n',
      );
  });
}

function serve(client: Socket): void {
  try {
    const bytes = client.recv(MAX_COMMAND_BYTES);
    if (bytes?.length === 0) client.close();
    if (bytes === null || client.closed) return;
    execute(bytes.toString().trim(), (text) => {
      // The client may have left while the command ran. A reply fits into the send buffer of a socket that was empty.
      if (!client.closed) client.sendAll(text);
    });
  } catch (error) {
    console.error(String(error));
    client.close();
  }
}

void mux.run((ready) => {
  for (const { data: socket } of ready) {
    if (socket !== listener) serve(socket);
    else {
      const client = listener.accept();
      if (client !== null) mux.register(client.socket, { interest: 'read', data: client.socket });
    }
  }
});
