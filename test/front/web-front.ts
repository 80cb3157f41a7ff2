import type { ListenOptions } from 'fdmux';
import { onTestFinished } from 'vitest';
import { type Accepted, WebFront } from '../../src/front/web-front.js';
import type { Site } from '../../src/front/web-site.js';
import type { WebSocketWire } from '../../src/front/web-socket-wire.js';
import { portOf, testListener } from '../support/connections.js';
import { until } from '../support/deadline.js';

/** A peer that keeps what it receives, and lets the test write. */
export class RecordingPeer {
  readonly wire: WebSocketWire;
  received = '';
  drains = 0;
  hasDeparted = false;
  error: Error | undefined;

  constructor(wire: WebSocketWire) {
    this.wire = wire;
  }

  receive(bytes: Uint8Array): void {
    this.received += Buffer.from(bytes).toString('latin1');
  }

  drained(): void {
    this.drains += 1;
  }

  /** Waits until exactly these bytes have been received. */
  async hears(text: string): Promise<void> {
    await until(
      () => this.received === text,
      () => `received ${JSON.stringify(this.received)} instead of ${JSON.stringify(text)}`,
    );
  }

  async departs(): Promise<void> {
    await until(() => this.hasDeparted, 'the departure of a peer');
  }
}

/** A listener with a front behind it. */
export async function startFront({
  site = new Map(),
  origins = [],
  source = null,
  tls,
}: { site?: Site; origins?: string[]; source?: string | null; tls?: ListenOptions<unknown>['tls'] } = {}) {
  const peers: RecordingPeer[] = [];
  const front = new WebFront<Accepted, RecordingPeer>({
    site,
    socketPath: '/irc',
    facts: () => ({ networkName: 'test' }),
    origins: new Set(origins),
    arrived: (wire) => {
      const peer = new RecordingPeer(wire);
      peers.push(peer);
      return peer;
    },
    departed: (peer, error) => {
      peer.hasDeparted = true;
      peer.error = error;
    },
  });
  onTestFinished(() => {
    front.retire();
    for (const { wire } of peers) wire.destroy();
  });
  const listener = await testListener({
    tls,
    socket: {
      open: (connection) => {
        front.take({ connection }, source);
      },
    },
  });
  const peer = async (index = 0): Promise<RecordingPeer> => {
    await until(() => peers.length > index, 'a peer');
    const found = peers[index];
    if (found === undefined) throw new Error('there is no such peer');
    return found;
  };
  return { port: portOf(listener), front, peers, peer };
}
