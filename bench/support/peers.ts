/** The servers that are compared, and whether they are here. */
import { join } from 'node:path';

import { node } from './server.js';
import { compile, findBun, root, runs } from './tools.js';

/** What a server has to do; see servers/epoll.c. */
export type ServerMode = 'echo' | 'source' | 'fanout';

export interface Peer {
  readonly name: string;
  /** The command of the mode, or null where this peer does not do that. */
  command(mode: ServerMode): readonly string[] | null;
}

/** Every peer that is installed, and the names of those that are not. */
export function findPeers(): { readonly peers: readonly Peer[]; readonly missing: readonly string[] } {
  const missing: string[] = [];
  const peers: Peer[] = [];
  const add = (isHere: boolean, name: string, command: Peer['command']): void => {
    if (isHere) peers.push({ name, command });
    else missing.push(name);
  };
  const script = (name: string) => join(root, 'build/bench/servers', name);
  const source = (name: string) => join(root, 'bench/servers', name);
  const echoOnly = (command: readonly string[]) => (mode: ServerMode) => (mode === 'echo' ? command : null);

  const epoll = runs('cc', '--version') ? compile('servers/epoll.c') : null;
  add(epoll !== null, 'C epoll', (mode) => [epoll ?? '', mode]);
  add(true, 'fdmux level', (mode) => [...node, script('fdmux.js'), mode]);
  add(true, 'fdmux edge', (mode) => [...node, script('fdmux.js'), mode, 'epoll', 'edge']);
  add(true, 'node:net', (mode) => [...node, script('node-net.js'), mode]);
  add(true, 'node:net corked', (mode) =>
    mode === 'fanout' ? [...node, script('node-net.js'), 'fanout-corked'] : null,
  );
  const python = '/usr/bin/python3';
  const hasPython = runs(python, '--version');
  add(hasPython, 'Python selectors', echoOnly([python, source('selectors_server.py')]));
  add(hasPython, 'Python asyncio', echoOnly([python, source('asyncio_server.py')]));
  add(runs(python, '-c', 'import uvloop'), 'Python uvloop', echoOnly([python, source('asyncio_server.py'), 'uvloop']));
  const bun = findBun();
  add(bun !== null, 'Bun.listen', echoOnly([bun ?? '', source('bun.js')]));
  return { peers, missing };
}
