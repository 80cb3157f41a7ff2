/** The compiled server with its web page, behind a network that a test can take away. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningServer, startServer } from '../cli/chat-server.js';
import type { TestIdentity } from '../support/certificates.js';
import { connectPeer, type Peer } from '../support/peers.js';
import { temporaryFolder } from '../support/temporary.js';
import { type Relay, startRelay } from './relay.js';

export interface Site {
  readonly url: string;
  readonly server: RunningServer;
  readonly network: Relay;
}

/** Starts a server that listens for browsers, too: over TLS, if it is given a certificate. */
export async function startWebServer(
  identity: TestIdentity | null = null,
): Promise<{ readonly server: RunningServer; readonly webPort: number }> {
  const server = await startServer(identity === null ? ['--web-port', '0'] : ['--config', secureConfig(identity)]);
  const scheme = identity === null ? 'http' : 'https';
  const [, port] = new RegExp(`web page +${scheme}://\\S+:(\\d+)/$`, 'm').exec(server.process.stdout) ?? [];
  if (port === undefined) throw new Error(`no web page: ${server.process.stdout}`);
  return { server, webPort: Number(port) };
}

function secureConfig({ certFile: cert, keyFile: key }: TestIdentity): string {
  const path = join(temporaryFolder(), 'fdmux.json');
  const others = ['plain', 'irc'].map((protocol) => ({ protocol, port: 0 }));
  const listeners = [...others, { protocol: 'web', port: 0, tls: { cert, key } }];
  writeFileSync(path, JSON.stringify({ listeners }));
  return path;
}

/** Starts a server for the current test: over TLS, if it is given a certificate. */
export async function startSite(identity: TestIdentity | null = null): Promise<Site> {
  const { server, webPort } = await startWebServer(identity);
  const network = await startRelay(webPort);
  return { url: `${identity === null ? 'http' : 'https'}://127.0.0.1:${network.port}/`, server, network };
}

/** Somebody at an IRC client in #lobby. */
export async function joined(port: number, nick: string): Promise<Peer> {
  const peer = await connectPeer(port);
  await peer.write(`NICK ${nick}\r\nUSER ${nick} 0 * :${nick}\r\nJOIN #lobby\r\n`);
  await peer.lineLike(new RegExp(` 366 ${nick} #lobby `));
  return peer;
}
