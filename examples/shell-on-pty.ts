/**
 * A shell on a pseudo-terminal, as a terminal emulator or a web terminal runs one: its output goes to a callback, keys
 * and resizes go in. Here the keys are a script: a size, a job that ctrl-C interrupts, an exit code.
 */
import { Pty } from 'fdmux';

/** The keys, and the output after which each is typed. */
const script: readonly (readonly [output: string, keys: string])[] = [
  ['ready> ', 'stty size\n'],
  ['24 80\r\nready> ', 'sed s/hello/world/\nhello\n'],
  ['\nworld\r\n', '\x03'],
  ['ready> ', 'exit 3\n'],
];

async function main(): Promise<void> {
  const shell = Pty.spawn('sh', ['-i'], { env: { PATH: process.env['PATH'], PS1: 'ready> ', TERM: 'dumb' } });
  const terminal = shell.master.toDuplex();
  let seen = '';
  let step = 0;
  terminal.on('data', (bytes: Buffer) => {
    process.stdout.write(bytes);
    seen += bytes.toString();
    const [output, keys] = script[step] ?? [];
    if (output === undefined || !seen.includes(output)) return;
    seen = '';
    step += 1;
    terminal.write(keys);
  });
  const { code, signal } = await shell.exited;
  console.log(`\nthe shell ended with code ${code}, signal ${signal}`);
}

void main();
