/** Reads the state of a server for its metrics, when somebody asks. */
import { performance, type PerformanceNodeTiming } from 'node:perf_hooks';
import type {
  DomainLinkReadings,
  LabeledCount,
  LoopReadings,
  NodeReadings,
  Readings,
  StoreReadings,
} from '../admin/readings.js';
import type { Chat } from '../chat/chat.js';
import { directWaitTotals } from '../multiplexer/direct-waits.js';
import type { CertificateFacts } from './config/tls-files.js';
import type { ConnectionLink } from './link.js';
import type { Protocols } from './protocols.js';
import type { Tally } from './tally.js';

/** The parts of a server that are read. */
export interface ReadParts {
  readonly version: string;
  readonly backend: string;
  readonly chat: Chat;
  readonly protocols: Protocols;
  readonly links: ReadonlySet<ConnectionLink>;
  readonly tally: Tally;
  readonly certificates: readonly CertificateFacts[];
  readonly keptBytes: number;
  readonly store: StoreReadings | null;
  readonly node: NodeReadings | null;
  readonly domainLinks: readonly DomainLinkReadings[];
  readonly acceptedTotal: number;
}

/** Reads all of it: the cost grows with the number of clients. */
export function readingsOf({ chat, protocols, links, tally, certificates, ...rest }: ReadParts): Readings {
  const { directory, bans } = chat;
  let pendingBytes = 0;
  let readersBehindCount = 0;
  let secureClientCount = 0;
  for (const link of links) {
    pendingBytes += link.pendingBytes;
    if (link.pendingBytes > 0) readersBehindCount += 1;
    if (link.isSecure) secureClientCount += 1;
  }
  return {
    ...rest,
    clients: countClients(links),
    secureClientCount,
    memberCount: directory.memberCount,
    operatorCount: directory.operatorCount,
    roomCount: directory.occupiedRoomCount,
    banCount: bans.list('users').length + bans.list('addresses').length,
    pendingBytes,
    readersBehindCount,
    refusedTotal: tally.refusals,
    handshakesTotal: tally.handshakes,
    certificateExpiries: expiriesOf(certificates),
    loop: readLoop(),
    deliveriesTotal: tally.deliveries,
    slowReadersClosedTotal: tally.slowReadersClosed,
    wrongPasswordsTotal: protocols.wrongPasswordCount,
    commandsTotal: [...protocols.commandCounts].map(([command, count]) => ({ labels: { command }, count })),
  };
}

function readLoop(): LoopReadings | null {
  // Bun and Deno lack it, and their event loops are never active.
  const timing: Partial<PerformanceNodeTiming> = performance.nodeTiming;
  if (timing.uvMetricsInfo === undefined) return null;
  const directWaits = directWaitTotals();
  return {
    turns: timing.uvMetricsInfo.loopCount + directWaits.count,
    activeSeconds: (performance.eventLoopUtilization().active - directWaits.ms) / 1000,
  };
}

function expiriesOf(certificates: readonly CertificateFacts[]): LabeledCount[] {
  return certificates.map(({ file, expiresMs }) => ({ labels: { file }, count: expiresMs / 1000 }));
}

function countClients(links: Iterable<ConnectionLink>): LabeledCount[] {
  const counts = new Map<string, { labels: Record<string, string>; count: number }>();
  for (const { protocol, limits, transport } of links) {
    const key = `${protocol} ${limits.name} ${transport}`;
    const entry = counts.get(key);
    if (entry === undefined) counts.set(key, { labels: { protocol, class: limits.name, transport }, count: 1 });
    else entry.count += 1;
  }
  return [...counts.values()];
}
