/** Replays a recording: the same server, without sockets and in its own time. */
import { ChatServer } from '../chat-server.js';
import type { ConnectionLink } from '../link.js';
import { SILENT } from '../log.js';
import { type Given, isGiven, type OpenFacts, toBytes } from '../record/format.js';
import { isConfig, parseWithMaps } from '../record/header.js';
import type { Difference } from './difference.js';
import { RecordingLines } from './lines.js';
import { type Counts, ReplayedWire, ReplayedWorld } from './replayed-world.js';

/** How a replay has ended. */
export interface Outcome {
  /** Null if the server did all that is recorded, and nothing else. */
  readonly difference: Difference | null;
  readonly counts: Counts;
  /** Whether the recording ends in good order; it does not if the server was killed. */
  readonly isComplete: boolean;
  /** The versions of the program and of Node.js that made the recording. */
  readonly version: string;
  readonly node: string;
}

/**
 * Replays the recording in a file.
 *
 * @throws RecordingError if it is not a recording, has another version, or is damaged
 */
export async function replay(path: string): Promise<Outcome> {
  const lines = new RecordingLines(path);
  try {
    return await (await Replay.of(lines)).run();
  } finally {
    lines.close();
  }
}

class Replay {
  readonly #lines: RecordingLines;
  readonly #world: ReplayedWorld;
  readonly #server: ChatServer;
  readonly #links = new Map<number, ConnectionLink>();

  private constructor(lines: RecordingLines, world: ReplayedWorld, server: ChatServer) {
    this.#lines = lines;
    this.#world = world;
    this.#server = server;
  }

  static async of(lines: RecordingLines): Promise<Replay> {
    const world = new ReplayedWorld(lines);
    const { version, configurationName, config } = lines.header;
    const server = await ChatServer.withoutListeners({
      ...{ version, configurationName, config },
      log: SILENT,
      readConfig: world.readConfig,
      world,
      // The end that follows is recorded as well.
      onStop: () => undefined,
    });
    return new Replay(lines, world, server);
  }

  async run(): Promise<Outcome> {
    const world = this.#world;
    // Times of the day are written in the zone of the recorded server.
    process.env['TZ'] = this.#lines.header.timeZone;
    let isComplete = false;
    for (let line = this.#lines.take(); line !== null; line = this.#lines.take()) {
      if (line[0] === 'finished') isComplete = true;
      else if (line[0] === 'clock') world.setClocks(line[1], line[2]);
      else if (line[0] === 'turn') {
        world.beginTurn(line[1], line[2], line[3]);
        this.#runTurn();
        // The rest of a turn is what its promises bring.
        await new Promise((resolve) => setImmediate(resolve));
        world.endTurn();
      }
      if (world.difference !== null) break;
    }
    if (this.#lines.damage !== null) throw this.#lines.damage;
    const { version, node } = this.#lines.header;
    return { difference: world.difference, counts: world.counts, isComplete, version, node };
  }

  #runTurn(): void {
    for (let line = this.#lines.peek(); line !== null && isGiven(line); line = this.#lines.peek()) {
      this.#lines.take();
      this.#world.gives();
      try {
        this.#give(line);
      } catch (error) {
        this.#threw(typeof line[1] === 'number' ? line[1] : null, error);
      }
      if (this.#world.difference !== null) return;
    }
  }

  #threw(connection: number | null, error: unknown): void {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#world.differs(connection, 'no exception', what);
  }

  /** Begins work that ends later. If it fails, that is a difference, and not the end of the process. */
  #begin(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.#threw(null, error);
    });
  }

  #give(line: Given): void {
    const world = this.#world;
    switch (line[0]) {
      case 'open':
        this.#open(line[1], line[2]);
        return;
      case 'in':
        this.#link(line[1])?.receive(toBytes(line[2]));
        return;
      case 'eof':
        this.#link(line[1])?.endOfInput();
        return;
      case 'behind':
        this.#link(line[1])?.behind();
        return;
      case 'drain':
        this.#link(line[1])?.drained();
        return;
      case 'close':
        this.#close(line[1], line[2]);
        return;
      case 'timer': {
        const callback = world.takeTimer(line[1]);
        if (callback === undefined) world.differs(null, `timer ${line[1]} has run out`, 'there is no such timer');
        else callback();
        return;
      }
      case 'answered':
        if (!world.answer(line[1], line[2])) {
          world.differs(null, `answer ${line[1]}`, 'the server has not asked for it');
        }
        return;
      case 'reported':
        if (!world.report(line[1], line[2])) {
          world.differs(null, `a report ${line[1]}`, 'the server does not wait for it');
        }
        return;
      case 'begin':
        this.#begin(this.#server.begin());
        return;
      case 'keep':
        this.#begin(this.#server.keepRooms());
        return;
      case 'put-out':
        this.#begin(this.#server.putOut(line[1], line[2]));
        return;
      case 'ban':
        this.#begin(this.#server.setBan(line[1], line[2]));
        return;
      case 'unban':
        this.#begin(this.#server.liftBan(line[1], line[2]));
        return;
      case 'verified':
      case 'verify-error':
      case 'config':
      case 'config-error':
        this.#settle(line);
        return;
      case 'reload':
        this.#begin(this.#server.reload());
        return;
      case 'stop':
        this.#server.beginToEnd(line[1]);
        return;
    }
  }

  #open(id: number, { listener, ...facts }: OpenFacts): void {
    const config = this.#lines.header.config.listeners[listener];
    if (config === undefined) {
      this.#world.differs(id, `a peer of listener ${listener}`, 'there is no such listener');
      return;
    }
    const link = this.#server.clients.admit({ wire: new ReplayedWire(this.#world, id), config, ...facts });
    if (link.id !== id) this.#world.differs(id, `connection ${id}`, `connection ${link.id}`);
    this.#links.set(id, link);
  }

  #link(id: number): ConnectionLink | undefined {
    const link = this.#links.get(id);
    if (link === undefined) this.#world.differs(id, 'an open connection', 'there is no such connection');
    return link;
  }

  #close(id: number, loss: { readonly code: string; readonly message: string } | null): void {
    const link = this.#link(id);
    if (link === undefined) return;
    this.#links.delete(id);
    const error = loss === null ? undefined : Object.assign(new Error(loss.message), { code: loss.code });
    this.#server.clients.departed(link, error);
  }

  #settle(
    line: Extract<Given, readonly ['verified' | 'verify-error' | 'config' | 'config-error', ...unknown[]]>,
  ): void {
    const [kind, number, result] = line;
    const isCheck = kind === 'verified' || kind === 'verify-error';
    const check = isCheck ? this.#world.takeCheck(number) : undefined;
    const reading = isCheck ? undefined : this.#world.takeReading(number);
    const config = kind === 'config' ? parseWithMaps(JSON.stringify(result)) : null;
    if (check === undefined && reading === undefined) {
      this.#world.differs(null, `${kind} ${number}`, 'the server has not asked for it');
    } else if (kind === 'verified') check?.resolve(line[2]);
    else if (kind === 'verify-error') check?.reject(new Error(line[2]));
    else if (kind === 'config-error') reading?.reject(new Error(line[2]));
    else if (isConfig(config)) reading?.resolve(config);
    else this.#world.differs(null, 'a configuration', 'its line is damaged');
  }
}
