/** A world that writes down what it gives a server, and what the server does with it. */
import type { Outside } from '../../accounts/observed-accounts.js';
import { verifyPassword } from '../../accounts/password.js';
import { toError } from '../../errors.js';
import type { LogName } from '../../log/entry.js';
import type { Shape } from '../../log/shape.js';
import { SharedBytes } from '../../net/shared-bytes.js';
import { logIds, newIdPrefix } from '../../protocol/log-id.js';
import type { Alarm } from '../clock.js';
import type { ServerConfig } from '../config/server-config.js';
import { escapeUnsafe } from '../escape-unsafe.js';
import type { ConnectionLink } from '../link.js';
import type { StoreOpening } from '../open-store.js';
import type { LinkParts, OutsideRequest, World } from '../world.js';
import { type Done, type Given, type Line, toText } from './format.js';
import { formatHeader, type Header, withoutSecrets } from './header.js';
import type { Notes } from './notes.js';
import { type Inlet, type LogBorder, OutsideLogs } from './outside-logs.js';
import { RecordedLink } from './recorded-link.js';
import { RecordedWire } from './recorded-wire.js';

/** Takes the lines of a recording. */
export interface LineSink {
  append(line: string): void;
  /** Resolves when there is room for many more lines. */
  hasRoom(): Promise<void>;
}

/** Bytes that were written to one wire after the other. */
interface Written {
  readonly content: Uint8Array | SharedBytes;
  readonly ids: number[];
}

/** The start of a server that is recorded. */
export type Beginning = Pick<Header, 'version' | 'configurationName' | 'config'>;

/**
 * Records one server.
 *
 * A turn is everything that happens until the loop has run its microtasks. Work that finishes elsewhere (a password's
 * hash, a file) therefore returns in a turn of its own.
 */
export class Recorder implements World, Notes, LogBorder {
  readonly mayChangeListeners = false;
  readonly mayLink = false;
  readonly newLogId: () => string;
  readonly cloakKey: () => string;
  readonly #sink: LineSink;
  readonly #config: ServerConfig;
  #turn = 0;
  #isInTurn = false;
  /** The times that the server has read last. */
  #wallMs = Date.now();
  #monotonicMs = Math.floor(performance.now());
  /** How often it has asked for a time since it was last given anything, or did anything. */
  #timesAsked = 0;
  #timers = 0;
  #checks = 0;
  #questions = 0;
  #readings = 0;
  #inlets = 0;
  /** The reports that have arrived, and are about to be given to the server. */
  #arrivals: (() => void)[] = [];
  #isAside = false;
  /** The bytes that were written last; more wires may follow. */
  #written: Written | null = null;
  /** The index of the out lines of this turn whose bytes may be written again. */
  readonly #indexes = new Map<SharedBytes, number>();
  #outLines = 0;

  constructor(sink: LineSink, beginning: Beginning) {
    this.#sink = sink;
    this.#config = beginning.config;
    const idPrefix = newIdPrefix();
    this.newLogId = logIds(idPrefix);
    this.cloakKey = () => idPrefix;
    const header: Header = {
      ...beginning,
      node: process.version,
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      idPrefix,
      wallMs: this.#wallMs,
      monotonicMs: this.#monotonicMs,
    };
    sink.append(escapeUnsafe(formatHeader(header)));
  }

  // The contents of the recording

  give(line: Given): void {
    if (!this.#isInTurn) {
      this.#isInTurn = true;
      queueMicrotask(() => {
        this.#isInTurn = false;
      });
      this.#beginTurn();
    }
    this.note(line);
  }

  #beginTurn(): void {
    this.#endWritten();
    this.#indexes.clear();
    this.#outLines = 0;
    this.#turn += 1;
    this.#wallMs = Date.now();
    this.#monotonicMs = Math.floor(performance.now());
    this.note(['turn', this.#turn, this.#wallMs, this.#monotonicMs]);
  }

  wrote(id: number, content: Uint8Array | SharedBytes): void {
    this.#timesAsked = 0;
    if (content instanceof SharedBytes && this.#written?.content === content) {
      this.#written.ids.push(id);
      return;
    }
    this.#endWritten();
    // Others are copied when their line is made, and the caller may use them again by then.
    this.#written = { content: content instanceof SharedBytes ? content : Uint8Array.from(content), ids: [id] };
  }

  #endWritten(): void {
    if (this.#written === null) return;
    const line = this.#lineOf(this.#written);
    this.#written = null;
    this.#append(line);
  }

  #lineOf({ content, ids }: Written): Done {
    if (!(content instanceof SharedBytes)) {
      this.#outLines += 1;
      return ['out', ids, toText(content)];
    }
    const index = this.#indexes.get(content);
    if (index !== undefined) return ['again', ids, index];
    this.#indexes.set(content, this.#outLines);
    this.#outLines += 1;
    return ['out', ids, toText(content.bytes)];
  }

  note(line: Line): void {
    this.#endWritten();
    this.#append(line);
    this.#timesAsked = 0;
  }

