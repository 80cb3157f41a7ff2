/** The servers whose transports are compared, and how each is started. */
import { join } from 'node:path';
import type { IrcCommand } from '../irc/servers.js';
import type { Candidate } from '../support/candidates.js';
import { type Checkout, here } from '../support/checkout.js';
import { node } from '../support/server.js';
import { findBun, root } from '../support/tools.js';
import { findIdentity, type Identity, TLS_INSTALL } from './identity.js';

/** The carrier of the bytes of a peer's clients. */
export type Transport = 'tcp' | 'tls' | 'web';

/** A server; it may answer to some of the questions only. */
export interface TransportPeer {
  readonly transport: Transport;
  /** An echo server that prints its port. */
  readonly echo?: readonly string[];
  /** A chat server with one channel. */
  readonly chat?: IrcCommand;
}

const BUN_INSTALL = 'npm run matrix -- --only bun';

/** @param checkouts those whose fdmux is measured */
export function transportCandidates(checkouts: readonly Checkout[]): readonly Candidate<TransportPeer>[] {
  return [
    ...checkouts.map((checkout) => fdmux(checkout, 'fdmux TCP', () => tcp(checkout))),
    ...checkouts.map((checkout) => fdmux(checkout, 'fdmux WebSocket', () => web(checkout))),
    ...checkouts.map((checkout) => fdmux(checkout, 'fdmux TLS', () => tls(checkout))),
    {
      name: 'node:tls',
      install: TLS_INSTALL,
      find: () =>
        withIdentity(({ cert, key }) => ({
          transport: 'tls',
          echo: [...node, here.program('servers/node-tls.js'), cert, key],
        })),
    },
    {
      name: 'Bun TLS',
      install: `${BUN_INSTALL}; ${TLS_INSTALL}`,
      find: () =>
        withBun((bun) =>
          withIdentity(({ cert, key }) => ({
            transport: 'tls',
            echo: [bun, join(root, 'bench/servers/bun.js'), cert, key],
          })),
        ),
    },
    {
      name: 'ws alone',
      install: 'npm ci',
      find: () => ({
        transport: 'web',
        chat: (port) => [...node, join(root, 'build/bench/irc/ws-alone.js'), String(port)],
      }),
    },
    {
      name: 'Bun WebSocket',
      install: BUN_INSTALL,
      find: () =>
        withBun((bun) => ({
          transport: 'web',
          chat: (port) => [bun, join(root, 'bench/irc/bun-web-socket.js'), String(port)],
        })),
    },
  ];
}

function fdmux(checkout: Checkout, name: string, find: () => TransportPeer | null): Candidate<TransportPeer> {
  return { name: checkout.label(name), install: `npm run build; ${TLS_INSTALL}`, find };
}

const serve = (checkout: Checkout) => [...node, checkout.cli, 'serve', '--no-plain'];
const echo = (checkout: Checkout) => [...node, checkout.program('servers/fdmux.js'), 'echo', 'epoll', 'edge'];

function tcp(checkout: Checkout): TransportPeer {
  return {
    transport: 'tcp',
    echo: echo(checkout),
    chat: (port) => [...serve(checkout), '--irc-port', String(port)],
  };
}

function web(checkout: Checkout): TransportPeer {
  return { transport: 'web', chat: (port) => [...serve(checkout), '--no-irc', '--web-port', String(port)] };
}

function tls(checkout: Checkout): TransportPeer | null {
  return withIdentity(({ cert, key }) => {
    const identity = ['--tls-cert', cert, '--tls-key', key];
    return {
      transport: 'tls',
      echo: [...echo(checkout), cert, key],
      chat: (port) => [...serve(checkout), '--no-irc', ...identity, '--tls-port', String(port)],
    };
  });
}

function withIdentity(toPeer: (identity: Identity) => TransportPeer): TransportPeer | null {
  const identity = findIdentity();
  return identity === null ? null : toPeer(identity);
}

function withBun(toPeer: (bun: string) => TransportPeer | null): TransportPeer | null {
  const bun = findBun();
  return bun === null ? null : toPeer(bun);
}
