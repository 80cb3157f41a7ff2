/** The answers to `fdmux ctl` of a server that has to open its store before it can go on with its clients. */
import { setImmediate as turn } from 'node:timers/promises';
import { ControlSocket } from '../control/control-socket.js';
import { ControlError, type Reply, type Verb, type Verbs } from '../control/request.js';
import { statusRow } from '../control/status-row.js';
import { toError } from '../errors.js';
import type { Log } from '../server/log.js';
import { CTL_VERBS } from './ctl-arguments.js';
import { observerOf } from './open-desk.js';

/** The facts about a server that waits. */
export interface WaitingDeskOptions {
  readonly folder: string;
  /** The name of the socket's file. @defaultValue that of a server by itself */
  readonly file: string | undefined;
  readonly version: string;
  /** How many clients wait. */
  readonly clients: number;
  readonly drain: () => void;
  readonly log: Log;
}

/** The verbs of the server, once it is back. */
interface Later {
  readonly verbs: Promise<Verbs>;
  readonly resolve: (verbs: Verbs) => void;
  readonly reject: (error: Error) => void;
  /** Everybody who waits for them. They do not reject. */
  readonly asked: Promise<unknown>[];
}

/** It answers until the server does. */
export class WaitingDesk {
  readonly #socket: ControlSocket;
  readonly #later: Later;

  private constructor(socket: ControlSocket, later: Later) {
    this.#socket = socket;
    this.#later = later;
  }

  /** Opens it. @returns null if it cannot be opened: the server goes on without it */
  static async open(options: WaitingDeskOptions): Promise<WaitingDesk | null> {
    const { folder, file, log } = options;
    const later = whenBack();
    try {
      const socket = await ControlSocket.open(folder, verbsOf(options, later), observerOf(log), file);
      return new WaitingDesk(socket, later);
    } catch (error) {
      log.error('no control socket while the server waits', { folder, error: toError(error).message });
      return null;
    }
  }

  /** Makes place for the desk of the server. @param verbs - its verbs, which answer those who wait */
  leaveTo(verbs: Verbs): void {
    this.#socket.retire();
    this.#later.resolve(verbs);
  }

  /** Closes it, when all who have asked are answered. Without the verbs of a server they are refused. */
  async close(): Promise<void> {
    const { reject, asked } = this.#later;
    reject(new ControlError('ERR_CONTROL_REFUSED', 'the server ends'));
    await Promise.all(asked);
    // Their answers are written in this turn of the loop.
    await turn();
    await this.#socket.close();
  }
}

function whenBack(): Later {
  let resolve: Later['resolve'] = () => undefined;
  let reject: Later['reject'] = () => undefined;
  const verbs = new Promise<Verbs>((...settle) => {
    [resolve, reject] = settle;
  });
  // Maybe nobody waits.
  verbs.catch(() => undefined);
  return { verbs, resolve, reject, asked: [] };
}

function verbsOf({ version, clients, drain }: WaitingDeskOptions, later: Later): Verbs {
  const waits = `the server waits for its store, and its clients (${clients}) with it`;
  const refuse: Verb = () => {
    throw new ControlError('ERR_CONTROL_REFUSED', `${waits}: ask again later`);
  };
  return {
    ...Object.fromEntries(CTL_VERBS.map((verb) => [verb, refuse])),
    status: (): Reply => ({
      text: [`fdmux ${version}, process ${process.pid}, waits for its store`, statusRow('clients', String(clients))],
      result: { version, pid: process.pid, phase: 'starting', clients },
    }),
    drain: () => {
      drain();
      return { text: [`${waits}: it ends now`], result: { clients, drainMs: 0 } };
    },
    // It applies once the server is back.
    reload: (words) => {
      const reply = later.verbs.then(({ reload = refuse }) => reload(words));
      later.asked.push(reply.catch(() => undefined));
      return reply;
    },
  };
}
