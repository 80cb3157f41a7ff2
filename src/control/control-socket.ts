/** The socket in the folder of a server's data, through which its operator sends requests to the server. */
import { toError } from '../errors.js';
import type { Connection } from '../net/connection.js';
import { LineBuffer } from './line-buffer.js';
import { OwnerListener, type Visitor } from './owner-listener.js';
import {
  type Answer,
  ControlError,
  decodeRequest,
  encodeAnswer,
  MAX_REQUEST_BYTES,
  type Verb,
  type Verbs,
} from './request.js';

/** The name of the file. */
export const CONTROL_FILE = 'control.sock';

/** The most connections at once. A program needs one. One that asks for nothing makes room for the next. */
const MAX_CONNECTIONS = 32;
/** It has asked for nothing for so long then, in milliseconds: before, its request or its answer may be on the way. */
const SILENT_MS = 1_000;
/** The most that are accepted, since one that makes room takes a moment to close. */
const MAX_ACCEPTED = 2 * MAX_CONNECTIONS;
/** So many bytes of answers wait for a peer before its next request has to wait. */
const MAX_WAITING_BYTES = 65_536;
/** How long a socket that closes waits for its answers to be read. */
const CLOSE_MS = 200;

/** The observer of unexpected events. */
export interface ControlObserver {
  /** A request has arrived. */
  asked(verb: string, words: readonly string[]): void;
  /** Somebody other than the owner and root has connected, and is turned away. */
  stranger(uid: number): void;
  failed(error: Error): void;
}

/** An open control socket. */
export class ControlSocket {
  readonly #listener: OwnerListener;
  readonly #service: Service;

  private constructor(listener: OwnerListener, service: Service) {
    this.#listener = listener;
    this.#service = service;
  }

  /** @param file - the name of the socket's file @throws as `listen` does */
  static async open(
    folder: string,
    verbs: Verbs,
    observer: ControlObserver,
    file = CONTROL_FILE,
  ): Promise<ControlSocket> {
    const service: Service = { verbs, observer, desks: new Set(), isRetired: false };
    const listener = await OwnerListener.open({
      folder,
      file,
      maxConnections: MAX_ACCEPTED,
      highWaterMarkBytes: MAX_WAITING_BYTES,
      accept: (connection) => new Desk(connection, service),
      onStranger: (uid) => {
        observer.stranger(uid);
      },
      onError: (error) => {
        observer.failed(error);
      },
    });
    return new ControlSocket(listener, service);
  }

  /**
   * Leaves its place to another process: its file is removed, and it accepts nobody new. Requests that are under way
   * are still answered, however long they take; others are refused. {@link close} may follow.
   */
  retire(): void {
    this.#service.isRetired = true;
    this.#listener.stopAccepting();
  }

  /** Takes no more requests. Those that are under way are still answered, if that does not take long. */
  close(): Promise<void> {
    return this.#listener.close(CLOSE_MS);
  }
}

/** The state that all connections share. */
interface Service {
  readonly verbs: Verbs;
  readonly observer: ControlObserver;
  /** Those that are open, in the order of their arrival. */
  readonly desks: Set<Desk>;
  isRetired: boolean;
}

/** One connection. Its requests are answered one after the other. */
class Desk implements Visitor {
  readonly #connection: Connection;
  readonly #service: Service;
  readonly #lines = new LineBuffer(MAX_REQUEST_BYTES);
  #isBusy = false;
  /** Whether the peer has sent too much at once: everything that it sends from then on is dropped. */
  #isOver = false;
  /** When bytes were sent last, either way. */
  #movedMs = performance.now();

  constructor(connection: Connection, service: Service) {
    this.#connection = connection;
    this.#service = service;
    const { desks } = service;
    const silent = desks.size < MAX_CONNECTIONS ? null : [...desks].find((desk) => desk.#isSilent);
    if (silent === undefined) {
      this.#refuse(new ControlError('ERR_CONTROL_REFUSED', 'too many requests are under way'));
      // It is not among those that make room, and may never close its side.
      setTimeout(() => {
        connection.destroy();
      }, SILENT_MS).unref();
      return;
    }
    if (silent !== null) silent.#leave();
    desks.add(this);
  }

  get #isSilent(): boolean {
    return !this.#isBusy && performance.now() - this.#movedMs >= SILENT_MS;
  }

  #leave(): void {
    this.closed();
    this.#connection.destroy();
  }

  /** Takes nothing from the peer any more. */
  #refuse(error: ControlError): void {
    this.#isOver = true;
    this.#connection.end(encodeAnswer(failureOf(error)));
  }

  take(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#movedMs = performance.now();
    if (this.#lines.push(bytes)) {
      void this.#work();
      return;
    }
    this.#refuse(tooLong());
  }

  /** The peer has read what has waited. */
  drained(): void {
    this.#movedMs = performance.now();
    void this.#work();
  }

  closed(): void {
    this.#service.desks.delete(this);
  }

  /** The peer sends no more requests. It reports this when it is read from again, so all its requests are answered. */
  end(): void {
    this.#connection.end();
  }

  async #work(): Promise<void> {
    if (this.#isBusy || this.#isOver) return;
    this.#isBusy = true;
    // Bytes that it sends meanwhile wait in the kernel.
    this.#connection.pause();
    while (!this.#isFull) {
      const line = this.#lines.next();
      if (line === null) break;
      const answer = await this.#answer(line).catch(failureOf);
      if (this.#connection.isWritable) this.#connection.write(encodeAnswer(answer));
    }
    this.#isBusy = false;
    this.#movedMs = performance.now();
    // One that reads no answers is read from again when it does.
    if (!this.#isFull) this.#connection.resume();
  }

  get #isFull(): boolean {
    return this.#connection.pendingBytes > MAX_WAITING_BYTES;
  }

  async #answer(line: Uint8Array): Promise<Answer> {
    const { verb: name, words } = decodeRequest(line);
    this.#service.observer.asked(name, words);
    return { ok: true, ...(await this.#verb(name)(words)) };
  }

  #verb(name: string): Verb {
    const { verbs, isRetired } = this.#service;
    if (isRetired) throw new ControlError('ERR_CONTROL_REFUSED', 'another process goes on for this one; ask again');
    const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
    if (verb !== undefined) return verb;
    const known = Object.keys(verbs).join(', ');
    throw new ControlError('ERR_CONTROL_REQUEST', `there is no ${JSON.stringify(name)}; there are ${known}`);
  }
}

function tooLong(): ControlError {
  return new ControlError('ERR_CONTROL_REQUEST', `a request has at most ${MAX_REQUEST_BYTES} bytes`);
}

function failureOf(error: unknown): Answer {
  const message = toError(error).message;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return { ok: false, code: typeof code === 'string' ? code : 'ERR_CONTROL_FAILED', message };
}
