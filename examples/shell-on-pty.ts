/**
 * A shell on a pseudo-terminal, as a terminal emulator or a web terminal runs one: its output goes to a callback, keys
 * and resizes go in. Here the user is a script: a resize, a job that ctrl-C interrupts, an exit code.
 */
import { Pty } from 'fdmux';

/** The keys that the user types, each with the output that it waits for. */
const script: readonly { readonly after: string; readonly keys: string; readonly columns?: number }[] = [
  { after: 'ready> ', keys: 'stty size\n' },
  { after: '24 80\r\nready> ', columns: 132, keys: 'stty size\n' },
  { after: '24 132\r\nready> ', keys: 'sed s/hello/world/\nhello\n' },
  { after: '\nworld\r\n', keys: '\x03' },
  { after: 'ready> ', keys: 'exit 3\n' },
];

async function main(): Promise<void> {
  const shell = Pty.spawn('sh', ['-i'], { env: { PATH: process.env['PATH'], PS1: 'ready> ', TERM: 'dumb' } });
  const terminal = shell.master.toDuplex();
  let seen = '';
  let next = 0;
  terminal.on('data', (bytes: Buffer) => {
    process.stdout.write(bytes);
    seen += bytes.toString();
    const step = script[next];
    if (step === undefined || !seen.includes(step.after)) return;
    seen = '';
    next += 1;
    // What runs in the shell gets SIGWINCH.
    if (step.columns !== undefined) shell.resize(step.columns, 24);
    terminal.write(step.keys);
  });
  const { code, signal } = await shell.exited;
  console.log(`\nthe shell ended with code ${code}, signal ${signal}`);
}

void main();
