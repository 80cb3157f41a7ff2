/** HTTP on accepted connections: it serves the web page, and lets WebSockets through to the chat. */
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { hasCode } from '../errors.js';
import type { Connection } from '../net/connection.js';
import { HttpPeers } from './http-peers.js';
import { answer, pathOf, refusal, type WebAnswer, type WebContents } from './web-answers.js';
import { isOriginAllowed } from './web-origin.js';
import { WebSocketDoor } from './web-socket-door.js';
import { CLOSE_CODES, type WebPeer, type WebSocketLayers, WebSocketWire } from './web-socket-wire.js';

const MAX_HEADER_BYTES = 8192;
const MAX_REQUESTS_PER_CONNECTION = 100;
/** The one version of the protocol; the others are drafts (RFC 6455, section 4.4). */
const VERSION = '13';

/** A connection that was accepted for a front; the server may add further facts. */
export interface Accepted {
  readonly connection: Connection;
  /** The first bytes of the peer, if they have been read already; valid until `take` returns. */
  readonly firstBytes?: Uint8Array;
}

/** The options of a front. */
export interface WebFrontOptions<A extends Accepted, P extends WebPeer> extends WebContents {
  /** Further origins of pages that may open WebSockets. */
  readonly origins: ReadonlySet<string>;
  /** A peer has opened a WebSocket. Returns the peer, which takes what it receives until `departed`. */
  arrived(wire: WebSocketWire, accepted: A, request: IncomingMessage): P;
  /** Its WebSocket has closed; with the reason unless both sides have closed in order. */
  departed(peer: P, error: Error | undefined): void;
}

/** One listener's HTTP. */
export class WebFront<A extends Accepted, P extends WebPeer> {
  readonly #options: WebFrontOptions<A, P>;
  readonly #server: Server;
  readonly #door = new WebSocketDoor();
  readonly #peers = new HttpPeers<Duplex>();
  readonly #accepted = new WeakMap<Duplex, A>();
  #isRetired = false;

  constructor(options: WebFrontOptions<A, P>) {
    this.#options = options;
    this.#server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: 0 }, (request, response) => {
      this.#serve(request, response);
    });
    this.#server.maxRequestsPerSocket = MAX_REQUESTS_PER_CONNECTION;
    this.#server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
      this.#upgrade(request, stream, head);
    });
    this.#server.on('clientError', (error: Error, stream: Duplex) => {
      this.#peers.dismiss(stream, hasCode(error, 'HPE_HEADER_OVERFLOW') ? HEADERS_TOO_LARGE : BAD_REQUEST);
    });
  }

  /**
   * Takes a connection over: its handlers are not called any more.
   *
   * @param source - those who share it are limited together; null for one that is not limited
   */
  take(accepted: A, source: string | null): void {
    const stream = accepted.connection.toDuplex();
    if (this.#isRetired) stream.destroy();
    else if (this.#peers.add(stream, source)) this.#listenTo(stream, accepted);
  }

  #listenTo(stream: Duplex, accepted: A): void {
    this.#accepted.set(stream, accepted);
    stream.once('close', () => {
      this.#peers.delete(stream);
    });
    // The server itself never listens, so its own timeouts are not at work; those of the peers are.
    this.#server.emit('connection', stream);
    const { firstBytes } = accepted;
    if (firstBytes !== undefined && firstBytes.length > 0) stream.unshift(Buffer.from(firstBytes));
  }

  /** The server is about to end: WebSockets that close are asked to come back, and nobody else is served. */
  retire(): void {
    this.#isRetired = true;
    this.#peers.clear();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const stream = request.socket;
    this.#peers.asked(stream);
    response.once('close', () => {
      this.#peers.answered(stream);
    });
    // Bun demands it only of connections that it has accepted itself.
    if (request.httpVersion === '1.1' && request.headers.host === undefined) {
      this.#sendLast(response, refusal(400));
      return;
    }
    // Nothing that is served needs a body, and reading one to its end would be work for the peer's pleasure.
    const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0;
    if (hasBody) this.#sendLast(response, this.#answer(request));
    else send(response, this.#answer(request));
  }

  #answer(request: IncomingMessage): WebAnswer {
    const { method = '', url = '', headers } = request;
    return answer({ method, path: pathOf(url), headers }, this.#options);
  }

  /** Sends an answer after which the connection ends. */
  #sendLast(response: ServerResponse, last: WebAnswer): void {
    const stream = response.req.socket;
    response.shouldKeepAlive = false;
    response.once('finish', () => {
      this.#peers.dismiss(stream);
    });
    send(response, last);
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    // Behind an answer that has not left, the bytes of the WebSocket would come out in the wrong order.
    if (this.#peers.isAnswering(stream)) {
      stream.destroy();
      return;
    }
    const refused = this.#refusal(request);
    if (refused !== null) {
      this.#refuse(request, stream, refused);
      return;
    }
    this.#door.open(request, stream, head, (socket) => {
      this.#opened(request, stream, socket);
    });
  }

  /** Returns the answer to a request that may not open a WebSocket, or that asks for another protocol. */
  #refusal(request: IncomingMessage): WebAnswer | null {
    const { method = '', url = '', headers } = request;
    const isHandshake = headers.upgrade?.toLowerCase() === 'websocket' && method === 'GET';
    // A server may pass over an upgrade that it does not know (RFC 9110, section 7.8).
    if (!isHandshake || pathOf(url) !== this.#options.socketPath) return this.#answer(request);
    if (headers['sec-websocket-version'] !== VERSION) {
      return refusal(426, { upgrade: 'websocket', connection: 'upgrade', 'sec-websocket-version': VERSION });
    }
    // Node.js demands it of other requests alone.
    if (headers.host === undefined) return refusal(400);
    if (!isOriginAllowed(headers, this.#options.origins)) return refusal(403);
    return null;
  }

  #refuse(request: IncomingMessage, stream: Duplex, last: WebAnswer): void {
    stream.on('error', () => {
      stream.destroy();
    });
    stream.resume();
    const response = new ServerResponse(request);
    response.assignSocket(request.socket);
    this.#sendLast(response, last);
  }

  #opened(request: IncomingMessage, stream: Duplex, socket: WebSocketLayers['socket']): void {
    const accepted = this.#accepted.get(stream);
    this.#peers.delete(stream);
    if (accepted === undefined) {
      socket.terminate();
      return;
    }
    const { connection } = accepted;
    const closeCode = (): number => (this.#isRetired ? CLOSE_CODES.restart : CLOSE_CODES.normal);
    const wire = new WebSocketWire({ socket, stream, connection }, closeCode);
    const peer = this.#options.arrived(wire, accepted, request);
    wire.serve(peer, (error) => {
      this.#options.departed(peer, error);
    });
  }
}

const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';
const HEADERS_TOO_LARGE =
  'HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';

function send(response: ServerResponse, { status, headers, body }: WebAnswer): void {
  response.writeHead(status, headers);
  response.end(body);
}
