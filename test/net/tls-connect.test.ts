import { spawn } from 'node:child_process';
import { createServer as createPlainServer, type Server } from 'node:net';
import * as tls from 'node:tls';
import { connect, type Connection, type ConnectOptions, type TlsConnectOptions } from 'fdmux';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CertificateFolder, hasOpenssl } from '../support/certificates.js';
import { pattern, portOf, Signal, testListener } from '../support/connections.js';
import { nextEvent, until, within } from '../support/deadline.js';

/** `connect({ tls })` against servers of node:tls and of openssl, and the two of ours against each other. */

describe.skipIf(!hasOpenssl)('connect() over TLS', () => {
  const folder = new CertificateFolder();
  const authority = folder.make({ name: 'authority.test', isAuthority: true });
  const local = folder.make({ name: 'localhost', issuer: authority });
  const address = folder.make({ name: '127.0.0.1', issuer: authority });
  const other = folder.make({ name: 'other.test', issuer: authority });
  const ann = folder.make({ name: 'ann', issuer: authority });

  async function serve(
    options: tls.TlsOptions = {},
  ): Promise<{ port: number; server: tls.Server; sockets: tls.TLSSocket[] }> {
    const sockets: tls.TLSSocket[] = [];
    const server = tls.createServer({ cert: local.cert, key: local.key, allowHalfOpen: true, ...options }, (socket) => {
      socket.on('error', () => undefined);
      sockets.push(socket);
      socket.pipe(socket);
    });
    server.on('tlsClientError', () => undefined);
    return { port: await listening(server), server, sockets };
  }

  async function listening(server: Server): Promise<number> {
    server.listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    server.on('connection', (socket) => {
      onTestFinished(() => void socket.destroy());
    });
    await nextEvent(server, 'listening');
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('no port');
    return bound.port;
  }

  class Talk {
    received = Buffer.alloc(0);
    readonly closed = new Signal<Error | undefined>();
    readonly options: Pick<ConnectOptions<unknown>, 'socket'> = {
      socket: {
        data: (_connection, bytes) => {
          this.received = Buffer.concat([this.received, bytes]);
        },
        close: (_connection, error) => this.closed.set(error),
      },
    };

    async connect(port: number, security: TlsConnectOptions | true, more: object = {}): Promise<Connection> {
      const connection = await within(connect({ ...this.options, port, tls: security, ...more }), 'connecting');
      onTestFinished(() => connection.destroy());
      return connection;
    }
  }

  test('talks to a server that it trusts, by name', async () => {
    const { port } = await serve({ ALPNProtocols: ['irc'] });
    const talk = new Talk();
    const connection = await talk.connect(port, { ca: authority.cert, ALPNProtocols: ['irc'] }, { host: 'localhost' });
    expect(connection).toMatchObject({
      isSecure: true,
      authorized: true,
      authorizationError: null,
      alpnProtocol: 'irc',
      servername: 'localhost',
      tlsVersion: 'TLSv1.3',
    });
    expect(connection.peerCertificate?.subject.CN).toBe('localhost');
    const bytes = pattern(1_000_000);
    connection.write(bytes);
    await until(() => talk.received.length === bytes.length, 'the echo');
    expect(talk.received.equals(bytes)).toBe(true);
    connection.end();
    expect(await talk.closed.within('close')).toBeUndefined();
  });

  test('an address is checked as one, and is not sent as a name', async () => {
    const { port, sockets } = await serve({ cert: address.cert, key: address.key });
    const connection = await new Talk().connect(port, { ca: [authority.cert] });
    expect(connection.authorized).toBe(true);
    await until(() => sockets.length === 1, 'the connection');
    // Deno says null.
    expect([false, null]).toContain(Reflect.get(sockets[0] ?? {}, 'servername'));
  });

  test('data is there when open is called', async () => {
    const { port } = await serve();
    let seen: unknown;
    const connection = await connect<string>({
      port,
      tls: { rejectUnauthorized: false },
      data: 'mine',
      socket: { open: ({ data }) => void (seen = data) },
    });
    expect([seen, connection.data]).toEqual(['mine', 'mine']);
    connection.destroy();
    await until(() => connection.fd === -1, 'the close');
  });

  describe('refuses', () => {
    test.each([
      ['an unknown authority', true, 'localhost', 'self-signed certificate|unable to'],
      ['another name', { ca: () => authority.cert, servername: 'elsewhere.test' }, '127.0.0.1', 'elsewhere.test'],
    ] as const)('%s', { tags: ['needs-openssl'] }, async (_what, security, host, message) => {
      const { port } = await serve();
      const settings = security === true ? true : { ...security, ca: security.ca() };
      const connecting = new Talk().connect(port, settings, { host });
      await expect(connecting).rejects.toMatchObject({ code: 'ERR_TLS_UNAUTHORIZED' });
      await expect(connecting).rejects.toThrow(new RegExp(message));
    });

    test('a server by the user’s own check', async () => {
      const { port } = await serve();
      const checkServerIdentity = (): Error => new Error('not pinned');
      const connecting = new Talk().connect(port, { ca: authority.cert, checkServerIdentity }, { host: 'localhost' });
      await expect(connecting).rejects.toThrow('not pinned');
    });

    test('a server that does not speak TLS', async () => {
      const server = createPlainServer((socket) => {
        socket.on('error', () => undefined);
        socket.write('220 mail.test ESMTP\r\n');
      });
      const connecting = new Talk().connect(await listening(server), true);
      await expect(connecting).rejects.toMatchObject({ code: 'ERR_TLS_HANDSHAKE' });
      await expect(connecting).rejects.toThrow('does not speak TLS');
    });

    test('a server that says nothing, after the timeout', async () => {
      const server = createPlainServer((socket) => void socket.on('error', () => undefined).resume());
      const connecting = new Talk().connect(await listening(server), { handshakeTimeoutMs: 30 });
      await expect(connecting).rejects.toMatchObject({ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' });
    });

    test('a server that ends at once', async () => {
      const server = createPlainServer((socket) => void socket.on('error', () => undefined).end());
      const connecting = new Talk().connect(await listening(server), true);
      await expect(connecting).rejects.toMatchObject({ code: 'ERR_TLS_HANDSHAKE' });
    });

    test('to go on once the signal aborts', async () => {
      const server = createPlainServer((socket) => void socket.on('error', () => undefined).resume());
      const stop = new AbortController();
      server.once('connection', () => setImmediate(() => stop.abort()));
      const connecting = new Talk().connect(await listening(server), true, { signal: stop.signal });
      await expect(connecting).rejects.toMatchObject({ code: 'ABORT_ERR' });
    });

    test.each([
      [{ certificate: 'x' }, 'ERR_UNKNOWN_OPTION'],
      [{ ca: 5 }, 'ERR_INVALID_ARG_TYPE'],
      [{ minVersion: 'TLSv1' }, 'ERR_OUT_OF_RANGE'],
      [{ handshakeTimeoutMs: 0 }, 'ERR_OUT_OF_RANGE'],
      [{ ALPNProtocols: [''] }, 'ERR_OUT_OF_RANGE'],
      [{ cert: 'x', key: 'y' }, 'ERR_TLS_CONTEXT'],
    ])('the options %o', { tags: ['needs-openssl'] }, async (security: object, code) => {
      await expect(connect({ port: 1, tls: security, socket: {} })).rejects.toMatchObject({ code });
    });
  });

  test('without the check, authorizationError says what it would have found', async () => {
    const { port } = await serve({ cert: other.cert, key: other.key });
    const trusted = await new Talk().connect(
      port,
      { ca: authority.cert, rejectUnauthorized: false },
      { host: 'localhost' },
    );
    expect(trusted).toMatchObject({ authorized: false, authorizationError: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    const unknown = await new Talk().connect(port, { rejectUnauthorized: false }, { host: 'localhost' });
    expect(unknown).toMatchObject({ authorized: false, authorizationError: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  });

  test('resumes a session', { tags: ['needs-tls-sessions'] }, async () => {
    const { port } = await serve();
    const session = new Signal<Buffer>();
    const first = await new Talk().connect(port, { ca: authority.cert, onSession: session.set }, { host: 'localhost' });
    const ticket = await session.within('a session');
    first.destroy();
    let checks = 0;
    // A session is for one name: servers of some versions of Node.js resume it for no other.
    await new Talk().connect(
      port,
      {
        ca: authority.cert,
        session: ticket,
        // node:tls checks the name only in a full handshake.
        checkServerIdentity: () => {
          checks += 1;
          return undefined;
        },
      },
      { host: 'localhost' },
    );
    expect(checks).toBe(0);
  });

  test('both ends of ours, with certificates on both sides, over a unix socket too', async () => {
    const opened = new Signal<Connection>();
    const security = { cert: local.cert, key: local.key, requestCert: true, ca: authority.cert };
    for (const where of [{}, { path: `\0fdmux-tls-${process.pid}` }]) {
      const listener = await testListener({
        ...where,
        tls: security,
        socket: {
          open: opened.set,
          data: (connection, bytes) => {
            connection.write(bytes);
          },
        },
      });
      const talk = new Talk();
      const connection = await connect({
        ...talk.options,
        ...('path' in where ? where : { port: portOf(listener), host: 'localhost' }),
        tls: { ca: authority.cert, cert: ann.cert, key: ann.key, servername: 'localhost' },
      });
      connection.write('hello');
      await until(() => talk.received.toString() === 'hello', 'the echo');
      expect((await opened.within('the connection')).authorized).toBe(true);
      connection.end();
      expect(await talk.closed.within('close')).toBeUndefined();
    }
  });

  describe('openssl', () => {
    test('s_client talks to a listener, and gives its certificate', async () => {
      const opened = new Signal<Connection>();
      const listener = await testListener({
        tls: { cert: local.cert, key: local.key, requestCert: true, ca: authority.cert, ALPNProtocols: ['irc'] },
        socket: {
          open: opened.set,
          data: (connection, bytes) => {
            connection.write(`heard ${bytes.toString()}`);
          },
        },
      });
      const client = spawn(
        'openssl',
        // prettier-ignore
        ['s_client', '-connect', `127.0.0.1:${portOf(listener)}`, '-servername', 'localhost', '-alpn', 'irc', '-quiet',
         '-verify_return_error', '-CAfile', authority.certFile, '-cert', ann.certFile, '-key', ann.keyFile],
        { stdio: ['pipe', 'pipe', 'ignore'] },
      );
      onTestFinished(() => void client.kill());
      client.stdin.write('hello\n');
      const [line] = await nextEvent(client.stdout, 'data');
      expect(String(line)).toBe('heard hello\n');
      expect(await opened.within('the connection')).toMatchObject({
        authorized: true,
        servername: 'localhost',
        alpnProtocol: 'irc',
      });
      client.stdin.end();
    });

    test('s_server is talked to by connect()', async () => {
      const server = spawn(
        'openssl',
        ['s_server', '-accept', '127.0.0.1:0', '-cert', local.certFile, '-key', local.keyFile, '-rev', '-naccept', '1'],
        { stdio: ['ignore', 'pipe', 'ignore'] },
      );
      onTestFinished(() => void server.kill());
      let said = '';
      server.stdout.on('data', (bytes: Buffer) => {
        said += bytes.toString();
      });
      await until(
        () => /ACCEPT 127\.0\.0\.1:\d+/.test(said),
        () => `the port in: ${said}`,
      );
      const port = Number(/ACCEPT 127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
      const talk = new Talk();
      const connection = await talk.connect(port, { ca: authority.cert }, { host: 'localhost' });
      connection.write('stressed\n');
      await until(() => talk.received.toString() === 'desserts\n', 'the line, reversed');
    });
  });
});
