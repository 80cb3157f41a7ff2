/** Sends codes by e-mail, through a program that the operator of the server has named. */
import { spawn } from 'node:child_process';
import { Turnstile } from './turnstile.js';

/** One code on its way. */
export interface CodeLetter {
  readonly email: string;
  readonly account: string;
  readonly code: string;
}

/** The result of sending: the code is on its way, there is no such address, or it does not work at the moment. */
export type Sent = 'sent' | 'no-such-address' | 'failed';

const TIMEOUT_MS = 30_000;
/** From sysexits.h: EX_DATAERR, EX_NOUSER, EX_NOHOST. */
const NO_SUCH_ADDRESS = new Set([65, 67, 68]);

/** Programs that send mail often wait for others. */
const senders = new Turnstile({ maxRunning: 2, maxWaiting: 16 });

/**
 * Runs the program, without a shell: the code is one line on its standard input, the address its last argument. Its
 * environment also has them, with the account: FDMUX_EMAIL, FDMUX_ACCOUNT.
 *
 * @returns `failed` also if the program cannot be run or takes too long, or if too many wait
 */
export async function sendCode(command: readonly string[], letter: CodeLetter): Promise<Sent> {
  const sending = senders.pass(letter.email, () => run(command, letter));
  // Without memory or descriptors, nothing is started at all.
  return (await sending.catch(() => null)) ?? 'failed';
}

function run([program = '', ...args]: readonly string[], { email, account, code }: CodeLetter): Promise<Sent> {
  return new Promise((resolve) => {
    const child = spawn(program, [...args, email], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...process.env, FDMUX_EMAIL: email, FDMUX_ACCOUNT: account },
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    child.once('error', () => {
      resolve('failed');
    });
    child.once('close', (status) => {
      if (status === 0) resolve('sent');
      else resolve(status !== null && NO_SUCH_ADDRESS.has(status) ? 'no-such-address' : 'failed');
    });
    // A program that does not read its input is judged by its exit alone.
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${code}\n`);
  });
}
