/** A server in the process of the tests, with the records of its log. */
import { onTestFinished } from 'vitest';
import type { ChatServer } from '../../src/server/chat-server.js';
import type { ServerOptions } from '../../src/server/server-options.js';
import { connectPeer, type Peer } from '../support/peers.js';
import { startServer } from './start-server.js';

/** A server that runs until the test is over. */
export class TestServer {
  readonly server: ChatServer;
  readonly records: readonly string[];

  protected constructor({ server, records }: Pick<TestServer, 'server' | 'records'>) {
    this.server = server;
    this.records = records;
  }

  /** Starts a server. What it logs, and why it wants to stop, is in its records. */
  protected static async run(
    options: Pick<ServerOptions, 'config' | 'leaseMs' | 'domainGraceMs'> & Partial<Pick<ServerOptions, 'readConfig'>>,
  ): Promise<Pick<TestServer, 'server' | 'records'>> {
    const records: string[] = [];
    const record = (event: string, details: Readonly<Record<string, unknown>> = {}): void => {
      records.push(`${event} ${JSON.stringify(details)}`);
    };
    const server = await startServer({
      ...options,
      log: { debug: () => undefined, info: record, warn: record, error: record },
      onStop: (reason) => {
        records.push(`stop ${reason}`);
      },
    });
    onTestFinished(() => server.close('the test is over'));
    return { server, records };
  }

  port(protocol: 'irc' | 'plain'): number {
    const address = this.server.listeners.find((each) => each.protocol === protocol)?.address;
    return address !== undefined && 'port' in address ? address.port : 0;
  }

  /** Connects somebody who speaks IRC, and is registered. */
  irc(nick: string): Promise<Peer> {
    return register(this.port('irc'), nick);
  }
}

/** Connects somebody who speaks IRC to a port, and waits until the server has let it in. */
export async function register(port: number, nick: string): Promise<Peer> {
  const peer = await connectPeer(port);
  await peer.write(
    `CAP REQ :echo-message message-tags server-time batch draft/chathistory\r\nNICK ${nick}\r\nUSER ${nick} 0 * :x\r\nCAP END\r\n`,
  );
  await peer.lineLike(/ (?:376|422) /);
  return peer;
}
