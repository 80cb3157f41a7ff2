/** The status of a server, for the one who runs it. */
import type { Reply } from '../control/request.js';
import { dataRow, statusRow } from '../control/status-row.js';
import type { ChatServer } from './chat-server.js';
import { formatAddress } from './format-address.js';
import type { LogLevel } from './log-levels.js';

/** Describes how the server is. */
export function describeStatus(server: ChatServer, logLevel: LogLevel): Reply {
  const readings = server.readings();
  const { version, backend, clients, memberCount, operatorCount, roomCount, banCount, pendingBytes } = readings;
  const { store, node, domainLinks: links } = readings;
  const listeners = server.listeners.map(({ protocol, isSecure, address }) => ({
    protocol,
    isSecure,
    address: formatAddress(address),
  }));
  const uptimeMs = Math.round(process.uptime() * 1000);
  const counts = { clients: server.clientCount, members: memberCount, operators: operatorCount, rooms: roomCount };
  const byKind = clients.map(({ labels, count }) => ({ ...labels, count }));
  const result = {
    version,
    pid: process.pid,
    phase: server.phase,
    uptimeMs,
    backend,
    logLevel,
    ...counts,
    bans: banCount,
    pendingBytes,
    clientsByKind: byKind,
    listeners,
    store,
    node,
    links,
  };
  const kinds = byKind.map(({ count, ...labels }) => `${count} ${Object.values(labels).join('/')}`);
  const text = [
    `fdmux ${version}, process ${process.pid}, ${server.phase} for ${formatTime(uptimeMs)}`,
    statusRow('clients', `${counts.clients}${kinds.length === 0 ? '' : ` (${kinds.join(', ')})`}`),
    statusRow('members', String(memberCount)),
    statusRow('operators', String(operatorCount)),
    statusRow('rooms', String(roomCount)),
    statusRow('bans', String(banCount)),
    statusRow('backend', backend),
    statusRow('log level', logLevel),
    ...listeners.map(({ protocol, isSecure, address }) => statusRow(`${protocol}${isSecure ? ' (TLS)' : ''}`, address)),
  ];
  if (store !== null) text.push(dataRow(store));
  if (node !== null) {
    text.push(
      statusRow('node', `${node.name}, incarnation ${node.incarnation}; nodes that live: ${node.living.join(', ')}`),
    );
  }
  for (const { domain, isUp, isServed, mirrored, waiting } of links) {
    const state = isUp === null ? [] : [isUp ? `up, ${mirrored} rooms followed, ${waiting} sends wait` : 'down'];
    text.push(
      statusRow('link', `${domain}: ${[...state, isServed ? 'connected to us' : 'not connected to us'].join('; ')}`),
    );
  }
  return { text, result };
}

/** Returns a time in its two largest units. */
function formatTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = Math.max(
    parts.findIndex(([count]) => count > 0),
    0,
  );
  return parts
    .slice(first, first + 2)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}
