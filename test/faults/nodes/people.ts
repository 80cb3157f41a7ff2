/** The people of a run: they talk, they watch, they want the same nick, and they come again when they are put out. */
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/deadline.js';
import { Client, type Way } from './client.js';
import type { Cluster } from './cluster.js';
import type { Transcript } from './record.js';

/** What somebody does. */
type Role = 'talks' | 'watches' | 'wants';

/** A nick that several people want at the same time. */
const WANTED = 'prize';

/** How long somebody waits for a welcome: the store may be away meanwhile. */
const PATIENCE_MS = 60_000;

/** All people of a run. */
export class People {
  readonly #cluster: Cluster;
  readonly #rooms: readonly string[];
  readonly #random: () => number;
  /** Every connection that there has been. */
  readonly #all: Client[] = [];
  readonly #lives: Promise<void>[] = [];
  #count = 0;
  /** Whether they say nothing new. */
  #isQuiet = false;
  #isOver = false;

  constructor(cluster: Cluster, rooms: readonly string[], random: () => number) {
    this.#cluster = cluster;
    this.#rooms = rooms;
    this.#random = random;
  }

  /** Those who are connected, and in all rooms. */
  get present(): readonly Client[] {
    return this.#all.filter((client) => !client.isOver && client.rooms.size === this.#rooms.length);
  }

  /** Whether nobody waits for an answer, or has what others want. */
  get isCalm(): boolean {
    return this.present.every(({ waiting, nick }) => waiting === 0 && nick !== WANTED);
  }

  /** What those saw who were ever welcome. */
  get transcripts(): readonly Transcript[] {
    return this.#all.filter(({ isWelcome }) => isWelcome).map(({ transcript }) => transcript);
  }

  /** Brings people to every server; resolves when all of them are in all rooms. */
  async come(): Promise<void> {
    const roles: readonly (readonly [Role, Way])[] = [
      ['talks', 'lines'],
      ['talks', 'lines'],
      ['talks', 'web'],
      ['watches', 'lines'],
      ['wants', 'lines'],
    ];
    for (const name of this.#cluster.names) {
      for (const [role, way] of roles) this.#lives.push(this.#live(name, role, way));
    }
    const count = roles.length * this.#cluster.names.length;
    await until(
      () => this.present.length === count,
      () =>
        `only ${this.present.length} of ${count} came; lately:\n${this.#all.map(({ lately }) => lately.at(-1)).join('\n')}`,
      PATIENCE_MS,
    );
  }

  /** Has everybody fall silent. */
  quiet(): void {
    this.#isQuiet = true;
  }

  /** Has nobody come again who is put out from now on. */
  stayAway(): void {
    this.#isOver = true;
  }

  /** Has everybody leave. */
  async leave(): Promise<void> {
    this.#isOver = true;
    for (const client of this.#all) client.close();
    await Promise.all(this.#lives);
  }

  /** Somebody's connections, one after the other, at first to a server that is named. */
  async #live(home: string, role: Role, way: Way): Promise<void> {
    for (let node = home; !this.#isOver; node = this.#elsewhere()) {
      this.#count += 1;
      const id = role === 'wants' ? `${role}-${home}` : `${role}${this.#count}`;
      const options = { id: `${id}.${this.#count}`, nick: id, keepsNick: role !== 'wants', node, way };
      const client = new Client({ ...options, path: this.#cluster.pathOf(node, way) });
      this.#all.push(client);
      await this.#use(client, role).catch(() => client.close());
      await delay(300);
    }
  }

  async #use(client: Client, role: Role): Promise<void> {
    if (!(await client.welcomed(PATIENCE_MS))) return;
    for (const room of this.#rooms) client.join(room);
    await until(() => client.rooms.size === this.#rooms.length || client.isOver, 'the rooms', PATIENCE_MS);
    while (!client.isOver) {
      if (!this.#isQuiet) this.#act(client, role);
      else if (client.nick === WANTED) client.send(`NICK ${client.id.split('.')[0] ?? ''}`);
      await delay(100 + this.#random() * 200);
    }
  }

  #act(client: Client, role: Role): void {
    const room = this.#rooms[Math.floor(this.#random() * this.#rooms.length)] ?? '';
    switch (role) {
      case 'talks':
        // A client that has sent much, and hears nothing, waits.
        if (client.waiting < 20) client.say(room);
        break;
      case 'watches':
        client.ping();
        break;
      case 'wants':
        if (client.nick === WANTED) client.send(`NICK ${client.id.split('.')[0] ?? ''}`);
        else if (this.#random() < 0.3) client.send(`NICK ${WANTED}`);
        break;
    }
  }

  /** A server that runs. */
  #elsewhere(): string {
    const running = this.#cluster.names.filter((name) => this.#cluster.isRunning(name));
    return running[Math.floor(this.#random() * running.length)] ?? this.#cluster.names[0] ?? '';
  }
}
