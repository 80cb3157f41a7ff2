/** The peers of a suite: those that are here, and the names of those that are not. */
export class PeerList<Peer extends { readonly name: string }> {
  readonly peers: Peer[] = [];
  readonly missing: string[] = [];

  /**
   * Takes a peer in where it is here; otherwise it is said to be skipped.
   *
   * @param command installs it
   */
  add(isHere: boolean, command: string, peer: Peer): void {
    if (isHere) {
      this.peers.push(peer);
    } else {
      this.missing.push(peer.name);
      console.log(`skipped: ${peer.name} is not installed (${command})`);
    }
  }
}
