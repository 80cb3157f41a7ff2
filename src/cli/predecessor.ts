/** The process that this one takes over from. */
import { hasCode } from '../errors.js';
import { HandOverChannel } from '../server/hand-over/channel.js';
import { type Estate, HAND_OVER_VERSION, receiveEstate } from '../server/hand-over/estate.js';
import type { KeptData } from '../server/hand-over/store-version.js';
import { Socket } from '../socket/socket.js';
import { Pulse } from './pulse.js';

/** Names the fd of the channel to a process that is started to take over. */
export const HAND_OVER_VARIABLE = 'FDMUX_HAND_OVER_FD';
/** The part by which the other process asks for signs of life, and these. */
export const WATCH = 'watch';
export const ALIVE = 'alive';
/** The other process gives up earlier. */
const PATIENCE_MS = 60_000;

/** The other end of the channel is the process that hands over. */
export class Predecessor {
  readonly #channel: HandOverChannel;
  readonly #hasStore: boolean;
  /** Null if the other process, of an earlier version, asks for no signs of life. */
  #pulse: Pulse | null = null;

  private constructor(channel: HandOverChannel, hasStore: boolean) {
    this.#channel = channel;
    this.#hasStore = hasStore;
  }

  /** Whether this process was started to go on for another one. */
  static get isThere(): boolean {
    return process.env[HAND_OVER_VARIABLE] !== undefined;
  }

  /**
   * Returns the process that this one is to go on for, and says that it is there; null without one.
   *
   * @param kept - the data that this process keeps; null if it keeps none
   */
  static find(program: string, kept: KeptData | null): Predecessor | null {
    const fd = process.env[HAND_OVER_VARIABLE];
    if (fd === undefined) return null;
    // The processes that this one starts are not meant.
    Reflect.deleteProperty(process.env, HAND_OVER_VARIABLE);
    const channel = new HandOverChannel(Socket.fromFd(Number(fd)), PATIENCE_MS);
    const store = kept?.version ?? null;
    const facts = { version: HAND_OVER_VERSION, program, store, place: kept?.place, replaces: true, pulse: true };
    channel.send('hello', facts);
    return new Predecessor(channel, kept !== null);
  }

  /** Waits for what it leaves. @throws Error for what this version does not know; ERR_CLOSED if it is gone */
  receive(): Estate {
    let first = this.#channel.receive();
    if (first.kind === WATCH) {
      this.#pulse = new Pulse((work) => {
        this.#trySending(() => {
          // It must not wait for a process that does not read.
          this.#channel.sendSoon(ALIVE, work, []);
        });
      });
      first = this.#channel.receive();
    }
    const estate = receiveEstate(this.#channel, first);
    // The other process must not wait for a reader while this one opens its store, which may take long.
    if (this.#hasStore) estate.clients.complete();
    return estate;
  }

  /** This process has got a step further: the other one waits on. */
  step(): void {
    this.#pulse?.step();
  }

  /** This process goes on from now on; the other one cannot any more. */
  taken(): void {
    this.#send('taken');
  }

  /** This process can be asked for something: the other one has nothing left to do. */
  ready(): void {
    this.#pulse?.stop();
    this.#send('ready');
    this.#channel[Symbol.dispose]();
  }

  #send(kind: string): void {
    this.#trySending(() => {
      this.#channel.send(kind);
    });
  }

  #trySending(send: () => void): void {
    try {
      send();
    } catch (error) {
      // It was killed: nobody else has its clients.
      if (!hasCode(error, 'EPIPE') && !hasCode(error, 'ECONNRESET')) throw error;
    }
  }
}
