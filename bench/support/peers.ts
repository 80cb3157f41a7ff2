/** The servers that can be compared, and how each is started. */
import { join } from 'node:path';
import type { Candidate } from './candidates.js';
import type { Checkout } from './checkout.js';
import { here } from './checkout.js';
import { node } from './server.js';
import { compile, findBun, root, runs } from './tools.js';

/** The jobs of a server; see servers/epoll.c. */
export type ServerMode = 'echo' | 'source' | 'relay' | 'fanout' | 'datagrams' | 'answers' | 'counts';

const isOfDatagrams = (mode: ServerMode): boolean => ['datagrams', 'answers', 'counts'].includes(mode);

/** Returns the command of a mode, or null if the peer does not do that. */
export type ServerCommand = (mode: ServerMode) => readonly string[] | null;

const PYTHON = '/usr/bin/python3';

const source = (name: string) => join(root, 'bench/servers', name);
const echoOnly =
  (command: readonly string[]): ServerCommand =>
  (mode) =>
    mode === 'echo' ? command : null;

/** @param checkouts those whose fdmux is measured */
export function serverCandidates(checkouts: readonly Checkout[]): readonly Candidate<ServerCommand>[] {
  return [
    {
      name: 'C epoll',
      install: 'apt-get install gcc',
      find: () => {
        if (!runs('cc', '--version')) return null;
        const program = compile('servers/epoll.c');
        return (mode) => [program, mode];
      },
    },
    ...checkouts.map((checkout) => fdmux(checkout, 'level')),
    ...checkouts.map((checkout) => fdmux(checkout, 'edge')),
    nodeNet('node:net', (mode) => (isOfDatagrams(mode) ? null : mode)),
    {
      name: 'node:dgram',
      install: 'npm run build',
      find: () => (mode) => (isOfDatagrams(mode) ? [...node, here.program('servers/node-dgram.js'), mode] : null),
    },
    nodeNet('node:net corked', (mode) => (mode === 'fanout' ? 'fanout-corked' : null)),
    python('Python selectors', 'python3', ['--version'], [source('selectors_server.py')]),
    python('Python asyncio', 'python3', ['--version'], [source('asyncio_server.py')]),
    python('Python uvloop', 'python3-uvloop', ['-c', 'import uvloop'], [source('asyncio_server.py'), 'uvloop']),
    bun('Bun.listen', (program) => echoOnly([program, source('bun.js')])),
    bun('Bun.udpSocket', (program) => (mode) => (isOfDatagrams(mode) ? [program, source('bun-udp.js'), mode] : null)),
  ];
}

function fdmux(checkout: Checkout, trigger: 'level' | 'edge'): Candidate<ServerCommand> {
  return {
    name: checkout.label(`fdmux ${trigger}`),
    install: 'npm run build',
    find: () => {
      const program = checkout.program('servers/fdmux.js');
      // Datagrams have no edge trigger.
      return (mode) => (isOfDatagrams(mode) && trigger === 'edge' ? null : [...node, program, mode, 'epoll', trigger]);
    },
  };
}

function bun(name: string, commandOf: (program: string) => ServerCommand): Candidate<ServerCommand> {
  return {
    name,
    install: 'npm run matrix -- --only bun',
    find: () => {
      const program = findBun();
      return program === null ? null : commandOf(program);
    },
  };
}

function nodeNet(name: string, toMode: (mode: ServerMode) => string | null): Candidate<ServerCommand> {
  return {
    name,
    install: 'npm run build',
    find: () => (mode) => {
      const own = toMode(mode);
      return own === null ? null : [...node, here.program('servers/node-net.js'), own];
    },
  };
}

function python(
  name: string,
  debianPackage: string,
  test: readonly string[],
  parameters: readonly string[],
): Candidate<ServerCommand> {
  return {
    name,
    install: `apt-get install ${debianPackage}`,
    find: () => (runs(PYTHON, ...test) ? echoOnly([PYTHON, ...parameters]) : null),
  };
}
