/** The connections that speak HTTP: bounded in number, by address, and in time. */

/** Connections at once; beyond that the oldest is closed, so that strangers who hold many cannot lock others out. */
const MAX_PEERS = 1024;
/** Those of one address. A browser opens six at most. */
const MAX_PER_SOURCE = 64;
/** From the opening, or from an answer, until the next request has arrived with all of its headers. */
const REQUEST_MS = 10_000;
/** Until an answer has left. */
const ANSWER_MS = 30_000;
/** The whole life. */
const LIFE_MS = 120_000;
/** Until a peer that has been refused closes its side. */
const LEAVE_MS = 1000;
const TICK_MS = 1000;

/** The stream of a connection that speaks HTTP. */
export interface HttpStream {
  readonly writable: boolean;
  end(bytes?: string): unknown;
  destroy(): unknown;
}

/** The known facts about a connection. */
interface Peer {
  readonly source: string | null;
  readonly endOfLifeMs: number;
  deadlineMs: number;
  /** Requests that have not been answered completely. */
  requests: number;
  hasAsked: boolean;
  isLeaving: boolean;
}

/** For a peer whose first request does not arrive in time. */
const TIMEOUT_ANSWER = 'HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';

/** All of them on one listener. A connection that becomes a WebSocket is no longer one of them. */
export class HttpPeers<Stream extends HttpStream> {
  /** In the order of their arrival. */
  readonly #peers = new Map<Stream, Peer>();
  readonly #counts = new Map<string, number>();
  #clock: NodeJS.Timeout | null = null;

  /**
   * Takes a new connection in. Too many from one source are destroyed at once.
   *
   * @param source - those who share it are counted together; null for one that is not limited
   * @returns whether it is in
   */
  add(stream: Stream, source: string | null): boolean {
    const count = source === null ? 0 : (this.#counts.get(source) ?? 0);
    if (count >= MAX_PER_SOURCE) {
      stream.destroy();
      return false;
    }
    if (this.#peers.size >= MAX_PEERS) this.#closeOldest();
    if (source !== null) this.#counts.set(source, count + 1);
    const nowMs = performance.now();
    this.#peers.set(stream, {
      source,
      endOfLifeMs: nowMs + LIFE_MS,
      deadlineMs: nowMs + REQUEST_MS,
      requests: 0,
      hasAsked: false,
      isLeaving: false,
    });
    this.#clock ??= setInterval(this.#tick, TICK_MS).unref();
    return true;
  }

  #closeOldest(): void {
    for (const stream of this.#peers.keys()) {
      this.delete(stream);
      stream.destroy();
      return;
    }
  }

  /** Forgets a connection: it has closed, or is a WebSocket now. */
  delete(stream: Stream): void {
    const peer = this.#peers.get(stream);
    if (peer === undefined) return;
    this.#peers.delete(stream);
    if (peer.source !== null) this.#uncount(peer.source);
    if (this.#peers.size > 0 || this.#clock === null) return;
    clearInterval(this.#clock);
    this.#clock = null;
  }

  #uncount(source: string): void {
    const count = (this.#counts.get(source) ?? 1) - 1;
    if (count === 0) this.#counts.delete(source);
    else this.#counts.set(source, count);
  }

  /** Whether an answer is still on its way: what follows must wait for it. */
  isAnswering(stream: Stream): boolean {
    return (this.#peers.get(stream)?.requests ?? 0) > 0;
  }

  /** A request has arrived. */
  asked(stream: Stream): void {
    this.#count(stream, 1);
  }

  /** Its answer has left. */
  answered(stream: Stream): void {
    this.#count(stream, -1);
  }

  #count(stream: Stream, difference: 1 | -1): void {
    const peer = this.#peers.get(stream);
    if (peer === undefined || peer.isLeaving) return;
    peer.hasAsked = true;
    peer.requests += difference;
    const timeMs = peer.requests > 0 ? ANSWER_MS : REQUEST_MS;
    peer.deadlineMs = Math.min(peer.endOfLifeMs, performance.now() + timeMs);
  }

  /** Ends our side of a connection, which has little time left to close its own. */
  dismiss(stream: Stream, lastBytes?: string): void {
    const peer = this.#peers.get(stream);
    if (peer !== undefined) {
      if (peer.isLeaving) return;
      peer.isLeaving = true;
      peer.deadlineMs = performance.now() + LEAVE_MS;
    }
    if (stream.writable) stream.end(lastBytes);
  }

  readonly #tick = (): void => {
    const nowMs = performance.now();
    for (const [stream, peer] of this.#peers) {
      if (nowMs < peer.deadlineMs) continue;
      if (peer.isLeaving || peer.requests > 0) stream.destroy();
      else this.dismiss(stream, peer.hasAsked ? undefined : TIMEOUT_ANSWER);
    }
  };

  /** Closes them all. */
  clear(): void {
    for (const stream of [...this.#peers.keys()]) {
      this.delete(stream);
      stream.destroy();
    }
  }
}
