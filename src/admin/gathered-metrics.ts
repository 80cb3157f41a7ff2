/** The metrics of a control process and its workers. */
import type { MetricsSource } from './admin-listener.js';
import { processMetrics } from './metrics.js';
import { mergeMetrics } from './sample-labels.js';

/** What is known of a worker from outside. */
export interface WorkerReading {
  readonly name: string;
  readonly isReady: boolean;
  readonly restarts: number;
}

/** Where they are found. */
export interface GatheredParts {
  readonly workers: () => readonly WorkerReading[];
  /** Returns the metrics of each worker that answers, by name. */
  readonly ask: () => Promise<ReadonlyMap<string, string>>;
}

/** The name of the control process in the label `worker`. */
const CONTROL = 'control';
const LABEL = 'worker';

/** They are asked for when somebody asks, and cost nothing before. */
export class GatheredMetrics implements MetricsSource {
  readonly #parts: GatheredParts;
  readonly #own = processMetrics();

  constructor(parts: GatheredParts) {
    this.#parts = parts;
  }

  get contentType(): string {
    return this.#own.contentType;
  }

  async render(): Promise<string> {
    const texts = new Map([[CONTROL, await this.#own.render()], ...(await this.#parts.ask())]);
    return `${describeWorkers(this.#parts.workers())}\n${mergeMetrics(LABEL, texts)}`;
  }
}

function describeWorkers(workers: readonly WorkerReading[]): string {
  const samples = (metric: string, read: (worker: WorkerReading) => number): readonly string[] =>
    workers.map((worker) => `${metric}{${LABEL}="${worker.name}"} ${read(worker)}`);
  return [
    '# HELP fdmux_worker_up 1 while the worker serves, 0 while it does not.',
    '# TYPE fdmux_worker_up gauge',
    ...samples('fdmux_worker_up', ({ isReady }) => (isReady ? 1 : 0)),
    '',
    '# HELP fdmux_worker_restarts_total How often the worker was started again after it had ended by itself.',
    '# TYPE fdmux_worker_restarts_total counter',
    ...samples('fdmux_worker_restarts_total', ({ restarts }) => restarts),
    '',
  ].join('\n');
}
