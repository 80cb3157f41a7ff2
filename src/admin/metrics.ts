/** The metrics in the text format of Prometheus, made with the package `prom-client`. */
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { MetricsSource } from './admin-listener.js';
import type { LabeledCount, Readings, StoreReadings } from './readings.js';

/** One metric: its meaning, and the source of its value. */
interface Row {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  readonly read: (readings: Readings) => number | readonly LabeledCount[];
}

/** Reads a number of the store; a server without a store has no sample of it. */
function ofStore(read: (store: StoreReadings) => number): Row['read'] {
  return ({ store }) => (store === null ? [] : read(store));
}

const GAUGES: readonly Row[] = [
  {
    name: 'fdmux_build_info',
    help: 'Always 1; the labels have the version of fdmux and of Node.js, and the kernel interface.',
    labels: ['version', 'node', 'backend'],
    read: ({ version, backend }) => [{ labels: { version, node: process.version, backend }, count: 1 }],
  },
  {
    name: 'fdmux_clients',
    help: 'Connected clients.',
    labels: ['protocol', 'class', 'transport'],
    read: ({ clients }) => clients,
  },
  {
    name: 'fdmux_tls_clients',
    help: 'Connected clients whose connection is encrypted, by the server or by a proxy on this machine.',
    read: ({ secureClientCount }) => secureClientCount,
  },
  {
    name: 'fdmux_tls_certificate_expiry_timestamp_seconds',
    help: 'When the certificate in a file expires, in seconds since the epoch.',
    labels: ['file'],
    read: ({ certificateExpiries }) => certificateExpiries,
  },
  { name: 'fdmux_members', help: 'Clients that have registered.', read: ({ memberCount }) => memberCount },
  { name: 'fdmux_operators', help: 'Members with the rights of an operator.', read: (now) => now.operatorCount },
  { name: 'fdmux_rooms', help: 'Rooms with somebody in them.', read: ({ roomCount }) => roomCount },
  { name: 'fdmux_bans', help: 'Bans of the server.', read: ({ banCount }) => banCount },
  { name: 'fdmux_send_queue_bytes', help: 'Bytes that wait for peers.', read: ({ pendingBytes }) => pendingBytes },
  {
    name: 'fdmux_readers_behind',
    help: 'Peers that bytes wait for.',
    read: ({ readersBehindCount }) => readersBehindCount,
  },
  {
    name: 'fdmux_kept_bytes',
    help: 'Bytes of messages that rooms keep for those who read slowly.',
    read: ({ keptBytes }) => keptBytes,
  },
  {
    name: 'fdmux_node_info',
    help: 'Always 1; the labels have the name of this node, and the number of its incarnation.',
    labels: ['name', 'incarnation'],
    read: ({ node }) =>
      node === null ? [] : [{ labels: { name: node.name, incarnation: String(node.incarnation) }, count: 1 }],
  },
  {
    name: 'fdmux_nodes',
    help: 'Nodes that live, as far as this one knows.',
    read: ({ node }) => (node === null ? [] : node.living.length),
  },
  {
    name: 'fdmux_log_lag',
    help: 'Packs that are known to be in the logs of the nodes and have not been applied here.',
    read: ({ node }) => node?.lag ?? [],
  },
  {
    name: 'fdmux_link_up',
    help: '1 while the rooms of another domain can be reached, 0 while they cannot.',
    labels: ['domain'],
    read: ({ domainLinks }) =>
      domainLinks.flatMap(({ domain, isUp }) => (isUp === null ? [] : [{ labels: { domain }, count: isUp ? 1 : 0 }])),
  },
  {
    name: 'fdmux_link_served',
    help: '1 while another domain is connected to the rooms of this one, 0 while it is not.',
    labels: ['domain'],
    read: ({ domainLinks }) =>
      domainLinks.map(({ domain, isServed }) => ({ labels: { domain }, count: isServed ? 1 : 0 })),
  },
  {
    name: 'fdmux_link_rooms',
    help: 'Rooms of another domain that are followed.',
    labels: ['domain'],
    read: ({ domainLinks }) => domainLinks.map(({ domain, mirrored }) => ({ labels: { domain }, count: mirrored })),
  },
  {
    name: 'fdmux_link_waiting',
    help: 'What has been proposed to the rooms of another domain and has not returned.',
    labels: ['domain'],
    read: ({ domainLinks }) => domainLinks.map(({ domain, waiting }) => ({ labels: { domain }, count: waiting })),
  },
  { name: 'fdmux_store_bytes', help: 'Size of the file of the store.', read: ofStore(({ bytes }) => bytes) },
  {
    name: 'fdmux_store_queued_writes',
    help: 'Writes that the store has not answered yet.',
    read: ofStore(({ queued }) => queued),
  },
  {
    name: 'fdmux_store_up',
    help: '1 while the store takes writes, 0 while it does not.',
    read: ofStore(({ isTakingWrites }) => (isTakingWrites ? 1 : 0)),
  },
];

