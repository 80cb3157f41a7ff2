import { seeded } from './random.js';

/** How likely each fault is with each delivery, from 0 to 1. */
export interface NetworkFaults {
  /** The connection is cut, and all messages on their way in both directions are lost. */
  readonly cut?: number;
  /** Everything that is delivered is delivered again later. */
  readonly repeat?: number;
}

/** The way of one end to the other. */
type Lane = (() => void)[];

/** A connection: messages on one lane arrive in order, but with arbitrary delays. */
export class SimulatedConnection {
  readonly #network: SimulatedNetwork;
  readonly #onCut: () => void;
  readonly lanes: { readonly up: Lane; readonly down: Lane } = { up: [], down: [] };

  constructor(network: SimulatedNetwork, onCut: () => void) {
    this.#network = network;
    this.#onCut = onCut;
  }

  /** Sends something, which has an effect when it arrives, unless the connection is cut before. */
  send(lane: 'up' | 'down', arrive: () => void): void {
    if (this.#network.has(this)) this.lanes[lane].push(arrive);
  }

  cut(): void {
    if (this.#network.remove(this)) this.#onCut();
  }
}

/** Delivers one thing at a time; a seed decides which is next, and which faults occur. */
export class SimulatedNetwork {
  readonly #random: () => number;
  #faults: Required<NetworkFaults>;
  readonly #connections = new Set<SimulatedConnection>();
  readonly #later: Lane = [];

  constructor(seed: number, { cut = 0, repeat = 0 }: NetworkFaults = {}) {
    this.#random = seeded(seed);
    this.#faults = { cut, repeat };
  }

  connect(onCut: () => void): SimulatedConnection {
    const connection = new SimulatedConnection(this, onCut);
    this.#connections.add(connection);
    return connection;
  }

  has(connection: SimulatedConnection): boolean {
    return this.#connections.has(connection);
  }

  remove(connection: SimulatedConnection): boolean {
    return this.#connections.delete(connection);
  }

  /** Does something at some later time, whatever becomes of connections. */
  later(what: () => void): void {
    this.#later.push(what);
  }

  /** Cuts every connection. */
  cutAll(): void {
    for (const connection of [...this.#connections]) connection.cut();
  }

  /** Causes no more faults from now on. */
  heal(): void {
    this.#faults = { cut: 0, repeat: 0 };
  }

  /** Whether nothing is under way. */
  get isQuiet(): boolean {
    const lanes = [...this.#connections].flatMap((connection) => Object.values(connection.lanes));
    return this.#later.length === 0 && lanes.every((lane) => lane.length === 0);
  }

  /** Delivers until nothing is under way, or until a number of deliveries. */
  run(maxSteps = Infinity): void {
    for (let steps = 0; steps < maxSteps && this.#step(); steps += 1);
  }

  #step(): boolean {
    const lanes: { lane: Lane; connection: SimulatedConnection | null }[] = [];
    if (this.#later.length > 0) lanes.push({ lane: this.#later, connection: null });
    for (const connection of this.#connections) {
      for (const lane of Object.values(connection.lanes)) if (lane.length > 0) lanes.push({ lane, connection });
    }
    const chosen = lanes[Math.floor(this.#random() * lanes.length)];
    if (chosen === undefined) return false;
    if (chosen.connection !== null && this.#random() < this.#faults.cut) {
      chosen.connection.cut();
      return true;
    }
    const arrive = chosen.lane.shift();
    arrive?.();
    const isRepeatable = chosen.connection !== null && arrive !== undefined;
    if (isRepeatable && this.#random() < this.#faults.repeat) chosen.lane.push(arrive);
    return true;
  }
}
