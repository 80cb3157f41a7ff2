/** HTTP by hand (RFC 9112): a URL in, status, headers and body out; once with calls that wait, once by readiness. */
import { type Inet6Address, type InetAddress, Multiplexer, resolveHost, SO_ERROR, Socket, SOL_SOCKET } from 'fdmux';

/**
 * Undoes "Transfer-Encoding: chunked": each chunk is its length in hex, the bytes, and CRLF; an empty one is the last.
 */
function joinChunks(body: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let position = 0; ;) {
    const lineEnd = body.indexOf('\r\n', position);
    const length = parseInt(body.toString('latin1', position, lineEnd), 16);
    if (lineEnd < 0 || !(length > 0)) return Buffer.concat(chunks);
    chunks.push(body.subarray(lineEnd + 2, lineEnd + 2 + length));
    position = lineEnd + 2 + length + 2;
  }
}

function show(how: string, response: Buffer): void {
  const headEnd = response.indexOf('\r\n\r\n');
  const [status, ...headers] = response.toString('latin1', 0, headEnd).split('\r\n');
  const body = response.subarray(headEnd + 4);
  const isChunked = headers.some((header) => /^transfer-encoding:.*\bchunked/i.test(header));
  console.log(`--- ${how}\nstatus: ${status}`);
  for (const header of headers) console.log(`header: ${header}`);
  console.log(`body: ${(isChunked ? joinChunks(body) : body).toString()}`);
}

/** Each call waits until it is done. With "Connection: close" the end of the stream is the end of the response. */
function getBlocking(address: InetAddress | Inet6Address, request: string): Buffer {
  const socket = Socket.create({ family: address.family, blocking: true });
  socket.setTimeout(10_000);
  socket.connect(address);
  socket.sendAll(request);
  const parts: Buffer[] = [];
  for (let part = socket.recv(65_536); part !== null && part.length > 0; part = socket.recv(65_536)) parts.push(part);
  socket.close();
  return Buffer.concat(parts);
}

/** No call waits. The next step depends on what the socket is ready for. */
async function getByReadiness(address: InetAddress | Inet6Address, request: string): Promise<Buffer> {
  const socket = Socket.create({ family: address.family });
  const mux = new Multiplexer();
  socket.connect(address);
  const registration = mux.register(socket, { interest: 'write' });
  await mux.wait(10_000);
  const errno = socket.getsockopt(SOL_SOCKET, SO_ERROR);
  if (errno !== 0) throw new Error(`cannot connect: errno ${errno}`);
  for (let rest = Buffer.from(request); rest.length > 0;) {
    rest = rest.subarray(socket.send(rest) ?? 0);
    if (rest.length > 0) await mux.wait(10_000);
  }
  registration.modify({ interest: 'read' });
  const parts: Buffer[] = [];
  for (let hasEnded = false; !hasEnded;) {
    if ((await mux.wait(10_000)).length === 0) throw new Error('the server is silent');
    const part = socket.recv(65_536);
    if (part !== null) parts.push(part);
    hasEnded = part?.length === 0;
  }
  socket.close();
  mux.close();
  return Buffer.concat(parts);
}

async function main(): Promise<void> {
  const url = new URL(process.argv[2] ?? 'http://127.0.0.1:8000/');
  // Names are resolved before: a system call takes addresses.
  const [target] = await resolveHost(url.hostname, Number(url.port || 80));
  if (target === undefined) throw new Error(`${url.hostname} has no address`);
  const path = url.pathname + url.search;
  const request = `GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\nAccept: */*\r\n\r\n`;
  if (process.argv[3] !== 'non-blocking') show('blocking', getBlocking(target, request));
  if (process.argv[3] !== 'blocking') show('non-blocking', await getByReadiness(target, request));
}

main().catch((error: unknown) => {
  console.error(String(error));
  process.exitCode = 1;
});