const COUNTERS: readonly Row[] = [
  {
    name: 'fdmux_store_batches_total',
    help: 'Transactions of the store.',
    read: ofStore(({ batchesTotal }) => batchesTotal),
  },
  {
    name: 'fdmux_store_late_batches_total',
    help: 'Transactions of the store that have taken longer than 250 ms.',
    read: ofStore(({ lateBatchesTotal }) => lateBatchesTotal),
  },
  {
    name: 'fdmux_store_busy_seconds_total',
    help: 'Time in which the store was writing.',
    read: ofStore(({ busyMsTotal }) => busyMsTotal / 1000),
  },
  {
    name: 'fdmux_connections_accepted_total',
    help: 'Connections that have reached the chat, refused ones included.',
    read: ({ acceptedTotal }) => acceptedTotal,
  },
  {
    name: 'fdmux_connections_refused_total',
    help: 'Connections that were refused.',
    labels: ['cause'],
    read: ({ refusedTotal }) => refusedTotal,
  },
  {
    name: 'fdmux_tls_handshakes_total',
    help: 'TLS handshakes.',
    labels: ['result'],
    read: ({ handshakesTotal }) => handshakesTotal,
  },
  {
    name: 'fdmux_deliveries_total',
    help: 'Events handed to clients: a message to ten members counts ten times.',
    read: ({ deliveriesTotal }) => deliveriesTotal,
  },
  {
    name: 'fdmux_slow_readers_closed_total',
    help: 'Peers closed because they read too slowly.',
    read: ({ slowReadersClosedTotal }) => slowReadersClosedTotal,
  },
  {
    name: 'fdmux_wrong_passwords_total',
    help: 'Wrong passwords of PASS, OPER and WEBIRC.',
    read: ({ wrongPasswordsTotal }) => wrongPasswordsTotal,
  },
  {
    name: 'fdmux_irc_commands_total',
    help: 'IRC commands by name.',
    labels: ['command'],
    read: ({ commandsTotal }) => commandsTotal,
  },
  {
    name: 'fdmux_loop_turns_total',
    help: 'Turns of the event loop.',
    read: ({ loop }) => loop?.turns ?? [],
  },
  {
    name: 'fdmux_loop_active_seconds_total',
    help: 'Time in which the event loop did not wait; divided by the turns, the length of a turn.',
    read: ({ loop }) => loop?.activeSeconds ?? [],
  },
];

/** The precision of event loop delays, in milliseconds: each sample wakes the process. */
const LOOP_DELAY_PRECISION_MS = 20;

/** All metrics of one server. They are read on request, and cost nothing before. */
export class Metrics implements MetricsSource {
  readonly #registry = new Registry();
  readonly #read: () => Readings;
  /** The reading from which all metrics of one answer are taken. */
  #readings: Readings | null = null;

  constructor(read: () => Readings) {
    this.#read = read;
    for (const row of GAUGES) this.#addGauge(row);
    for (const row of COUNTERS) this.#addCounter(row);
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: LOOP_DELAY_PRECISION_MS });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Returns the text of an answer. */
  async render(): Promise<string> {
    this.#readings = this.#read();
    return this.#registry.metrics();
  }

  #samplesOf({ read }: Row): readonly LabeledCount[] {
    const value = read((this.#readings ??= this.#read()));
    return typeof value === 'number' ? [{ labels: {}, count: value }] : value;
  }

  #addGauge(row: Row): void {
    const { name, help, labels = [] } = row;
    const gauge = new Gauge({
      name,
      help,
      labelNames: labels,
      registers: [this.#registry],
      collect: () => {
        gauge.reset();
        const samples = this.#samplesOf(row);
        // A reset metric without labels is 0 instead of absent.
        if (samples.length === 0 && labels.length === 0) gauge.remove();
        for (const sample of samples) gauge.set(sample.labels, sample.count);
      },
    });
  }

  #addCounter(row: Row): void {
    const { name, help, labels = [] } = row;
    const counter = new Counter({
      name,
      help,
      labelNames: labels,
      registers: [this.#registry],
      collect: () => {
        // The server has already counted.
        counter.reset();
        const samples = this.#samplesOf(row);
        if (samples.length === 0 && labels.length === 0) counter.remove();
        for (const sample of samples) counter.inc(sample.labels, sample.count);
      },
    });
  }
}

/** Returns the metrics of this process alone: its processor time, memory, event loop and garbage collection. */
export function processMetrics(): MetricsSource {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_DELAY_PRECISION_MS });
  return { contentType: registry.contentType, render: () => registry.metrics() };
}
