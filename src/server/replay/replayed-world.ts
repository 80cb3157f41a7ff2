/** A world that gives a server what a recording has, and compares what the server does. */
import type { Wire } from '../../front/wire.js';
import type { LogName } from '../../log/entry.js';
import { isLogName } from '../../log/log-name.js';
import type { Shape } from '../../log/shape.js';
import { SharedBytes } from '../../net/shared-bytes.js';
import { logIds } from '../../protocol/log-id.js';
import type { Alarm } from '../clock.js';
import type { ServerConfig } from '../config/server-config.js';
import { ConnectionLink } from '../link.js';
import type { StoreOpening } from '../open-store.js';
import { type Done, type Line, toBytes } from '../record/format.js';
import { type Inlet, type LogBorder, OutsideLogs } from '../record/outside-logs.js';
import type { LinkParts, OutsideRequest, World } from '../world.js';
import { describeLine, type Difference, firstDifference, showBytes } from './difference.js';
import type { RecordingLines } from './lines.js';
import { NoStore } from './no-store.js';

/** The bytes that a line says were written, and to whom. */
interface Expected {
  readonly ids: readonly number[];
  readonly bytes: Buffer;
  /** How many of them have been written to. */
  done: number;
  /** The bytes that were compared last, since a message to many is one array. */
  equal: SharedBytes | null;
}

/** Something that the server waits for. */
interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** How much was the same. */
export interface Counts {
  turns: number;
  connections: number;
  bytes: number;
}

/** The surroundings of a replayed server. */
export class ReplayedWorld implements World, LogBorder {
  readonly mayChangeListeners = false;
  readonly mayLink = false;
  readonly newLogId: () => string;
  readonly cloakKey: () => string;
  readonly counts: Counts = { turns: 0, connections: 0, bytes: 0 };
  readonly #lines: RecordingLines;
  #wallMs: number;
  #monotonicMs: number;
  /** How often the server has asked for a time since it was last given anything, or did anything. */
  #timesAsked = 0;
  #timerCount = 0;
  readonly #timers = new Map<number, () => void>();
  #checkCount = 0;
  readonly #checks = new Map<number, Waiting<boolean>>();
  #questionCount = 0;
  /** The functions that take the answers to questions; each returns whether it is one. */
  readonly #questions = new Map<number, (value: unknown) => boolean>();
  #inletCount = 0;
  /** The functions that take the reports of inlets; each returns whether it is one. */
  readonly #inlets = new Map<number, (value: unknown) => boolean>();
  #readingCount = 0;
  readonly #readings = new Map<number, Waiting<ServerConfig>>();
  #expected: Expected | null = null;
  /** The bytes of the turn's out lines. */
  #outs: Buffer[] = [];
  /** How many bytes each open connection has been sent. */
  readonly #sentBytes = new Map<number, number>();
  #difference: Difference | null = null;

  constructor(lines: RecordingLines) {
    this.#lines = lines;
    const { idPrefix, wallMs, monotonicMs } = lines.header;
    this.newLogId = logIds(idPrefix);
    this.cloakKey = () => idPrefix;
    this.#wallMs = wallMs;
    this.#monotonicMs = monotonicMs;
  }

  /** Null as long as the server does what it did. Nothing is compared after the first difference. */
  get difference(): Difference | null {
    return this.#difference;
  }

  // The inputs of the server

  /** The server is about to be given something. */
  gives(): void {
    this.#timesAsked = 0;
  }

  beginTurn(turn: number, wallMs: number, monotonicMs: number): void {
    this.counts.turns = turn;
    this.setClocks(wallMs, monotonicMs);
    this.#outs = [];
  }

  setClocks(wallMs: number, monotonicMs: number): void {
    this.#wallMs = wallMs;
    this.#monotonicMs = monotonicMs;
    this.#timesAsked = 0;
  }

