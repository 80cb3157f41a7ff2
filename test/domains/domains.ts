/** Domains in the process of the tests, with links between them that can be cut. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../src/server/config/load.js';
import type { ServerConfig } from '../../src/server/config/server-config.js';
import { configuration } from '../server/keeping.js';
import { TestServer } from '../server/test-server.js';
import { CertificateFolder, type TestIdentity } from '../support/certificates.js';
import { until } from '../support/deadline.js';
import type { Peer } from '../support/peers.js';

/** The certificates of domains, by one authority. */
export class Authority {
  readonly folder = new CertificateFolder();
  readonly own: TestIdentity = this.folder.make({ name: 'the authority', isAuthority: true });
  readonly #identities = new Map<string, TestIdentity>();

  identity(name: string): TestIdentity {
    const known = this.#identities.get(name) ?? this.folder.make({ name, issuer: this.own });
    this.#identities.set(name, known);
    return known;
  }
}

/** A way to a port which is known later, and which can be cut. */
export class Way {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: number | null = null;
  #isCut = false;

  private constructor() {
    this.#server = createServer((near) => {
      if (this.#target === null || this.#isCut) {
        near.destroy();
        return;
      }
      const far = connect(this.#target, '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.pipe(other);
        one.on('error', () => undefined);
        one.on('close', () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      }
    });
  }

  static async open(): Promise<Way> {
    const way = new Way();
    await new Promise<void>((resolve) => way.#server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => way.close());
    return way;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  leadTo(port: number): void {
    this.#target = port;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  close(): Promise<void> {
    this.cut();
    return new Promise((resolve) => void this.#server.close(() => resolve()));
  }
}

/** The choices of a domain. */
export interface DomainOptions {
  readonly name: string;
  readonly authority: Authority;
  /** Its own rooms for others. */
  readonly rooms?: readonly string[];
  /** The others: the way to each, and its rooms that are entered here. */
  readonly links: readonly { readonly name: string; readonly way?: Way; readonly rooms?: readonly string[] }[];
  /** @defaultValue that of its name */
  readonly identity?: TestIdentity;
  readonly settings?: object;
  readonly graceMs?: number;
}

/** A server that is a domain. */
export class TestDomain extends TestServer {
  /** Holds what a reload reads. */
  readonly #file: { config: ServerConfig };

  private constructor(running: Pick<TestServer, 'server' | 'records'>, file: { config: ServerConfig }) {
    super(running);
    this.#file = file;
  }

  static configure(options: Omit<DomainOptions, 'graceMs'>): Promise<ServerConfig> {
    const { name, authority, rooms = [], links, identity = authority.identity(name), settings = {} } = options;
    const operators = [{ name: 'root', password: 'secret', masks: ['*@*'] }];
    const domain = {
      name,
      tls: { cert: identity.certFile, key: identity.keyFile, ca: authority.own.certFile },
      listen: { port: 0 },
      rooms,
      links: links.map(({ name: other, way, rooms: theirs = [] }) => ({
        name: other,
        rooms: theirs,
        ...(way === undefined ? {} : { host: '127.0.0.1', port: way.port }),
      })),
    };
    return loadConfig({ config: configuration({ domain, operators, ...settings }), plainPort: 0, ircPort: 0 });
  }

  static async start({ graceMs, ...options }: DomainOptions): Promise<TestDomain> {
    const config = await TestDomain.configure(options);
    const file = { config };
    const running = await TestServer.run({
      config,
      readConfig: () => Promise.resolve(file.config),
      ...(graceMs !== undefined && { domainGraceMs: graceMs }),
    });
    return new TestDomain(running, file);
  }

  /** Reads a configuration in which the domain has changed. @returns the problem with it, and the keys that wait */
  reload(change: Partial<NonNullable<ServerConfig['domain']>>): ReturnType<TestServer['server']['reload']> {
    const { domain } = this.#file.config;
    if (domain === null) throw new Error('the server is no domain');
    this.#file.config = { ...this.#file.config, domain: { ...domain, ...change } };
    return this.server.reload();
  }

  /** The port for other domains. */
  get linkPort(): number {
    const address = this.server.domainAddress;
    return address !== null && 'port' in address ? address.port : 0;
  }

  /** Waits until the rooms of another domain can be reached, or cannot. */
  linked(domain: string, isUp = true): Promise<void> {
    const find = (): boolean | null | undefined =>
      this.server.readings().domainLinks.find((link) => link.domain === domain)?.isUp;
    return until(() => find() === isUp, `the link to ${domain} is ${isUp ? 'up' : 'down'}: ${this.records.join('; ')}`);
  }
}

/** Two domains: people of shanghai enter rooms of beijing, and the other way round. */
export interface Pair {
  readonly beijing: TestDomain;
  readonly shanghai: TestDomain;
  /** From shanghai to the rooms of beijing, and from beijing to those of shanghai. */
  readonly toBeijing: Way;
  readonly toShanghai: Way;
}

/** Starts both, with links up. */
export async function startPair(
  authority: Authority,
  more: { readonly beijing?: Partial<DomainOptions>; readonly shanghai?: Partial<DomainOptions> } = {},
): Promise<Pair> {
  const [toBeijing, toShanghai] = [await Way.open(), await Way.open()];
  const beijing = await TestDomain.start({
    name: 'beijing.example',
    authority,
    rooms: ['#tea', '#ops'],
    links: [{ name: 'shanghai.example', way: toShanghai, rooms: ['#boats'] }],
    ...more.beijing,
  });
  const shanghai = await TestDomain.start({
    name: 'shanghai.example',
    authority,
    rooms: ['#boats'],
    links: [{ name: 'beijing.example', way: toBeijing, rooms: ['#tea', '#secret'] }],
    ...more.shanghai,
  });
  toBeijing.leadTo(beijing.linkPort);
  toShanghai.leadTo(shanghai.linkPort);
  await Promise.all([shanghai.linked('beijing.example'), beijing.linked('shanghai.example')]);
  return { beijing, shanghai, toBeijing, toShanghai };
}

/** Settings for people who say a lot. */
export const QUICK = {
  classes: [{ name: 'everybody', addresses: [], linesPerSecond: 0, maxPerAddress: 0, connectionsPerMinute: 0 }],
};

/** Reads so many lines that are said in rooms, each without its source. */
export async function talkOf(peer: Peer, count: number): Promise<string[]> {
  const texts: string[] = [];
  while (texts.length < count) {
    const line = await peer.lineLike(/ PRIVMSG #/);
    texts.push(line.slice(line.indexOf(' :', line.indexOf(' PRIVMSG ')) + 2).trimEnd());
  }
  return texts;
}

/** How many lines somebody says at once. */
export const ROUND = 20;

/** Returns the lines that somebody says in a round. */
export function talk(room: string, who: string, round: number): string {
  return Array.from({ length: ROUND }, (_, index) => `PRIVMSG ${room} :${who} ${round * ROUND + index}\r\n`).join('');
}
