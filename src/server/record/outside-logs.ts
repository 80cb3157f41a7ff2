/** The logs of a store that is outside its server: all that they report is given to the server, and can be recorded. */
import type { LogName, Pack } from '../../log/entry.js';
import type { Shape } from '../../log/shape.js';
import type { AppendAnswer, Excerpt, Following, LogRange, LogSink } from '../../log/shared-log.js';
import type { KeptState } from '../../store/log-reads.js';
import { Recent } from '../../store/recent.js';
import type { HistoryBacklog, StoreLogs } from '../../store/store-access.js';
import {
  appliedAfter,
  deliver,
  isAppendReport,
  isLogReport,
  type LogReport,
  reportingAnswer,
  reportingSink,
} from './reports.js';

/** Of how many logs the server knows the end, at least: somebody may enter ever new rooms. */
const MAX_TOPS = 1_000;

/** One way on which reports reach the server. */
export interface Inlet<T> {
  /** Something is reported: it is given to the server in a turn of its own, after what was reported before. */
  put(report: T): void;
  /** The server is given nothing more. */
  close(): void;
}

/** The border between a server and the logs outside it. */
export interface LogBorder {
  /**
   * Makes an inlet.
   *
   * @param isReport - whether a recorded value is a report
   * @param take - takes the reports for the server
   */
  inlet<T>(isReport: Shape<T>, take: (report: T) => void): Inlet<T>;
  /** Returns the number of the last pack of a log. @param look - asks the logs for it */
  topOf(log: LogName, look: () => number): number;
}

/** The parts of {@link OutsideLogs}. */
export interface OutsideLogsParts {
  /** The logs of the store; null in a replay, which has none. */
  readonly logs: StoreLogs | null;
  readonly states: StoreLogs['states'];
  readonly border: LogBorder;
}

/**
 * These logs answer late, even if the logs behind them answer at once. Only the appends and the reports of followed
 * logs pass the border: the rest is asked by nodes alone, and no node is recorded.
 */
export class OutsideLogs implements StoreLogs {
  readonly states: StoreLogs['states'];
  readonly #logs: StoreLogs | null;
  readonly #border: LogBorder;
  #appends = 0;
  /** The packs of the appends whose end the server does not know, by their numbers. */
  readonly #underWay = new Map<number, Pack>();
  /** The numbers of the appends that the logs have not answered. */
  readonly #numbers = new WeakMap<Pack, number>();
  /** The inlets of the logs that are followed. */
  readonly #followed = new Set<Inlet<LogReport>>();
  /** The ends of logs as far as the server knows them. */
  readonly #tops = new Recent<LogName, number>(MAX_TOPS);

  constructor({ logs, states, border }: OutsideLogsParts) {
    this.#logs = logs;
    this.states = states;
    this.#border = border;
  }

  get isTakingWrites(): boolean {
    return this.#logs?.isTakingWrites ?? true;
  }

  topOf(name: LogName): number {
    const known = this.#tops.get(name);
    if (known !== undefined) return known;
    const top = this.#border.topOf(name, () => this.#logs?.topOf?.(name) ?? 0);
    this.#tops.set(name, top);
    return top;
  }

  append(name: LogName, pack: Pack, answer: AppendAnswer): void {
    this.#appends += 1;
    const number = this.#appends;
    this.#underWay.set(number, pack);
    this.#numbers.set(pack, number);
    const inlet = this.#border.inlet(isAppendReport, (report) => {
      inlet.close();
      this.#underWay.delete(number);
      if (report.kind === 'failed') {
        answer.failed(report.why);
        return;
      }
      this.#reaches(name, report.seq);
      answer.appended(report.seq);
    });
    const reporting = reportingAnswer((report) => {
      // Should the same pack be delivered later, it may be known here no longer.
      this.#numbers.delete(pack);
      inlet.put(report);
    });
    this.#logs?.append(name, pack, reporting);
  }

  follow(name: LogName, after: number, sink: LogSink): Following {
    let applied = after;
    const inlet = this.#border.inlet(isLogReport, (report) => {
      applied = appliedAfter(report, applied);
      if (report.kind === 'own' || report.kind === 'pack') this.#reaches(name, report.seq);
      else if (report.kind === 'regressed') this.#tops.set(name, report.top);
      deliver(report, sink, (append) => this.#underWay.get(append));
    });
    this.#followed.add(inlet);
    const reporting = reportingSink(
      (report) => {
        inlet.put(report);
      },
      (entries) => this.#numbers.get(entries),
    );
    const following = this.#logs?.follow(name, after, reporting);
    return {
      get applied() {
        return applied;
      },
      stop: () => {
        this.#followed.delete(inlet);
        inlet.close();
        following?.stop();
        // The store may forget where the log ends, and have it go on behind a higher number.
        this.#tops.delete(name);
      },
    };
  }

  #reaches(name: LogName, seq: number): void {
    this.#tops.set(name, Math.max(seq, this.#tops.get(name) ?? 0));
  }

  keep(log: LogName, seq: number, state: string | null): void {
    this.#logs?.keep(log, seq, state);
  }

  async removeEmpty(): Promise<void> {
    await this.#logs?.removeEmpty?.();
  }

  keepAfter(history: HistoryBacklog): void {
    this.#logs?.keepAfter(history);
  }

  close(): void {
    for (const inlet of this.#followed) inlet.close();
    this.#followed.clear();
    this.#logs?.close();
  }

  stateOf(name: LogName): Promise<KeptState | null> {
    return this.#logs?.stateOf(name) ?? NOTHING;
  }

  read(name: LogName, range: LogRange): Promise<Excerpt | null> {
    return this.#logs?.read(name, range) ?? NOTHING;
  }

  lease(node: string, ms: number): Promise<boolean> {
    return this.#logs?.lease(node, ms) ?? NOT_DONE;
  }

  expired(): Promise<readonly string[] | null> {
    return this.#logs?.expired() ?? NOTHING;
  }

  living(): Promise<readonly string[] | null> {
    return this.#logs?.living() ?? NOTHING;
  }

  forget(node: string): Promise<boolean> {
    return this.#logs?.forget(node) ?? NOT_DONE;
  }
}

const NOTHING = Promise.resolve(null);
const NOT_DONE = Promise.resolve(false);
