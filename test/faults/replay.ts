/** A recorded chat server, while system calls of its addon fail and its clients arrive, talk, break off and go deaf. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { replay } from '../../src/server/replay/replay.js';
import type { Connection } from '../../src/store/engine.js';
import { type RunningServer, startServer, type VARIANTS } from '../cli/chat-server.js';
import { ask, client } from '../server/keeping.js';
import { DEADLINE_MS } from '../support/deadline.js';
import { connectPeer, type Peer } from '../support/peers.js';
import { seeded } from '../support/random.js';
import { openFile } from '../support/stores.js';
import { temporaryFolder } from '../support/temporary.js';
import { ANY_TIME, faultShim, hasShim, LEVEL_TRIGGERED } from './shim.js';

export interface Amount {
  readonly variants: readonly (typeof VARIANTS)[number][];
  readonly clients: number;
  readonly actions: number;
  readonly replays: number;
  /** Whether the server has a store: it stands still at times, and once for too long. */
  readonly hasStore?: boolean;
}

/** Actions between two moments at which the server is known to have done all of them. */
const AT_ONCE = 20;
const SEED = 5;

/** What clients send; `#` stands for a number. */
const IRC_LINES = [
  ...[
    'PRIVMSG #lobby :hello #',
    'PRIVMSG #lobby :\u0001ACTION waves\u0001',
    '@+typing=active TAGMSG #lobby',
    'NICK n#',
  ],
  ...['JOIN #room', 'PART #room :bye', 'TOPIC #lobby :topic #', 'WHO #lobby', 'NAMES #lobby', 'LIST', 'MODE #lobby'],
  ...[
    'WHOIS n#',
    'MONITOR + n#',
    'AWAY :gone #',
    'AWAY',
    'TIME',
    '@label=# PRIVMSG nobody :x',
    'NONSENSE # #',
    '\ufffd',
    '',
  ],
];
/** What they also send to a server with a store. */
const STORE_LINES = [
  ...['CHATHISTORY LATEST #lobby * 20', 'CHATHISTORY TARGETS timestamp=2026-01-01 timestamp=2099-01-01 9'],
  ...['SEARCH text=hello', 'PRIVMSG n# :in private #', 'REGISTER * * secret#', 'NS IDENTIFY n# secret#', 'NS LOGOUT'],
  ...['MARKREAD #lobby timestamp=2026-01-01T00:00:00.000Z', 'MARKREAD #lobby', 'NS SET ALWAYS-ON ON', 'NS DROP n# x'],
];
const PLAIN_LINES = ['hello #', '你好 #', 'x'.repeat(3000), 'exit', '\u001b[2J', ''];
const CAPABILITIES = 'CAP REQ :server-time message-tags echo-message labeled-response batch\r\nCAP END\r\n';

/** Clients of one server that do whatever the dice say. */
class Crowd {
  readonly #server: RunningServer;
  readonly #random = seeded(SEED);
  readonly #clients: { peer: Peer; isPlain: boolean }[] = [];
  readonly #ircLines: readonly string[];
  #arrived = 0;

  constructor(server: RunningServer, ircLines: readonly string[]) {
    this.#server = server;
    this.#ircLines = ircLines;
  }

  #upTo(count: number): number {
    return Math.floor(this.#random() * count);
  }