  #append(line: Line): void {
    this.#sink.append(escapeUnsafe(JSON.stringify(line)));
  }

  /** Hands out what is still being put together. */
  flush(): void {
    this.#endWritten();
  }

  /** The server has ended in good order. */
  finish(): void {
    this.note(['finished']);
  }

  // The clocks. Both have whole milliseconds, so that most questions get the answer of the one before.

  readonly now = (): number => {
    const nowMs = Date.now();
    if (this.#isAside) return nowMs;
    if (nowMs !== this.#wallMs) {
      this.#wallMs = nowMs;
      this.#noteClocks();
    }
    this.#timesAsked += 1;
    return nowMs;
  };

  readonly monotonicMs = (): number => {
    const nowMs = Math.floor(performance.now());
    if (this.#isAside) return nowMs;
    if (nowMs !== this.#monotonicMs) {
      this.#monotonicMs = nowMs;
      this.#noteClocks();
    }
    this.#timesAsked += 1;
    return nowMs;
  };

  #noteClocks(): void {
    this.note(['clock', this.#wallMs, this.#monotonicMs, this.#timesAsked]);
  }

  after(delayMs: number, callback: () => void): Alarm {
    const timer = setTimeout(this.#firing(callback), delayMs).unref();
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  }

  soon(callback: () => void): Alarm {
    const immediate = setImmediate(this.#firing(callback));
    return {
      cancel: () => {
        clearImmediate(immediate);
      },
    };
  }

  #firing(callback: () => void): () => void {
    this.#timers += 1;
    const number = this.#timers;
    return () => {
      this.give(['timer', number]);
      callback();
    };
  }

  get isAside(): boolean {
    return this.#isAside;
  }

  aside<T>(look: () => T): T {
    const before = this.#isAside;
    this.#isAside = true;
    try {
      return look();
    } finally {
      this.#isAside = before;
    }
  }

  // The store

  readonly openStore = async (open: () => Promise<StoreOpening>): Promise<StoreOpening> => {
    const opening = await open();
    const { store, logs, bans, members, erased, lastLines } = opening;
    const { states } = logs;
    this.note(['store', { facts: store.facts, bans, members, erased, lastLines, states: states.length }]);
    for (const { log, seq, state } of states) {
      // A large store has more of them than may wait for the disk at once.
      await this.#sink.hasRoom();
      this.note(['state', log, seq, state]);
    }
    return { ...opening, logs: new OutsideLogs({ logs, states, border: this }) };
  };

  inlet<T>(_: Shape<T>, take: (report: T) => void): Inlet<T> {
    this.#inlets += 1;
    const number = this.#inlets;
    let isClosed = false;
    return {
      put: (report) => {
        this.#arrives(() => {
          if (isClosed) return;
          this.give(['reported', number, report]);
          take(report);
        });
      },
      close: () => {
        isClosed = true;
      },
    };
  }

  topOf(log: LogName, look: () => number): number {
    const top = look();
    if (top > 0) this.note(['top', log, top]);
    return top;
  }

  /** Reports that arrive together are given to the server together, as they would be without a recording. */
  #arrives(give: () => void): void {
    this.#arrivals.push(give);
    if (this.#arrivals.length === 1) setImmediate(this.#giveArrivals);
  }

  readonly #giveArrivals = (): void => {
    const arrivals = this.#arrivals;
    this.#arrivals = [];
    for (const give of arrivals) give();
  };

  // Work that finishes elsewhere

  readonly verifyPassword = (offered: string, expected: string): Promise<boolean> => {
    this.#checks += 1;
    const number = this.#checks;
    return new Promise((resolve, reject) => {
      const take = (isRight: boolean): void => {
        setImmediate(() => {
          this.give(['verified', number, isRight]);
          resolve(isRight);
        });
      };
      const fail = (error: unknown): void => {
        setImmediate(() => {
          const known = toError(error);
          this.give(['verify-error', number, known.message]);
          reject(known);
        });
      };
      verifyPassword(offered, expected).then(take, fail);
    });
  };

  readonly outside: Outside = <T>(
    ask: () => Promise<T>,
    _: (value: unknown) => value is T,
    toldOf: (answer: T) => T = (answer) => answer,
  ): Promise<T> => {
    this.#questions += 1;
    const number = this.#questions;
    return new Promise((resolve) => {
      void ask().then((answer) => {
        setImmediate(() => {
          this.give(['answered', number, toldOf(answer)]);
          resolve(answer);
        });
      });
    });
  };

  /** Has the configurations recorded that a function reads. */
  reading(readConfig: () => Promise<ServerConfig>): () => Promise<ServerConfig> {
    return () => {
      this.#readings += 1;
      const number = this.#readings;
      return new Promise((resolve, reject) => {
        const take = (config: ServerConfig): void => {
          setImmediate(() => {
            this.give(['config', number, withoutSecrets(config)]);
            resolve(config);
          });
        };
        const fail = (error: unknown): void => {
          setImmediate(() => {
            const known = toError(error);
            this.give(['config-error', number, known.message]);
            reject(known);
          });
        };
        readConfig().then(take, fail);
      });
    };
  }

  fromOutside<T>(request: OutsideRequest, run: () => T): Promise<T> {
    return new Promise((resolve) => {
      setImmediate(() => {
        this.give(request);
        resolve(run());
      });
    });
  }

  // Peers

  createLink({ arrival, facts, limits, events, protocol }: LinkParts): ConnectionLink {
    const { wire, config, address, transport, isSecure, certificate } = arrival;
    const { id } = facts;
    this.give([
      'open',
      id,
      {
        listener: this.#config.listeners.indexOf(config),
        address: 'host' in address ? address : { family: 'unix' },
        ...{ transport, isSecure, certificate },
      },
    ]);
    const mask = protocol.createMask();
    const recorded = new RecordedWire(wire, id, this, mask);
    return new RecordedLink({
      wire: recorded,
      facts,
      limits,
      events,
      notes: this,
      clock: this,
      mask,
    });
  }

  departed({ id }: ConnectionLink, error: Error | undefined): void {
    if (error === undefined) {
      this.give(['close', id, null]);
      return;
    }
    const code = 'code' in error ? String(error.code) : '';
    this.give(['close', id, { code, message: error.message }]);
  }
}
