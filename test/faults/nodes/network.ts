/** Machines of a test: network namespaces, with links between them that can be cut, slow, or bad. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { present } from '../../../src/errors.js';
import { until, within } from '../../support/deadline.js';

/** How a link delivers what it is given. */
export interface Link {
  /** The share of packets that it loses, 0 to 1. */
  readonly loss: number;
  readonly delayMs: number;
  /** Up to so much more delay, at random: packets overtake each other. */
  readonly jitterMs: number;
}

export const GOOD: Link = { loss: 0, delayMs: 0, jitterMs: 0 };
export const CUT: Link = { loss: 1, delayMs: 0, jitterMs: 0 };

function ip(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr}`);
}

/** Compiles one of the programs that tests of faults use. */
export function compile(source: string, output: string, ...flags: readonly string[]): void {
  const args = ['-O2', '-Wall', '-Wextra', '-Werror', ...flags, '-o', output, join(__dirname, '..', source)];
  const { status, stderr } = spawnSync('gcc', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

/** Why there can be no such network here; null if there can be one. */
export const networkProblem: string | null = (() => {
  if (process.getuid?.() !== 0) return 'only root makes network namespaces';
  if (spawnSync('gcc', ['--version']).status !== 0) return 'no C compiler';
  if (spawnSync('ip', ['-V']).status !== 0) return 'iproute2 is not installed';
  const name = `fdmux-try-${process.pid}`;
  if (spawnSync('ip', ['netns', 'add', name]).status !== 0) return 'no network namespaces';
  const tried = spawnSync('ip', ['-n', name, 'tuntap', 'add', 'try0', 'mode', 'tun']);
  spawnSync('ip', ['netns', 'del', name]);
  return tried.status === 0 ? null : 'no TUN interfaces';
})();

/** A network of some machines, each of which can reach the others. */
export class Network {
  readonly #names: readonly string[];
  readonly #carrier: ChildProcessWithoutNullStreams;
  readonly #folder: string;
  #output = '';
  #errors = '';

  private constructor(names: readonly string[], carrier: ChildProcessWithoutNullStreams, folder: string) {
    this.#names = names;
    this.#carrier = carrier;
    this.#folder = folder;
    carrier.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
    carrier.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    carrier.stdin.on('error', () => {}); // A carrier that has ended is found by what does not happen.
  }

  /**
   * Makes the machines.
   *
   * @param names - of the machines, each at most 4 characters long
   * @param seed - which packets are lost, and when the others arrive
   */
  static async open(names: readonly string[], seed: number): Promise<Network> {
    const folder = mkdtempSync(join(tmpdir(), 'fdmux-network-'));
    const program = join(folder, 'network-shim');
    compile('network-shim.c', program);
    const interfaces = names.map((name) => `fd${process.pid}${name}`);
    const ends = names.map((name, index) => `${interfaces[index] ?? ''}=${addressOf(names, name)}`);
    const carrier = spawn(program, [String(seed), ...ends]);
    const network = new Network(names, carrier, folder);
    try {
      await until(
        () => network.#output.startsWith('ready\n'),
        () => `the network: ${network.#errors}`,
      );
      for (const [index, name] of names.entries()) {
        const space = network.space(name);
        const device = interfaces[index] ?? '';
        ip('netns', 'add', space);
        ip('link', 'set', device, 'netns', space);
        ip('-n', space, 'link', 'set', 'lo', 'up');
        ip('-n', space, 'addr', 'add', `${addressOf(names, name)}/24`, 'dev', device);
        ip('-n', space, 'link', 'set', device, 'up');
      }
    } catch (error) {
      network.close();
      throw error;
    }
    return network;
  }

  /** The namespace of a machine. */
  space(name: string): string {
    return `fdmux-${process.pid}-${name}`;
  }

  /** The words before a command that runs on a machine. */
  on(name: string): readonly string[] {
    return ['ip', 'netns', 'exec', this.space(name)];
  }

  addressOf(name: string): string {
    return addressOf(this.#names, name);
  }

  /** Changes the link from one machine to another; the way back stays as it is. */
  async change(from: string, to: string, { loss, delayMs, jitterMs }: Link): Promise<void> {
    const before = this.#output.length;
    const rule = [this.#indexOf(from), this.#indexOf(to), Math.round(loss * 10_000), delayMs * 1_000, jitterMs * 1_000];
    this.#carrier.stdin.write(`${rule.map(Math.round).join(' ')}\n`);
    await within(
      until(() => this.#output.length > before, 'the rule'),
      'a rule of the network',
    );
  }

  /** Removes the machines. What runs there must have ended. */
  close(): void {
    this.#carrier.kill('SIGKILL');
    for (const name of this.#names) spawnSync('ip', ['netns', 'del', this.space(name)]);
    rmSync(this.#folder, { recursive: true });
  }

  #indexOf(name: string): number {
    const index = this.#names.indexOf(name);
    return present(index < 0 ? undefined : index, `the machine ${name}`);
  }
}

const addressOf = (names: readonly string[], name: string): string => `10.77.0.${10 + names.indexOf(name)}`;
