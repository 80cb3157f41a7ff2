/** The metrics of a control process and its workers. */
import type { MetricsSource } from './admin-listener.js';
import { processMetrics } from './metrics.js';
import { mergeMetrics } from './sample-labels.js';

/** The facts about a worker that are known from outside. */
export interface WorkerReading {
  readonly name: string;
  readonly isReady: boolean;
  readonly restarts: number;
}

/** The sources of the metrics. */
export interface GatheredParts {
  readonly workers: () => readonly WorkerReading[];
  /** Returns the metrics of each worker that answers, by name. */
  readonly ask: () => Promise<ReadonlyMap<string, string>>;
}

/** The name of the control process in the label `worker`. */
const CONTROL = 'control';
const LABEL = 'worker';

/** The metrics are collected on request, and cost nothing before. */
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
