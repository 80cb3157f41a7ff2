/** The peers of a suite: the known, the requested and the installed ones. */
import { Refusal } from './refusal.js';

/** A peer that may be compared if it is installed. */
export interface Candidate<Command> {
  readonly name: string;
  /** The command that installs it. */
  readonly install: string;
  /** Returns how the peer is started, or null if it is not installed. */
  readonly find: () => Command | null;
}

/** A peer that is installed. */
export interface Peer<Command> {
  readonly name: string;
  readonly command: Command;
}

/** Whether `part` is in `name` from the beginning of a word. */
function hasPart(name: string, part: string): boolean {
  return part !== '' && [...name.matchAll(/\b\w/g)].some(({ index }) => name.startsWith(part, index));
}

/**
 * Checks that each part of a name belongs to a peer.
 *
 * @throws {@link Refusal} if one does not; it names the peers
 */
export function refuseUnknown(names: readonly string[], parts: readonly string[] | null): void {
  const unknown = parts?.find((part) => !names.some((name) => hasPart(name, part)));
  if (unknown !== undefined) throw new Refusal(`there is no peer '${unknown}'; known are: ${names.join(', ')}`);
}

/** Whether a part is of one of the names; without parts all are meant. */
export function isAnyNamed(names: readonly string[], parts: readonly string[] | null): boolean {
  return parts === null || names.some((name) => parts.some((part) => hasPart(name, part)));
}

/**
 * Finds the peers that are installed, and reports those that are not.
 *
 * @param parts of the names of the peers to look for; null for all of them
 * @throws {@link Refusal} if none of them is installed
 */
export function findPeers<Command>(
  candidates: readonly Candidate<Command>[],
  parts: readonly string[] | null,
): readonly Peer<Command>[] {
  const peers: Peer<Command>[] = [];
  for (const { name, install, find } of candidates) {
    if (parts !== null && !parts.some((part) => hasPart(name, part))) continue;
    const command = find();
    if (command === null) console.log(`skipped: ${name} is not installed (${install})`);
    else peers.push({ name, command });
  }
  if (peers.length === 0) throw new Refusal('none of these peers is installed');
  return peers;
}
