/** The chat servers that are compared, and how each is started. */
import { ircCandidates, type IrcCommand } from '../irc/servers.js';
import type { Candidate } from '../support/candidates.js';
import type { Checkout } from '../support/checkout.js';
import { node } from '../support/server.js';
import { compile, runs } from '../support/tools.js';
import type { Protocol } from './crowd.js';

/** Returns how a server is started that speaks a protocol; null if it does not. */
export type ChatCommand = (protocol: Protocol) => IrcCommand | null;

/** The name of the peer that the others are compared with. */
export const LIMIT_PEER = 'C';

/** @param checkouts - those whose fdmux is measured */
export function chatCandidates(checkouts: readonly Checkout[]): readonly Candidate<ChatCommand>[] {
  return [
    ...checkouts.map(fdmux),
    limit,
    ...ircCandidates([])
      .filter(({ name }) => name === 'InspIRCd')
      .map(ircOnly),
  ];
}

function fdmux(checkout: Checkout): Candidate<ChatCommand> {
  return {
    name: checkout.label('fdmux'),
    install: 'npm run build',
    find: () => (protocol) => (port) => {
      const other = protocol === 'plain' ? '--no-irc' : '--no-plain';
      return [...node, checkout.cli, 'serve', other, `--${protocol}-port`, String(port)];
    },
  };
}

/** One send a member and turn: see room.c. */
const limit: Candidate<ChatCommand> = {
  name: LIMIT_PEER,
  install: 'apt-get install gcc',
  find: () => {
    if (!runs('cc', '--version')) return null;
    const program = compile('chat/room.c');
    return (protocol) => (port) => [program, String(port), protocol];
  },
};

function ircOnly({ name, install, find }: ReturnType<typeof ircCandidates>[number]): Candidate<ChatCommand> {
  return {
    name,
    install,
    find: () => {
      const peer = find();
      return peer === null ? null : (protocol) => (protocol === 'irc' ? peer.command : null);
    },
  };
}