  #pick(lines: readonly string[]): string {
    return (lines[this.#upTo(lines.length)] ?? '').replaceAll('#', String(this.#upTo(50)));
  }

  async arrive(): Promise<void> {
    this.#arrived += 1;
    const number = this.#arrived;
    const isPlain = number % 3 === 0;
    const peer = await connectPeer(isPlain ? this.#server.plainPort : this.#server.ircPort);
    this.#clients.push({ peer, isPlain });
    const capabilities = number % 2 === 0 ? CAPABILITIES : '';
    if (!isPlain) await peer.write(`NICK c${number}\r\n${capabilities}USER u 0 * :A client\r\nJOIN #lobby\r\n`);
  }

  async act(): Promise<void> {
    const index = this.#upTo(this.#clients.length);
    const client = this.#clients[index];
    if (client === undefined) return;
    const { peer, isPlain } = client;
    const dice = this.#upTo(100);
    if (dice < 4) {
      if (dice < 2) peer.reset();
      else peer.end();
      this.#clients.splice(index, 1);
      await this.arrive();
    } else if (dice < 6) {
      peer.socket.pause();
    } else {
      const line = Buffer.from(
        `${this.#pick(isPlain ? PLAIN_LINES : this.#ircLines)}\r\n`,
        dice < 10 ? 'latin1' : 'utf8',
      );
      const cut = dice < 20 ? this.#upTo(line.length) : 0;
      // One that has left takes nothing any more.
      await peer.write(line.subarray(0, cut)).catch(() => undefined);
      await peer.write(line.subarray(cut)).catch(() => undefined);
    }
  }
}

/** Actions between two times at which the store stands still, each for half of them. */
const STANDSTILL = 100;

/** A store whose file another program has at times: it does not answer then, as on a disk that stands still. */
class SlowStore {
  readonly #folder: string;
  #file: Connection | null = null;
  #isStill = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get args(): readonly string[] {
    return ['--data', this.#folder];
  }

  async standStill(): Promise<void> {
    if (this.#isStill) return;
    this.#file ??= await openFile(this.#folder);
    this.#file.exec('BEGIN IMMEDIATE');
    this.#isStill = true;
  }

  goOn(): void {
    if (this.#isStill) this.#file?.exec('COMMIT');
    this.#isStill = false;
  }

  /** Stands still until somebody is told so. */
  async fail(server: RunningServer): Promise<void> {
    this.goOn();
    const ann = await client(server, 'ann');
    await ask(ann, 'JOIN #store', / 366 ann #store /);
    await this.standStill();
    await ask(ann, 'PRIVMSG #store :lost', / FAIL PRIVMSG STORE_UNAVAILABLE #store :/);
    this.goOn();
    await ask(ann, 'PRIVMSG #store :again', / PRIVMSG #store :again/);
  }

  /** Removes its file, once the server has ended. */
  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** Defines the test on each of the variants. */
export function testReplayUnderFaults({ variants, clients, actions, replays, hasStore = false }: Amount): void {
  describe.skipIf(!hasShim).each(variants)('faults on $backend, $trigger-triggered', ({ backend, trigger }) => {
    const shim = faultShim();
    const rates = trigger === 'edge' ? ANY_TIME : LEVEL_TRIGGERED;

    test(
      `what ${clients} clients do in ${actions} actions${hasStore ? ', with a store,' : ''} is replayed alike ${replays} times`,
      { timeout: (20 + replays) * DEADLINE_MS },
      async () => {
        const path = join(temporaryFolder(), 'recording');
        const env = shim.environment(rates, SEED);
        const store = hasStore ? new SlowStore(join(temporaryFolder(), 'data')) : null;
        const args = ['--backend', backend, '--trigger', trigger, '--record', path, ...(store?.args ?? [])];
        const server = await startServer(args, { env });
        const crowd = new Crowd(server, hasStore ? [...IRC_LINES, ...STORE_LINES] : IRC_LINES);
        for (let count = 0; count < clients; count += 1) await crowd.arrive();
        const witness = await connectPeer(server.ircPort);
        for (let count = 0; count < actions; count += 1) {
          await crowd.act();
          if (count % STANDSTILL === 0) await store?.standStill();
          if (count % STANDSTILL === STANDSTILL / 2) store?.goOn();
          if (count === Math.floor(actions / 2)) await store?.fail(server);
          if (count % AT_ONCE > 0) continue;
          await witness.write(`PING ${count}\r\n`);
          await witness.lineLike(/ (?:451|PONG) /);
        }
        server.process.kill('SIGTERM');
        expect(await server.process.ended()).toMatchObject({ code: 0 });
        store?.remove();
        const first = await replay(path);
        expect(first).toMatchObject({ difference: null, isComplete: true });
        expect(first.counts.connections).toBeGreaterThanOrEqual(clients);
        for (let count = 1; count < replays; count += 1) expect(await replay(path)).toEqual(first);
      },
    );
  });
}
