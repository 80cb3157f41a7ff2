/** The servers of a run: processes of `fdmux serve` on machines of their own, which can be killed and stopped. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DEADLINE_MS } from '../../support/deadline.js';
import { cliPath, TestProcess } from '../../support/processes.js';
import type { Way } from './client.js';
import { compile, type Network } from './network.js';

/** What servers are started with. */
export interface ClusterOptions {
  readonly network: Network;
  /** The machines that servers run on. */
  readonly machines: readonly string[];
  /** What the configuration says about the store. */
  readonly store: object;
  /** Whether they are nodes of one chat; a single server is not. */
  readonly areNodes: boolean;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Servers by the names of their machines. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'fdmux-cluster-'));
  readonly #running = new Map<string, TestProcess>();
  /** Hears that a server has ended by itself. It is started again, as a service manager does. */
  onEnd: (name: string) => void = () => {};
  /** What each server has logged, over all of its processes. */
  readonly #logs: { readonly name: string; readonly process: TestProcess }[] = [];

  constructor(options: ClusterOptions) {
    this.#options = options;
    compile('clock-shim.c', join(this.#folder, 'clock-shim.so'), '-shared', '-fPIC');
    for (const name of options.machines) this.setClock(name, 0);
  }

  get names(): readonly string[] {
    return this.#options.machines;
  }

  /** The path of the socket that a server takes clients on. */
  pathOf(name: string, way: Way): string {
    return join(this.#folder, `${name}.${way}`);
  }

  isRunning(name: string): boolean {
    return this.#running.has(name);
  }

  /** Makes a server's clock wrong, or right. It may run. */
  setClock(name: string, aheadSeconds: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(aheadSeconds));
    writeFileSync(join(this.#folder, `${name}.clock`), bytes, { flag: 'a+' });
    writeFileSync(join(this.#folder, `${name}.clock`), bytes, { flag: 'r+' });
  }

  /** Starts a server; when this resolves, it takes clients. */
  async start(name: string): Promise<void> {
    const { network, store, areNodes } = this.#options;
    const config = join(this.#folder, `${name}.json`);
    const listeners = [
      { protocol: 'irc', path: this.pathOf(name, 'lines') },
      { protocol: 'web', path: this.pathOf(name, 'web') },
    ];
    const node = areNodes ? { node: name } : {};
    writeFileSync(config, JSON.stringify({ ...node, listeners, store, log: { level: 'info', format: 'text' } }));
    const command = [...network.on(name), process.execPath, cliPath, 'serve', '--config', config];
    const env = {
      LD_PRELOAD: join(this.#folder, 'clock-shim.so'),
      FDMUX_CLOCK_FILE: join(this.#folder, `${name}.clock`),
    };
    const server = new TestProcess(command[0] ?? '', command.slice(1), { env, deadlineMs: 4 * DEADLINE_MS });
    this.#logs.push({ name, process: server });
    this.#running.set(name, server);
    await server.line('Ctrl-C ends the server.');
    void this.#keep(name, server);
  }

  /** Starts a server again if it ends by itself. */
  async #keep(name: string, server: TestProcess): Promise<void> {
    while (this.#running.get(name) === server && isAlive(server.pid)) await delay(100);
    if (this.#running.get(name) !== server) return;
    this.onEnd(name);
    await this.start(name).catch(() => {}); // It is missed by those who connect to it.
  }

  /** Ends a server at once. */
  async kill(name: string): Promise<void> {
    const server = this.#running.get(name);
    this.#running.delete(name);
    await server?.dispose();
  }

  /** Has a server end by itself. @returns its exit code */
  async stop(name: string): Promise<number | null> {
    const server = this.#running.get(name);
    if (server === undefined) return null;
    this.#running.delete(name);
    server.kill('SIGTERM');
    const { code } = await server.ended();
    return code;
  }

  freeze(name: string): void {
    this.#running.get(name)?.kill('SIGSTOP');
  }

  thaw(name: string): void {
    this.#running.get(name)?.kill('SIGCONT');
  }

  /** Returns what all servers have logged. */
  logs(): string {
    return this.#logs.map(({ name, process }) => `--- ${name} (${process.pid})\n${process.stderr}`).join('\n');
  }

  async close(): Promise<void> {
    this.#running.clear();
    for (const { process } of this.#logs) await process.dispose();
    rmSync(this.#folder, { recursive: true });
  }
}
