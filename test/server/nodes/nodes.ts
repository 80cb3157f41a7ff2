/** Nodes of one chat on one database: processes, or servers in the process of the tests. */
import { loadConfig } from '../../../src/server/config/load.js';
import { type RunningServer, startServer } from '../../cli/chat-server.js';
import { DEADLINE_MS } from '../../support/deadline.js';
import type { Peer } from '../../support/peers.js';
import { configuration } from '../keeping.js';
import { TestServer } from '../test-server.js';

/** A lease that a slow machine keeps, and that a test can wait for, in milliseconds. */
export const LEASE_MS = 2_000;

/** How long members of a node that is lost may stay, in milliseconds: a lease of a process, and two seconds. */
export const LOSS_MS = 7_000;
/** What a machine with a lot to do may take longer. */
export const SLACK_MS = Math.max(20_000, DEADLINE_MS);

/** Starts a node as a process of its own. @param url - of the database. @param flags - more of its command line */
export function startNode(url: string, name: string, flags: readonly string[] = []): Promise<RunningServer> {
  const config = configuration({ store: { kind: 'postgres', url } });
  return startServer(['--config', config, '--node', name, '--admin-port', '0', ...flags]);
}

/** A node with the records of its log. */
export class TestNode extends TestServer {
  /** @param settings - more of its configuration */
  static async start(url: string, node: string, settings: object = {}): Promise<TestNode> {
    const operators = [{ name: 'root', password: 'secret', masks: ['*@*'] }];
    const config = await loadConfig({
      config: configuration({ store: { kind: 'postgres', url }, node, operators, ...settings }),
      ...('listeners' in settings ? {} : { plainPort: 0, ircPort: 0 }),
    });
    return new TestNode(await TestServer.run({ config, leaseMs: LEASE_MS }));
  }
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
