/** The questions about TLS and WebSocket, and the meaning of the answers. */
import type { Load } from '../support/load.js';
import type { Meaning } from './report.js';

/** A question to every peer that can answer it. */
export interface Question extends Meaning {
  readonly id: string;
  readonly title: string;
  /** Of the echo servers; or, of the chat servers, clients and senders. */
  readonly load: Load | { readonly clients: number; readonly senders: number };
}

const NODE_TLS = 'node:tls';

export const QUESTIONS: readonly Question[] = [
  {
    id: 'tls-echo-64',
    title: 'TLS echo, 64 connections, 64 B',
    load: { mode: 'echo', connections: 64, bytes: 64, depth: 1 },
    unit: 'messages',
    reference: NODE_TLS,
    aims: { 'fdmux TLS': 1.25 },
  },
  {
    id: 'tls-echo-pipelined',
    title: 'TLS echo, 64 connections, 64 B, 16 in flight',
    load: { mode: 'echo', connections: 64, bytes: 64, depth: 16 },
    unit: 'messages',
    reference: NODE_TLS,
    aims: {},
  },
  {
    id: 'tls-handshakes',
    title: 'TLS handshakes: connections accepted, used once and closed',
    load: { mode: 'accept', connections: 64, bytes: 64, depth: 1 },
    unit: 'connections',
    reference: NODE_TLS,
    aims: {},
  },
  {
    id: 'chat-200-20',
    title: 'The chat server, one channel, 200 clients, 20 senders, 80 B',
    load: { clients: 200, senders: 20 },
    unit: 'deliveries',
    reference: 'fdmux TCP',
    aims: { 'fdmux WebSocket': 1.2, 'fdmux TLS': 4 },
  },
];

/** The meaning of each question, by its id. */
export const MEANINGS: Readonly<Record<string, Meaning>> = Object.fromEntries(
  QUESTIONS.map((question) => [question.id, question]),
);

/** The question that is not one of rates. */
export const MEMORY = 'tls-memory';

/** The names of the questions. */
export const TRANSPORT_QUESTIONS: readonly string[] = [...QUESTIONS.map(({ id }) => id), MEMORY];
