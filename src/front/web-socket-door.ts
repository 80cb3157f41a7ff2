/** The handshake of WebSockets, by the package `ws`. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { isSubprotocol } from './web-socket-wire.js';

/** A message is one line, of 8,703 bytes at most; one that is a little too long is refused by a reply. */
const MAX_MESSAGE_BYTES = 16_384;
/** No client divides a line into more frames than this. */
const MAX_FRAGMENTS = 64;
/** Pieces of the stream that may be kept for one frame: a peer could send it byte by byte. */
const MAX_BUFFERED_CHUNKS = 1024;
/** How long a peer may take to answer a close frame, or to take ours. */
const CLOSE_TIMEOUT_MS = 2000;

/** `@types/ws` leaves out one of the options. */
interface Options extends ServerOptions {
  readonly closeTimeout: number;
}

/** Makes WebSockets of upgrade requests. */
export class WebSocketDoor {
  readonly #server: WebSocketServer;

  constructor() {
    const options: Options = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: MAX_MESSAGE_BYTES,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: MAX_BUFFERED_CHUNKS,
      closeTimeout: CLOSE_TIMEOUT_MS,
      // Clients list them in the order of their preference.
      handleProtocols: (offered) => [...offered].find(isSubprotocol) ?? false,
    };
    this.#server = new WebSocketServer(options);
  }

  /**
   * Answers the handshake. If the request is none, it is answered with status 400, and `opened` is never called.
   *
   * @param head - the first bytes behind the request
   */
  open(request: IncomingMessage, stream: Duplex, head: Buffer, opened: (socket: WebSocket) => void): void {
    this.#server.handleUpgrade(request, stream, head, opened);
  }
}
