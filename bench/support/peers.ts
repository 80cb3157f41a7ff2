/** The servers that are compared, and whether they are here. */
import { join } from 'node:path';
import { PeerList } from './peer-list.js';
import { node } from './server.js';
import { built, compile, findBun, root, runs } from './tools.js';

/** What a server has to do; see servers/epoll.c. */
export type ServerMode = 'echo' | 'source' | 'fanout';

export interface Peer {
  readonly name: string;
  /** The command of the mode, or null where this peer does not do that. */
  command(mode: ServerMode): readonly string[] | null;
}

export function findPeers(): PeerList<Peer> {
  const list = new PeerList<Peer>();
  const script = (name: string) => join(built, 'servers', name);
  const source = (name: string) => join(root, 'bench/servers', name);
  const echoOnly = (command: readonly string[]) => (mode: ServerMode) => (mode === 'echo' ? command : null);

  const hasC = runs('cc', '--version');
  const epoll = hasC ? compile('servers/epoll.c') : '';
  list.add(hasC, 'apt-get install gcc', { name: 'C epoll', command: (mode) => [epoll, mode] });
  list.peers.push(
    { name: 'fdmux level', command: (mode) => [...node, script('fdmux.js'), mode] },
    { name: 'fdmux edge', command: (mode) => [...node, script('fdmux.js'), mode, 'epoll', 'edge'] },
    { name: 'node:net', command: (mode) => [...node, script('node-net.js'), mode] },
    {
      name: 'node:net corked',
      command: (mode) => (mode === 'fanout' ? [...node, script('node-net.js'), 'fanout-corked'] : null),
    },
  );
  const python = '/usr/bin/python3';
  const hasPython = runs(python, '--version');
  const asyncio = [python, source('asyncio_server.py')];
  list.add(hasPython, 'apt-get install python3', {
    name: 'Python selectors',
    command: echoOnly([python, source('selectors_server.py')]),
  });
  list.add(hasPython, 'apt-get install python3', { name: 'Python asyncio', command: echoOnly(asyncio) });
  list.add(runs(python, '-c', 'import uvloop'), 'apt-get install python3-uvloop', {
    name: 'Python uvloop',
    command: echoOnly([...asyncio, 'uvloop']),
  });
  const bun = findBun();
  list.add(bun !== null, 'npm run matrix -- --only bun', {
    name: 'Bun.listen',
    command: echoOnly([bun ?? '', source('bun.js')]),
  });
  return list;
}
