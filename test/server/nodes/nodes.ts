/** Nodes of one chat on one database: processes, or servers in the process of the tests. */
import { onTestFinished } from 'vitest';
import { ChatServer } from '../../../src/server/chat-server.js';
import { loadConfig } from '../../../src/server/config/load.js';
import { type RunningServer, startServer } from '../../cli/chat-server.js';
import { connectPeer, type Peer } from '../../support/peers.js';
import { configuration } from '../keeping.js';

/** A lease that a slow machine keeps, and that a test can wait for, in milliseconds. */
export const LEASE_MS = 2_000;

/** How long members of a node that is lost may stay, in milliseconds: a lease of a process, and two seconds. */
export const LOSS_MS = 7_000;
/** What a machine with a lot to do may take longer. */
export const SLACK_MS = 20_000;

/** Starts a node as a process of its own. @param url - of the database */
export function startNode(url: string, name: string): Promise<RunningServer> {
  const config = configuration({ store: { kind: 'postgres', url } });
  return startServer(['--config', config, '--node', name, '--admin-port', '0']);
}

/** A node with the records of its log. */
export class TestNode {
  readonly server: ChatServer;
  readonly records: readonly string[];

  private constructor(server: ChatServer, records: readonly string[]) {
    this.server = server;
    this.records = records;
  }

  /** @param settings - more of its configuration */
  static async start(url: string, node: string, settings: object = {}): Promise<TestNode> {
    const operators = [{ name: 'root', password: 'secret', masks: ['*@*'] }];
    const config = await loadConfig({
      config: configuration({ store: { kind: 'postgres', url }, node, operators, ...settings }),
      ...('listeners' in settings ? {} : { plainPort: 0, ircPort: 0 }),
    });
    const records: string[] = [];
    const record = (event: string, details: Readonly<Record<string, unknown>> = {}): void => {
      records.push(`${event} ${JSON.stringify(details)}`);
    };
    const server = await ChatServer.start({
      config,
      log: { debug: () => undefined, info: record, warn: record, error: record },
      version: '0.0.0',
      configurationName: '-',
      readConfig: () => Promise.resolve(config),
      onStop: (reason) => {
        records.push(`stop ${reason}`);
      },
      leaseMs: LEASE_MS,
    });
    onTestFinished(() => server.close('the test is over'));
    return new TestNode(server, records);
  }

  port(protocol: 'irc' | 'plain'): number {
    const listener = this.server.listeners.find((each) => each.protocol === protocol);
    const address = listener?.address;
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

/** Waits until the node of somebody knows of somebody on another node. */
export async function meet(peer: Peer, nick: string): Promise<void> {
  await peer.write(`MONITOR + ${nick}\r\n`);
  await peer.lineLike(new RegExp(` 730 \\S+ :${nick}!`));
}

/** Returns the id of the message in a line. */
export function msgidOf(line: string): string {
  return /msgid=([^; ]+)/.exec(line)?.[1] ?? `no id in ${line}`;
}
