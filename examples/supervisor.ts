/**
 * Keeps a program running: signals, a timer and the end of the child are three fds in one loop, so nothing is handled
 * in the middle of something else.
 *
 * npm run example supervisor 3 sh -c 'exit 1'
 */
import { Multiplexer, Pty, type PtyProcess, SignalFd, TimerFd } from 'fdmux';

const [limit = '3', file = 'false', ...args] = process.argv.slice(2);
const PAUSE_MS = 100;

const mux = new Multiplexer<undefined>();
const signals = new SignalFd(['SIGTERM', 'SIGINT']);
const pause = new TimerFd();
let child: PtyProcess | null = null;
let starts = 0;
let isStopping = false;

function start(): void {
  starts += 1;
  const started = Pty.spawn(file, args);
  child = started;
  console.log(`start ${starts}`);
  // A pidfd of its own reports the end.
  void started.exited.then(({ code, signal }) => {
    console.log(`ended with code ${code}, signal ${signal}`);
    started.close();
    child = null;
    if (isStopping) return;
    if (starts < Number(limit)) pause.set({ initialMs: PAUSE_MS });
    else stop();
  });
}

function stop(): void {
  isStopping = true;
  child?.kill('SIGTERM');
  for (const fd of [signals, pause]) fd.close();
  mux.close();
}

mux.register(signals, { interest: 'read', onReady: stop });
mux.register(pause, {
  interest: 'read',
  onReady: () => {
    if (pause.read() !== null) start();
  },
});
start();
void mux.run(() => undefined);
