/** The compiled server with its web page, behind a network that a test can take away. */
import { type RunningServer, startServer } from '../cli/chat-server.js';
import { type Relay, startRelay } from './relay.js';

export interface Site {
  readonly url: string;
  readonly server: RunningServer;
  readonly network: Relay;
}

/** Starts a server that listens for browsers, too. */
export async function startWebServer(): Promise<{ readonly server: RunningServer; readonly webPort: number }> {
  const server = await startServer(['--web-port', '0']);
  const [, port] = /web page +http:\/\/\S+:(\d+)\/$/m.exec(server.process.stdout) ?? [];
  if (port === undefined) throw new Error(`no web page: ${server.process.stdout}`);
  return { server, webPort: Number(port) };
}

/** Starts a server for the current test. */
export async function startSite(): Promise<Site> {
  const { server, webPort } = await startWebServer();
  const network = await startRelay(webPort);
  return { url: `http://127.0.0.1:${network.port}/`, server, network };
}
