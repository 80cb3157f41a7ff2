/** The process that takes over from this one: the program as it is on the disk now. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { hasCode, toError } from '../errors.js';
import { Multiplexer } from '../multiplexer/multiplexer.js';
import { HandOverChannel } from '../server/hand-over/channel.js';
import { type Estate, HAND_OVER_VERSION, sendEstate } from '../server/hand-over/estate.js';
import type { KeptData } from '../server/hand-over/store-version.js';
import { Socket } from '../socket/socket.js';
import { type Deadline, Patience } from './patience.js';
import { ALIVE, HAND_OVER_VARIABLE, WATCH } from './predecessor.js';
import type { StopRequest } from './stop-request.js';

/** How long it may take to start. */
const START_MS = 30_000;
/** How long it may read nothing of what it is sent: so long, nobody is served. */
const READ_MS = 5_000;
/** When the whole machine has stood still, this process may go on before the other one, so much earlier. */
const RESUME_MS = 1_000;
/** How long one that has closed its end of the channel may take to end. */
const EXIT_MS = 2_000;
/** Behind the standard streams. */
const CHANNEL_FD = 3;

/** A child that runs the same command, and has said that it can take over. */
export class Successor {
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #channel: HandOverChannel;
  #replacesFiles = false;
  /** Whether it sends signs of life. A version before this one does not. */
  #isHeard = false;
  #hasStore = false;

  private constructor(child: ChildProcess, socket: Socket) {
    this.#child = child;
    this.#socket = socket;
    this.#channel = new HandOverChannel(socket, READ_MS);
  }

  /**
   * Starts it, while this process serves.
   *
   * @param kept - the data that this process keeps; null if it keeps none
   * @throws Error if it ends, takes too long, speaks another version, or keeps data in another form or place
   */
  static async start(kept: KeptData | null): Promise<Successor> {
    const [own, theirs] = Socket.pair({ type: 'seqpacket' });
    const env: NodeJS.ProcessEnv = { ...process.env, [HAND_OVER_VARIABLE]: String(CHANNEL_FD) };
    // The service manager's watchdog would watch this process alone.
    delete env['WATCHDOG_PID'];
    const stdio = ['inherit', 'inherit', 'inherit', theirs.fd] as const;
    const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], { env, stdio: [...stdio] });
    theirs.close();
    const successor = new Successor(child, own);
    try {
      await once(child, 'spawn');
      await successor.#answers({ atMs: performance.now() + START_MS, why: 'the new process does not answer' });
      const { kind, facts } = successor.#channel.receive();
      const hello = typeof facts === 'object' && facts !== null ? facts : {};
      const isKnown = kind === 'hello' && Reflect.get(hello, 'version') === HAND_OVER_VERSION;
      if (!isKnown) throw new Error('the new process speaks another version');
      const theirs: unknown = Reflect.get(hello, 'store') ?? null;
      // If it failed after it has changed the store, this process could not go on with that.
      if (kept !== null && theirs !== kept.version) {
        throw new Error(`this upgrade needs a restart: data is kept as ${kept.version}, and then as ${String(theirs)}`);
      }
      // A version before this one does not say where.
      const place: unknown = Reflect.get(hello, 'place') ?? kept?.place;
      if (kept !== null && place !== kept.place) {
        throw new Error('this upgrade needs a restart: by the configuration, data is kept somewhere else');
      }
      successor.#replacesFiles = Reflect.get(hello, 'replaces') === true;
      successor.#hasStore = theirs !== null;
      if (Reflect.get(hello, 'pulse') === true) await successor.#watch();
      return successor;
    } catch (error) {
      const why = await successor.#why(error);
      await successor.end();
      throw why;
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Whether its socket takes the place of one that is open. A version before this one needs a free place. */
  get replacesFiles(): boolean {
    return this.#replacesFiles;
  }

  /** Hands everything over. @throws Error if it does not read that; all fds are open here, too */
  send(estate: Estate): void {
    sendEstate(this.#channel, estate);
  }

  /** Has it send signs of life. @throws Error if it does not: then nobody has been disturbed */
  async #watch(): Promise<void> {
    this.#channel.send(WATCH);
    await this.#says(ALIVE, new Patience(performance.now(), true, this.#hasStore));
    this.#isHeard = true;
  }

  /** Waits until it goes on with what it has been sent. @throws Error if it does not: then this process can */
  async takesOver(): Promise<void> {
    await this.#says('taken', this.#patience);
  }

  /**
   * Waits until it can be asked for something.
   *
   * @param isLast - whether nobody else can go on, however long that takes
   * @throws Error if it has ended before that, or is given up
   */
  async isReady(isLast: boolean): Promise<void> {
    await this.#says('ready', isLast ? null : this.#patience);
    this.#channel[Symbol.dispose]();
    this.#child.unref();
  }

  get #patience(): Patience {
    return new Patience(performance.now(), this.#isHeard, this.#hasStore);
  }

  /** @param patience - null if it is waited for until it ends */
  async #says(wanted: 'taken' | 'ready' | typeof ALIVE, patience: Patience | null): Promise<void> {
    try {
      for (;;) {
        await this.#answers(patience?.deadline ?? null);
        const { kind, facts } = this.#channel.receive();
        if (kind === wanted) return;
        if (kind !== ALIVE) throw new Error('the new process has not taken over');
        patience?.heard(facts, performance.now());
      }
    } catch (error) {
      throw await this.#why(error);
    }
  }

  /** Returns why it does not go on: how it has ended, if it has. */
  async #why(error: unknown): Promise<Error> {
    if (!hasCode(error, 'ERR_CLOSED') && !hasCode(error, 'ECONNRESET')) return toError(error);
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null) {
      await once(child, 'exit', { signal: AbortSignal.timeout(EXIT_MS) }).catch(() => undefined);
    }
    const { exitCode, signalCode } = child;
    if (exitCode === null && signalCode === null) return toError(error);
    const how = signalCode ?? `exit code ${exitCode}`;
    return new Error(`the new process has ended (${how}): what it says is in the log`, { cause: error });
  }

  /** Has it end when this process is asked to, whether before or from now on. */
  endsWith(stopping: StopRequest): void {
    void stopping.requested.then(({ mayDrain }) => {
      this.#child.kill(mayDrain ? 'SIGTERM' : 'SIGINT');
    });
  }

  /** Has it read the configuration again. */
  hangUp(): void {
    this.#child.kill('SIGHUP');
  }

  /** Ends it. @returns when it is gone */
  async end(): Promise<void> {
    this.#channel[Symbol.dispose]();
    const { exitCode, signalCode, pid } = this.#child;
    if (exitCode !== null || signalCode !== null || pid === undefined) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** Waits for its next answer, or its end. @throws Error if that takes too long */
  async #answers(deadline: Deadline | null): Promise<void> {
    using multiplexer = new Multiplexer();
    multiplexer.register(this.#socket, { interest: 'read' });
    let ready = await multiplexer.wait(deadline && Math.max(0, deadline.atMs - performance.now()));
    if (deadline === null) return;
    if (ready.length === 0) ready = await multiplexer.wait(RESUME_MS);
    if (ready.length === 0) throw new Error(deadline.why);
  }
}
