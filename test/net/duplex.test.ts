import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { connect as connectTls, createSecureContext, TLSSocket } from 'node:tls';
import { connect, type Connection } from 'fdmux';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { pattern, portOf, Signal, testListener, VARIANTS } from '../support/connections.js';
import { nextEvent, until, within } from '../support/deadline.js';
import { connectPeer } from '../support/peers.js';
import { runtime } from '../support/runtime.js';

const MIB = 1024 * 1024;
/** Set FDMUX_STREAM_MIB=1024 for a figure to trust; the default keeps the suite quick. */
const STREAM_MIB = Number(process.env['FDMUX_STREAM_MIB'] ?? '64');

let folder = '';
let tls: { key: Buffer; cert: Buffer };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fdmux-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const how = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=localhost'];
  execFileSync('openssl', ['req', '-x509', ...how, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  tls = { key: readFileSync(key), cert: readFileSync(cert) };
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe.each(VARIANTS)('toDuplex on $backend/$trigger', (variant) => {
  /** Opens a listener that turns each connection into a stream. @returns its port */
  async function streams(onStream: (stream: Duplex, connection: Connection) => void) {
    const listener = await testListener({
      ...variant,
      socket: {
        open: (connection) => {
          const stream = connection.toDuplex();
          stream.on('error', () => undefined);
          onStream(stream, connection);
        },
      },
    });
    return portOf(listener);
  }

  async function clientStream(port: number): Promise<Duplex> {
    const connection = await connect({ ...variant, port, socket: {} });
    const stream = connection.toDuplex();
    onTestFinished(() => {
      stream.destroy();
    });
    return stream;
  }

  test('serves HTTP: keep-alive, pipelining, large bodies both ways', async () => {
    const server = createServer((incoming, response) => {
      void text(incoming).then((body) => response.end(`${incoming.url} ${body.length}\n`.padEnd(MIB, '.')));
    });
    let connections = 0;
    const port = await streams((stream) => {
      connections += 1;
      server.emit('connection', stream);
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => {
      agent.destroy();
    });
    for (const path of ['/a', '/b', '/c']) {
      const response = await within(
        new Promise<IncomingMessage>((resolve, reject) => {
          const outgoing = request({ port, path, agent, method: 'POST', host: '127.0.0.1' }, resolve);
          outgoing.on('error', reject);
          outgoing.end(Buffer.alloc(300_000, 'q'));
        }),
        'a response',
      );
      const body = await within(text(response), 'the body');
      expect(body).toHaveLength(MIB);
      expect(body.startsWith(`${path} 300000\n`)).toBe(true);
    }
    // Deno's Agent makes a connection for each request, also with a server of node:net.
    expect(connections).toBe(runtime === 'deno' ? 3 : 1);

    const peer = await connectPeer(port);
    await peer.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const pipelined = (await peer.ended()).toString();
    expect(pipelined.indexOf('/1 0')).toBeGreaterThan(0);
    expect(pipelined.indexOf('/2 0')).toBeGreaterThan(pipelined.indexOf('/1 0'));
  });

  test.skipIf(process.env['FDMUX_WITHOUT_TLS'] !== undefined)(
    'carries TLS on both sides',
    { tags: ['needs-tls-on-duplex'] },
    async () => {
      const port = await streams((stream) => {
        const secured = new TLSSocket(stream, { isServer: true, secureContext: createSecureContext(tls) });
        secured.on('error', () => undefined);
        secured.pipe(secured);
      });
      const raw = await clientStream(port);
      const client = connectTls({
        socket: raw,
        ca: tls.cert,
        servername: 'localhost',
        checkServerIdentity: () => undefined,
      });
      await nextEvent(client, 'secureConnect');
      expect(client.authorized).toBe(true);
      const bytes = pattern(MIB);
      client.end(bytes);
      const chunks: Buffer[] = [];
      await within(
        pipeline(
          client,
          new Writable({
            write: (chunk: Buffer, _encoding, done) => {
              chunks.push(chunk);
              done();
            },
          }),
        ),
        'the echo',
      );
      const echoed = Buffer.concat(chunks);
      expect(echoed.length).toBe(bytes.length);
      expect(echoed.equals(bytes)).toBe(true);
    },
  );

  test('is read line by line by readline', async () => {
    const lines: string[] = [];
    const done = new Signal();
    const port = await streams((stream) => {
      createInterface({ input: stream })
        .on('line', (line) => lines.push(line))
        .on('close', done.set);
    });
    const peer = await connectPeer(port);
    await peer.write('one\ntw');
    await peer.write('o\r\nthree');
    peer.end();
    await done.within('the end');
    expect(lines).toEqual(['one', 'two', 'three']);
  });

  test(
    `pipes ${STREAM_MIB} MiB there and back in bounded memory, and nothing is lost`,
    { timeout: 120_000 },
    async () => {
      const total = STREAM_MIB * MIB;
      let pending = 0;
      const port = await streams((stream, connection) => {
        stream.on('data', () => {
          pending = Math.max(pending, connection.pendingBytes + stream.writableLength + stream.readableLength);
        });
        void pipeline(stream, stream).catch(() => undefined);
      });
      const client = await clientStream(port);
      // A prime, so that any lost or doubled byte shifts the rest.
      const period = 65_521;
      const bytes = pattern(period);
      const twice = Buffer.concat([bytes, bytes]);
      const before = process.memoryUsage.rss();
      let grownBytes = 0;
      let sent = 0;
      const source = new Readable({
        read() {
          if (sent === total) return void this.push(null);
          const start = sent % period;
          const chunk = twice.subarray(start, start + Math.min(period, total - sent));
          sent += chunk.length;
          this.push(chunk);
        },
      });
      let received = 0;
      const sink = new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          for (let at = 0; at < chunk.length;) {
            const start = received % period;
            const part = chunk.subarray(at, at + period);
            if (!part.equals(twice.subarray(start, start + part.length))) {
              done(new Error(`wrong bytes after ${received}`));
              return;
            }
            at += part.length;
            received += part.length;
          }
          grownBytes = Math.max(grownBytes, process.memoryUsage.rss() - before);
          setImmediate(done);
        },
      });
      await within(pipeline(source, client, sink), 'the round trip', 100_000);
      expect(received).toBe(total);
      expect(pending).toBeLessThan(2 * MIB);
      // Leaves room for garbage that is not collected yet; the limit does not grow with the stream.
      expect(grownBytes).toBeLessThan(256 * MIB);
    },
  );

  test('stays writable after the peer has ended', async () => {
    const port = await streams((stream) => {
      stream.resume().on('end', () => setImmediate(() => stream.end('still here')));
    });
    const peer = await connectPeer(port);
    peer.end();
    expect((await peer.ended()).toString()).toBe('still here');
  });

  /** A stream with its connection, and the peer. */
  async function streamed() {
    const made = new Signal<{ stream: Duplex; connection: Connection }>();
    const port = await streams((stream, connection) => made.set({ stream, connection }));
    const peer = await connectPeer(port);
    return { ...(await made.within('a stream')), peer };
  }

  /** The outcome of a write: 'written', or the code of its error. */
  function outcomeOf(stream: Duplex, bytes: string | Buffer): Promise<string> {
    const outcome = new Promise<string>((resolve) => {
      stream.write(bytes, (error) => resolve(error ? String(Reflect.get(error, 'code')) : 'written'));
    });
    return within(outcome, 'the outcome of a write');
  }

  test('takes more at once than a connection may hold, in one chunk or in many', async () => {
    const { stream, peer } = await streamed();
    const bytes = pattern(24 * MIB);
    peer.socket.pause();
    stream.cork();
    stream.write(bytes.subarray(0, MIB));
    stream.write(bytes.subarray(MIB, 20 * MIB));
    stream.uncork();
    stream.end(bytes.subarray(20 * MIB));
    await new Promise((resolve) => setImmediate(resolve));
    peer.socket.resume();
    expect((await peer.ended()).equals(bytes)).toBe(true);
  });

  test('fails pending writes when its connection is destroyed', async () => {
    const { stream, connection, peer } = await streamed();
    peer.socket.pause();
    const events: string[] = [];
    for (const event of ['finish', 'error', 'close']) stream.on(event, () => events.push(event));
    const outcome = outcomeOf(stream, pattern(8 * MIB));
    stream.end();
    connection.destroy();
    expect(await outcome).toBe('ERR_CLOSED');
    await until(() => stream.closed, 'the close');
    expect(events).toEqual(['close']);
  });

  test('is destroyed with its connection when only the peer has ended', async () => {
    const { stream, connection, peer } = await streamed();
    stream.resume();
    peer.end();
    await nextEvent(stream, 'end');
    connection.destroy();
    await until(() => stream.destroyed, 'its end');
    expect(await outcomeOf(stream, 'too late')).toBe('ERR_STREAM_DESTROYED');
  });

  test('lets its reader finish and fails its writer when somebody else has ended its connection', async () => {
    const { stream, connection, peer } = await streamed();
    await peer.write('the last words');
    peer.end();
    connection.end('before, ');
    const outcome = outcomeOf(stream, 'too late');
    expect((await peer.ended()).toString()).toBe('before, ');
    expect(await outcome).toBe('ERR_CLOSED');

    const other = await streamed();
    await other.peer.write('the last words');
    other.peer.end();
    other.connection.end('before');
    await until(() => other.connection.fd < 0, 'the close');
    expect(await text(other.stream)).toBe('the last words');
    await until(() => other.stream.closed, 'the end of the stream');
    expect(other.stream.errored).toBeNull();
  });

  test('destroys the connection with the stream, and the stream with the connection', async () => {
    const made: { stream: Duplex; connection: Connection }[] = [];
    const port = await streams((stream, connection) => made.push({ stream, connection }));
    const first = await connectPeer(port);
    const second = await connectPeer(port);
    await within(
      (async () => {
        while (made.length < 2) await new Promise((resolve) => setImmediate(resolve));
      })(),
      'two streams',
    );
    made[0]?.stream.destroy();
    await first.ended();
    const error =
      made[1] === undefined
        ? Promise.resolve([])
        : nextEvent(made[1].stream, 'close').catch((reason: unknown) => [reason]);
    second.reset();
    await error;
    expect(made[1]?.stream.destroyed).toBe(true);
    expect(made[1]?.connection.isDestroyed).toBe(true);
    expect(() => made[1]?.connection.toDuplex()).toThrow(expect.objectContaining({ code: 'ERR_BUSY' }));
  });
});
