/**
 * Runs a command that a client names and returns its output, or "Done." if there is none. A server that runs
 * whatever it is sent hands its machine to everybody, so this one is reached from this machine alone, knows a few
 * commands with fixed arguments, starts them without a shell, and limits their time and output.
 */
import { execFile } from 'node:child_process';
import { formatAddress, Multiplexer, type Registration, SO_REUSEADDR, Socket, SOL_SOCKET } from 'fdmux';

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

const mux = new Multiplexer();

/** Runs one command of the list, and returns what it printed. */
function execute(name: string): Promise<string> {
  const command = ALLOWED.get(name);
  if (command === undefined) return Promise.resolve('not allowed');
  const [file, ...args] = command;
  return new Promise((resolve) => {
    execFile(file, args, LIMITS, (error, stdout) => {
      if (error === null) resolve(stdout.trimEnd() || 'Done.');
      else if (error.killed === true || error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') resolve('over the limit');
      else resolve('failed');
    });
  });
}

/** Answers what a client has sent: one command, or several lines of them, in their order. */
async function serve(client: Socket, registration: Registration): Promise<void> {
  try {
    const bytes = client.recv(MAX_COMMAND_BYTES);
    if (bytes === null) return;
    if (bytes.length === 0) {
      client.close();
      return;
    }
    // Until it has its answers, nothing more is read from this client, so that few commands run for it at once.
    registration.pause();
    const text = bytes.toString();
    // A client that sends lines gets lines; one that sends bare commands, as the Python client does, gets bare answers.
    const end = text.endsWith('\n') ? '\n' : '';
    for (const name of text.replace(/\n$/, '').split('\n')) client.sendAll((await execute(name.trim())) + end);
    registration.resume();
  } catch (error) {
    console.error(String(error)); // It has vanished, or takes no answers.
    client.close();
  }
}

mux.register(listener, {
  interest: 'read',
  onReady: () => {
    const client = listener.accept()?.socket;
    if (client !== undefined) mux.register(client, { interest: 'read', onReady: (ready) => void serve(client, ready) });
  },
});
void mux.run(() => undefined);
