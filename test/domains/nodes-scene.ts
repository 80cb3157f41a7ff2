/** A domain of several nodes whose logs are late, linked to a domain of one server. */
import { expect, onTestFinished, vi } from 'vitest';
import type { Member } from '../../src/chat/member.js';
import { MemoryCheckpoints } from '../support/memory-checkpoints.js';
import { SimulatedNetwork } from '../support/simulated-network.js';
import { LogServer, SocketLog } from '../support/socket-log.js';
import { Ways, World } from './worlds.js';

export const ROOM = '#a:home.example';
export const JOIN = { key: null, maxRooms: 9, flags: [] };
export const LIMITS = { maxMasks: 5, maxValues: 9 };

/** One node. */
export interface NodeOfFar {
  readonly world: World;
  readonly ways: Ways;
  readonly log: SocketLog;
  isGivenUp: boolean;
}

/** Two domains. One of them has several nodes, whose logs are late. */
export class NodesScene {
  readonly home = new World(null);
  readonly nodes: NodeOfFar[] = [];
  readonly network = new SimulatedNetwork(1, { cut: 0, repeat: 0 });
  readonly #logs = new LogServer(1_000_000, () => 1_000_000);
  readonly #checkpoints = new MemoryCheckpoints();

  static async start(...names: readonly string[]): Promise<NodesScene> {
    const scene = new NodesScene();
    await scene.home.start(['ann']);
    for (const name of names) await scene.add(name);
    onTestFinished(() => scene.close());
    return scene;
  }

  /** Ends all links. */
  async close(): Promise<void> {
    await this.home.domains.close();
    for (const { world } of this.nodes) await world.domains.close();
  }

  /** The same, with somebody of the home and of each node in the room. */
  static async startInside(...names: readonly string[]): Promise<NodesScene> {
    const scene = await NodesScene.start(...names);
    scene.home.chat.join(personOf(scene.home), '#a', JOIN);
    for (const { world } of scene.nodes) world.chat.join(personOf(world), ROOM, JOIN);
    await scene.settle();
    return scene;
  }

  /** Returns a node that has been started, by its place among those. */
  node(index: number): NodeOfFar {
    return this.nodes[index] ?? expect.fail(`there is no node ${String(index)}`);
  }

  /** @param isCut - whether it cannot reach the home */
  async add(name: string, isCut = false): Promise<NodeOfFar> {
    const log = new SocketLog(this.network, this.#logs);
    const ways = new Ways(this.home.domains);
    ways.isCut = isCut;
    const checkpoints = this.#checkpoints;
    const onGivenUp = (): void => {
      node.isGivenUp = true;
    };
    const world = new World(ways, {
      node: name,
      lineage: 'x1-',
      nodes: { logs: log, sharing: { checkpoints, onGivenUp } },
    });
    const node: NodeOfFar = { world, ways, log, isGivenUp: false };
    this.nodes.push(node);
    await this.settle();
    await world.start([name.slice(0, 1)]);
    await this.settle();
    return node;
  }

  /** Lets everything arrive. @param rounds - how often the nodes look after each other */
  async settle(rounds = 8): Promise<void> {
    for (let count = 0; count < rounds; count += 1) {
      // Without a bound, a domain that cannot be reached would be called for ever.
      for (let [isMoving, left] = [true, 100]; isMoving && left > 0; left -= 1) {
        this.network.run();
        await vi.advanceTimersByTimeAsync(0);
        isMoving = this.nodes.map(({ ways }) => ways.step(1_000)).includes(true);
      }
      await vi.advanceTimersByTimeAsync(250);
    }
  }

  /** A node is not there any more from one moment to the next. */
  async kill(node: NodeOfFar, name: string): Promise<void> {
    this.nodes.splice(this.nodes.indexOf(node), 1);
    node.ways.cut();
    node.ways.step(1);
    node.log.close();
    await node.world.domains.close();
    this.nodes[0]?.world.chat.giveUp(name);
  }

  get holders(): number {
    return this.nodes.filter(({ ways }) => ways.isConnected).length;
  }
}

/** Returns the first member of a world. */
export function personOf({ members: [member] }: World): Member {
  return member ?? expect.fail('nobody is here');
}