  #updateClocks(): void {
    const line = this.#expected === null ? this.#lines.peek() : null;
    if (line?.[0] === 'clock' && line[3] === this.#timesAsked) {
      this.#lines.take();
      this.setClocks(line[1], line[2]);
    }
    this.#timesAsked += 1;
  }

  readonly now = (): number => {
    this.#updateClocks();
    return this.#wallMs;
  };

  readonly monotonicMs = (): number => {
    this.#updateClocks();
    return this.#monotonicMs;
  };

  after(_: number, callback: () => void): Alarm {
    return this.soon(callback);
  }

  soon(callback: () => void): Alarm {
    this.#timerCount += 1;
    const number = this.#timerCount;
    this.#timers.set(number, callback);
    return {
      cancel: () => {
        this.#timers.delete(number);
      },
    };
  }

  /** Takes the callback of a timer; undefined if the server has set no such timer. */
  takeTimer(number: number): (() => void) | undefined {
    const callback = this.#timers.get(number);
    this.#timers.delete(number);
    return callback;
  }

  readonly verifyPassword = (): Promise<boolean> => {
    return new Promise((resolve, reject) => {
      this.#checkCount += 1;
      this.#checks.set(this.#checkCount, { resolve, reject });
    });
  };

  readonly outside = <T>(_: () => Promise<T>, isAnswer: (value: unknown) => value is T): Promise<T> => {
    return new Promise((resolve) => {
      this.#questionCount += 1;
      this.#questions.set(this.#questionCount, (value) => {
        if (!isAnswer(value)) return false;
        resolve(value);
        return true;
      });
    });
  };

  readonly readConfig = (): Promise<ServerConfig> => {
    return new Promise((resolve, reject) => {
      this.#readingCount += 1;
      this.#readings.set(this.#readingCount, { resolve, reject });
    });
  };

  /** Takes the check with this number; undefined if the server has asked for no such one. */
  takeCheck(number: number): Waiting<boolean> | undefined {
    const check = this.#checks.get(number);
    this.#checks.delete(number);
    return check;
  }

  /** Answers a question. @returns whether it was asked, and this is an answer to it */
  answer(number: number, value: unknown): boolean {
    const take = this.#questions.get(number);
    this.#questions.delete(number);
    return take?.(value) === true;
  }

  // The store, of which a replay has only what is recorded

  readonly openStore = (): Promise<StoreOpening> => {
    const line = this.#lines.take();
    if (line?.[0] !== 'store') return Promise.reject(this.#lines.lacks('the content of the store'));
    const { facts, states: count, ...content } = line[1];
    const states: StoreOpening['logs']['states'][number][] = [];
    while (states.length < count) {
      const next = this.#lines.take();
      if (next?.[0] !== 'state') return Promise.reject(this.#lines.lacks('the content of the store'));
      const [, log, seq, state] = next;
      if (!isLogName(log)) return Promise.reject(this.#lines.lacks('the name of a log'));
      states.push({ log, seq, state, tail: [] });
    }
    return Promise.resolve({
      ...content,
      store: new NoStore(facts),
      logs: new OutsideLogs({ logs: null, states, border: this }),
    });
  };

  inlet<T>(isReport: Shape<T>, take: (report: T) => void): Inlet<T> {
    this.#inletCount += 1;
    const number = this.#inletCount;
    this.#inlets.set(number, (value) => {
      if (!isReport(value)) return false;
      take(value);
      return true;
    });
    return { put: () => undefined, close: () => void this.#inlets.delete(number) };
  }

  /** Gives the server what an inlet has brought. @returns whether it has that inlet, and this is a report */
  report(number: number, value: unknown): boolean {
    return this.#inlets.get(number)?.(value) === true;
  }

  topOf(log: LogName): number {
    const line = this.#lines.peek();
    if (line?.[0] !== 'top' || line[1] !== log) return 0;
    this.#lines.take();
    this.#timesAsked = 0;
    return line[2];
  }

  aside<T>(look: () => T): T {
    return look();
  }

  takeReading(number: number): Waiting<ServerConfig> | undefined {
    const reading = this.#readings.get(number);
    this.#readings.delete(number);
    return reading;
  }

  createLink({ arrival, facts, limits, events }: LinkParts): ConnectionLink {
    this.counts.connections += 1;
    this.#sentBytes.set(facts.id, 0);
    return new ConnectionLink(arrival.wire, facts, limits, events, this);
  }

  departed({ id }: ConnectionLink): void {
    this.#sentBytes.delete(id);
  }

  fromOutside<T>(_: OutsideRequest, run: () => T): T {
    return run();
  }

  // Its observations of its wires

  /** Takes the next line if it is this one about a wire. */
  sees(kind: 'full' | 'dead', id: number): boolean {
    const line = this.#lines.peek();
    if (line?.[0] !== kind || line[1] !== id) return false;
    this.#lines.take();
    this.#timesAsked = 0;
    return true;
  }

  /** Takes the next line if it is about the pending bytes of this wire. @returns their number */
  seesPending(id: number): number | null {
    const line = this.#lines.peek();
    if (line?.[0] !== 'pending' || line[1] !== id) return null;
    this.#lines.take();
    this.#timesAsked = 0;
    return line[2];
  }

  // Its outputs

  /** Whether nothing is compared any more. A recording that ends in the middle of a turn lacks what followed. */
  get #isOver(): boolean {
    return this.#difference !== null || (this.#expected === null && this.#lines.peek() === null);
  }

  /** The server has written to a wire. @returns whether there was room */
  wrote(id: number, content: Uint8Array | SharedBytes): boolean {
    this.#timesAsked = 0;
    if (this.#isOver) return true;
    const expected = this.#expected ?? this.#nextExpected();
    const bytes = content instanceof SharedBytes ? content.bytes : content;
    if (expected?.ids[expected.done] !== id) {
      this.#expected = expected;
      this.differs(id, this.#describeExpected(), `a write to connection ${id}: ${showBytes(bytes, 0)}`);
      return true;
    }
    if (expected.equal !== content) {
      if (!expected.bytes.equals(bytes)) {
        this.#bytesDiffer(id, expected.bytes, bytes);
        return true;
      }
      if (content instanceof SharedBytes) expected.equal = content;
    }
    this.counts.bytes += bytes.length;
    this.#sentBytes.set(id, (this.#sentBytes.get(id) ?? 0) + bytes.length);
    expected.done += 1;
    this.#expected = expected.done < expected.ids.length ? expected : null;
    return this.#expected !== null || !this.sees('full', id);
  }

  #nextExpected(): Expected | null {
    const line = this.#lines.peek();
    if (line?.[0] === 'out') {
      this.#lines.take();
      const bytes = toBytes(line[2]);
      this.#outs.push(bytes);
      return { ids: line[1], bytes, done: 0, equal: null };
    }
    const bytes = line?.[0] === 'again' ? this.#outs[line[2]] : undefined;
    if (line?.[0] !== 'again' || bytes === undefined) return null;
    this.#lines.take();
    return { ids: line[1], bytes, done: 0, equal: null };
  }

  #bytesDiffer(id: number, expected: Uint8Array, actual: Uint8Array): void {
    const at = firstDifference(expected, actual);
    const position = (this.#sentBytes.get(id) ?? 0) + at;
    this.differs(id, showBytes(expected, at), showBytes(actual, at), position);
  }

  /** The server has done something else to a wire. */
  did(kind: Exclude<Done[0], 'out' | 'again'>, id: number): void {
    this.#timesAsked = 0;
    if (this.#isOver) return;
    const line = this.#expected === null ? this.#lines.peek() : null;
    if (line?.[0] === kind && line[1] === id) {
      this.#lines.take();
      return;
    }
    this.differs(id, this.#describeExpected(), describeLine([kind, id]));
  }

  #describeExpected(): string {
    const expected = this.#expected;
    if (expected === null) return describeLine(this.#lines.peek());
    return `a write to connection ${expected.ids[expected.done]}: ${showBytes(expected.bytes, 0)}`;
  }

  /** All that a turn brings has been done. @returns whether it was as much as recorded */
  endTurn(): void {
    if (this.#difference !== null) return;
    const line = this.#lines.peek();
    const isOver = line === null || line[0] === 'turn' || line[0] === 'finished' || line[0] === 'clock';
    if (this.#expected === null && isOver) return;
    const id = this.#expected === null ? idOf(line) : (this.#expected.ids[this.#expected.done] ?? null);
    this.differs(id, this.#describeExpected(), 'nothing more in this turn');
  }

  /** Sets the first difference. */
  differs(connection: number | null, expected: string, actual: string, position: number | null = null): void {
    const { lineNumber } = this.#lines;
    this.#difference ??= { turn: this.counts.turns, connection, line: lineNumber, position, expected, actual };
  }
}

function idOf(line: Line | null): number | null {
  if (line === null || line[0] === 'turn' || line[0] === 'clock') return null;
  const [, id] = line;
  if (typeof id === 'number') return id;
  return Array.isArray(id) && typeof id[0] === 'number' ? id[0] : null;
}

/** The wire of a replayed connection. */
export class ReplayedWire implements Wire {
  readonly #world: ReplayedWorld;
  readonly #id: number;
  #pendingBytes = 0;
  #isDestroyed = false;

  constructor(world: ReplayedWorld, id: number) {
    this.#world = world;
    this.#id = id;
  }

  get pendingBytes(): number {
    this.#pendingBytes = this.#world.seesPending(this.#id) ?? this.#pendingBytes;
    return this.#pendingBytes;
  }

  get isDestroyed(): boolean {
    this.#isDestroyed ||= this.#world.sees('dead', this.#id);
    return this.#isDestroyed;
  }

  write(bytes: Uint8Array | SharedBytes): boolean {
    return this.#world.wrote(this.#id, bytes);
  }

  end(): void {
    this.#world.did('fin', this.#id);
  }

  destroy(): void {
    this.#world.did('destroy', this.#id);
    this.#isDestroyed = true;
  }

  pause(): void {
    this.#world.did('pause', this.#id);
  }

  resume(): void {
    this.#world.did('resume', this.#id);
  }
}
