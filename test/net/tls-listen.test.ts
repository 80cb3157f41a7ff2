import { createCipheriv, createHash } from 'node:crypto';
import { connect as connectPlain, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import { type Connection, listen, SharedBytes, type SocketHandlers, type TlsListenOptions } from 'fdmux';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { TlsAdapter } from '../../src/net/tls-adapter.js';
import { CertificateFolder, hasOpenssl } from '../support/certificates.js';
import { catchUncaught, pattern, portOf, Signal, testListener, VARIANTS } from '../support/connections.js';
import { nextEvent, until, within } from '../support/deadline.js';
import { Peer } from '../support/peers.js';
import { runtime } from '../support/runtime.js';

/** `listen({ tls })` against clients of node:tls. */

describe.skipIf(!hasOpenssl)('a listener over TLS', () => {
  const folder = new CertificateFolder();
  const authority = folder.make({ name: 'authority.test', isAuthority: true });
  const one = folder.make({ name: 'one.test', issuer: authority });
  const two = folder.make({ name: 'two.test', issuer: authority });
  const stranger = folder.make({ name: 'stranger.test' });
  const ann = folder.make({ name: 'ann', issuer: authority });
  const MIB = 1024 * 1024;

  interface Served {
    readonly port: number;
    readonly opened: Signal<Connection>;
    readonly closed: Signal<Error | undefined>;
    readonly failures: Error[];
    readonly failed: Signal<Error>;
    readonly listener: Awaited<ReturnType<typeof testListener>>;
  }

  async function serve(
    socket: SocketHandlers<unknown>,
    security: Partial<TlsListenOptions> = {},
    options: object = {},
  ): Promise<Served> {
    const opened = new Signal<Connection>();
    const closed = new Signal<Error | undefined>();
    const failed = new Signal<Error>();
    const failures: Error[] = [];
    const listener = await testListener({
      ...options,
      tls: {
        cert: one.cert,
        key: one.key,
        onHandshakeError: (error) => {
          failures.push(error);
          failed.set(error);
        },
        ...security,
      },
      socket: {
        ...socket,
        open: (connection) => {
          socket.open?.(connection);
          opened.set(connection);
        },
        close: (connection, error) => {
          socket.close?.(connection, error);
          closed.set(error);
        },
      },
    });
    return { port: portOf(listener), listener, opened, closed, failed, failures };
  }

  function dial(port: number, options: tls.ConnectionOptions = {}): tls.TLSSocket {
    const settings: tls.ConnectionOptions & { readonly allowHalfOpen: boolean } = {
      port,
      host: '127.0.0.1',
      ca: authority.cert,
      servername: 'one.test',
      allowHalfOpen: true,
      ...options,
    };
    const socket = tls.connect(settings);
    onTestFinished(() => void socket.destroy());
    return socket;
  }

  async function dialed(
    port: number,
    options: tls.ConnectionOptions = {},
  ): Promise<{ socket: tls.TLSSocket; peer: Peer }> {
    const socket = dial(port, options);
    const peer = new Peer(socket);
    await nextEvent(socket, 'secureConnect');
    return { socket, peer };
  }

  const echo: SocketHandlers<unknown> = {
    data: (connection, bytes) => {
      connection.write(bytes);
    },
  };

  test.each(VARIANTS)('echoes on $backend/$trigger, small and large', async (variant) => {
    const { port } = await serve(echo, {}, variant);
    const { peer } = await dialed(port);
    await peer.write('hello\n');
    expect(await peer.line()).toBe('hello');
    const bytes = pattern(3 * MIB);
    const written = peer.write(bytes);
    const back = await peer.take(bytes.length);
    await written;
    expect(digest(back)).toBe(digest(bytes));
  });

  test('node:tls gets the confirmation of an answer in the turn that sends it', async () => {
    const { port } = await serve(echo);
    const { peer } = await dialed(port);
    const answer = async (): Promise<string> => {
      await peer.write('hello\n');
      return peer.line();
    };
    // Perhaps before the session tickets have been confirmed, with which this answer then leaves.
    await answer();
    const confirm = vi.spyOn(TlsAdapter.prototype, 'confirmWrite');
    onTestFinished(() => {
      confirm.mockRestore();
    });
    expect(await answer()).toBe('hello');
    expect(confirm.mock.calls.length).toBe(runtime === 'node' ? 1 : 0);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('reports how a connection over %s is secured', async (version) => {
    const { port, opened } = await serve(echo, { ALPNProtocols: ['irc', 'http/1.1'] });
    await dialed(port, { ALPNProtocols: ['http/1.1'], maxVersion: version, minVersion: version });
    const connection = await opened.within('the connection');
    expect(connection).toMatchObject({
      isSecure: true,
      authorized: false,
      authorizationError: null,
      peerCertificate: null,
      alpnProtocol: 'http/1.1',
      servername: 'one.test',
      tlsVersion: version,
    });
    expect(connection.cipher).toMatch(/^TLS_/);
    expect(connection.remoteAddress).toMatchObject({ family: 'inet', host: '127.0.0.1' });
  });

  test('a connection without TLS says so', async () => {
    const opened = new Signal<Connection>();
    const listener = await testListener({ socket: { open: opened.set } });
    const socket = connectPlain(portOf(listener), '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    expect(await opened.within('the connection')).toMatchObject({
      isSecure: false,
      authorized: false,
      peerCertificate: null,
      alpnProtocol: null,
      servername: null,
      tlsVersion: null,
      cipher: null,
    });
    const context = { cert: one.cert, key: one.key };
    expect(() => listener.setSecureContext(context)).toThrow(expect.objectContaining({ code: 'ERR_TLS_CONTEXT' }));
  });

  test.each(['TLSv1', 'TLSv1.1'] as const)('%s is refused', { tags: ['needs-openssl'] }, async (version) => {
    const { port, failed } = await serve(echo);
    const socket = dial(port, { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' });
    await expect(nextEvent(socket, 'secureConnect')).rejects.toThrow();
    expect(await failed.within('the failure')).toMatchObject({ code: 'ERR_TLS_HANDSHAKE' });
  });

  test('the name that a client asks for chooses the certificate', { tags: ['needs-tls-names'] }, async () => {
    const named = folder.make({ name: '*.wild.test', issuer: authority });
    const { port } = await serve(echo, {
      sni: [
        { servername: ['two.test', 'second.test'], cert: two.cert, key: two.key },
        { servername: '*.wild.test', cert: named.cert, key: named.key },
      ],
    });
    const nameOf = async (servername: string): Promise<string> => {
      const { socket } = await dialed(port, { servername, rejectUnauthorized: false });
      return String(socket.getPeerCertificate().subject.CN);
    };
    expect(await nameOf('one.test')).toBe('one.test');
    expect(await nameOf('TWO.test')).toBe('two.test');
    expect(await nameOf('second.test')).toBe('two.test');
    expect(await nameOf('a.wild.test')).toBe('*.wild.test');
    expect(await nameOf('a.b.wild.test')).toBe('one.test');
    expect(await nameOf('other.test')).toBe('one.test');
  });

  test('a client that offers only other protocols is refused with an alert', { tags: ['needs-openssl'] }, async () => {
    const { port, failed } = await serve(echo, { ALPNProtocols: ['irc'] });
    const socket = dial(port, { ALPNProtocols: ['smtp'] });
    await expect(nextEvent(socket, 'secureConnect')).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    });
    expect(await failed.within('the failure')).toMatchObject({ code: 'ERR_TLS_HANDSHAKE' });
  });

  describe('client certificates', () => {
    test('that are asked for are reported, trusted or not', { tags: ['needs-openssl'] }, async () => {
      const seen: Connection[] = [];
      const { port } = await serve(
        { open: (connection) => void seen.push(connection) },
        { requestCert: true, rejectUnauthorized: false, ca: authority.cert },
      );
      await dialed(port, { cert: ann.cert, key: ann.key });
      await until(() => seen.length === 1, 'ann');
      expect(seen[0]).toMatchObject({ authorized: true, authorizationError: null });
      expect(seen[0]?.peerCertificate?.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(folder.fingerprint(ann));
      await dialed(port, { cert: stranger.cert, key: stranger.key });
      await until(() => seen.length === 2, 'the stranger');
      expect(seen[1]).toMatchObject({ authorized: false, authorizationError: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
      expect(seen[1]?.peerCertificate?.subject.CN).toBe('stranger.test');
      await dialed(port);
      await until(() => seen.length === 3, 'one without a certificate');
      expect(seen[2]).toMatchObject({ authorized: false, peerCertificate: null });
      expect(seen[2]?.authorizationError).not.toBeNull();
    });

    test.each(['TLSv1.2', 'TLSv1.3'] as const)('that are required keep out all others, over %s', async (version) => {
      const seen: Connection[] = [];
      const { port, failures } = await serve(
        { ...echo, open: (connection) => void seen.push(connection) },
        { requestCert: true, ca: authority.cert, minVersion: version, maxVersion: version },
      );
      const { peer } = await dialed(port, { cert: ann.cert, key: ann.key });
      await peer.write('x');
      expect(String(await peer.take(1))).toBe('x');
      for (const [index, identity] of [{ cert: stranger.cert, key: stranger.key }, {}].entries()) {
        const socket = dial(port, identity);
        socket.on('error', () => undefined);
        await until(() => failures.length === index + 1, 'a refusal');
      }
      expect(failures[0]).toMatchObject({ code: 'ERR_TLS_UNAUTHORIZED' });
      expect(failures[1]).toMatchObject({ code: expect.stringMatching(/^ERR_TLS_(?:HANDSHAKE|UNAUTHORIZED)$/) });
      expect(seen).toHaveLength(1);
    });
  });

  describe('the exchange of certificates', () => {
    test('holds for new connections, and keeps the old ones', { tags: ['needs-tls-names'] }, async () => {
      const { port, listener } = await serve(echo, { ALPNProtocols: ['irc'] });
      const { peer } = await dialed(port);
      listener.setSecureContext({
        cert: two.cert,
        key: two.key,
        sni: [{ servername: 'three.test', cert: stranger.cert, key: stranger.key }],
      });
      const later = await dialed(port, { servername: 'two.test', ALPNProtocols: ['irc'] });
      expect(later.socket.getPeerCertificate().subject.CN).toBe('two.test');
      expect(later.socket.alpnProtocol).toBe('irc');
      const named = await dialed(port, { servername: 'three.test', rejectUnauthorized: false });
      expect(named.socket.getPeerCertificate().subject.CN).toBe('stranger.test');
      await peer.write('still here\n');
      expect(await peer.line()).toBe('still here');
    });

    test('with a pair that does not match fails, and the old one stays', { tags: ['needs-openssl'] }, async () => {
      const { port, listener } = await serve(echo);
      const wrong = { cert: two.cert, key: one.key };
      expect(() => listener.setSecureContext(wrong)).toThrow(
        expect.objectContaining({
          code: 'ERR_TLS_CONTEXT',
          message: 'the certificate and the key do not belong together',
        }),
      );
      const sni = [{ servername: 'two.test', ...wrong }];
      expect(() => listener.setSecureContext({ cert: two.cert, key: two.key, sni })).toThrow('do not belong together');
      const { socket } = await dialed(port);
      expect(socket.getPeerCertificate().subject.CN).toBe('one.test');
    });

    test.each([
      ['a key of another certificate', () => ({ cert: one.cert, key: two.key }), 'do not belong together'],
      ['no PEM', () => ({ cert: 'nonsense', key: one.key }), 'no PEM text'],
      ['an encrypted key without a passphrase', () => encrypted(undefined), 'missing or wrong'],
      ['an encrypted key with a wrong passphrase', () => encrypted('wrong'), 'missing or wrong'],
      [
        'an encrypted key that a wrong passphrase turns into something else',
        () => ({ cert: one.cert, key: encryptedText('this is no key'), passphrase: 'secret' }),
        'missing or wrong',
      ],
    ])('listen() refuses %s', { tags: ['needs-openssl'] }, async (_what, identity, message) => {
      const listening = listen({ port: 0, tls: identity(), socket: {} });
      await expect(listening).rejects.toMatchObject({ code: 'ERR_TLS_CONTEXT' });
      await expect(listening).rejects.toThrow(message);
    });

    test('an encrypted key is taken with its passphrase', async () => {
      const { port } = await serve(echo, encrypted('secret'));
      const { socket } = await dialed(port, { servername: 'locked.test' });
      expect(socket.getPeerCertificate().subject.CN).toBe('locked.test');
    });

    /** A text in the form of a key that is encrypted with AES-256-CBC and the passphrase `secret` (PEM of OpenSSL). */
    function encryptedText(text: string): string {
      const salt = Buffer.alloc(16, 7);
      const digest = (before: Buffer) =>
        createHash('md5').update(before).update('secret').update(salt.subarray(0, 8)).digest();
      const first = digest(Buffer.alloc(0));
      const cipher = createCipheriv('aes-256-cbc', Buffer.concat([first, digest(first)]), salt);
      const content = Buffer.concat([cipher.update(text), cipher.final()]).toString('base64');
      const head = `Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,${salt.toString('hex').toUpperCase()}`;
      return `-----BEGIN EC PRIVATE KEY-----\n${head}\n\n${content}\n-----END EC PRIVATE KEY-----\n`;
    }

    function encrypted(passphrase: string | undefined) {
      const { cert, key } = folder.make({ name: 'locked.test', issuer: authority, passphrase: 'secret' });
      return { cert, key, ...(passphrase === undefined ? {} : { passphrase }) };
    }
  });

  test.each([
    ['TLSv1.2', false],
    ['TLSv1.3', false],
    ['TLSv1.3', true],
  ] as const)(
    'a session of %s is resumed, client certificates: %s',
    { tags: ['needs-tls-sessions'] },
    async (version, requestCert) => {
      const { port } = await serve(echo, { requestCert, rejectUnauthorized: false, ca: authority.cert });
      const settings = { maxVersion: version, minVersion: version, cert: ann.cert, key: ann.key };
      const first = dial(port, settings);
      const [session] = await nextEvent(first, 'session');
      first.end();
      if (!Buffer.isBuffer(session)) throw new Error('no session');
      const { socket, peer } = await dialed(port, { ...settings, session });
      expect(socket.isSessionReused()).toBe(true);
      await peer.write('again\n');
      expect(await peer.line()).toBe('again');
    },
  );

  describe('writing', () => {
    test('many writes of one turn become one record', async () => {
      const { port } = await serve({
        open: (connection) => {
          for (let i = 0; i < 100; i += 1) connection.write(`line ${i}\n`);
        },
      });
      const { socket, peer } = await dialed(port, { maxVersion: 'TLSv1.2' });
      const lines = Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join('');
      expect(String(await peer.take(lines.length))).toBe(lines);
      // The handshake has its own overhead; a record for each line would add about 29 bytes a line.
      expect(socket.bytesRead).toBe(lines.length);
    });

    test('everybody subscribed gets shared bytes, but the one who said it', async () => {
      const { port, listener, opened } = await serve({ open: (connection) => connection.subscribe('news') });
      const { peer } = await dialed(port);
      const first = await opened.within('the first');
      const other = await dialed(port);
      await until(() => listener.connections === 2, 'two connections');
      const line = new SharedBytes('for all\n');
      await until(() => listener.publish('news', line, { except: first }) === 1, 'the subscription');
      expect(await other.peer.line()).toBe('for all');
      first.unsubscribe('news');
      first.write('only you\n');
      expect(await peer.line()).toBe('only you');
    });

    test('a reader that is behind makes write return false, and drain is called when there is room', async () => {
      const drained = new Signal();
      const { port, opened } = await serve({ drain: () => drained.set() });
      const { socket, peer } = await dialed(port);
      const connection = await opened.within('the connection');
      socket.pause();
      const bytes = pattern(8 * MIB);
      expect(connection.write(bytes)).toBe(false);
      expect(connection.pendingBytes).toBeGreaterThan(65_536);
      socket.resume();
      expect(digest(await peer.take(bytes.length))).toBe(digest(bytes));
      await drained.within('drain');
      expect(connection.pendingBytes).toBe(0);
    });

    test('a reader that reads nothing is cut off at the limit', { tags: ['needs-tls-pause'] }, async () => {
      const { port, opened, closed } = await serve({}, {}, { maxPendingBytes: 100_000 });
      const { socket } = await dialed(port);
      socket.pause();
      const connection = await opened.within('the connection');
      const bytes = Buffer.alloc(65_536);
      await until(() => connection.isDestroyed || (connection.write(bytes), false), 'the limit');
      expect(await closed.within('close')).toMatchObject({ code: 'ERR_WRITE_QUEUE_FULL' });
    });

    test('the writer may use its memory again at once', async () => {
      const { port, opened } = await serve({});
      const { peer } = await dialed(port);
      const connection = await opened.within('the connection');
      const bytes = Buffer.from('first\n');
      connection.write(bytes);
      bytes.write('other\n');
      connection.write(bytes);
      expect([await peer.line(), await peer.line()]).toEqual(['first', 'other']);
    });

    test('after end(), a write is refused and reported once', async () => {
      const errors: unknown[] = [];
      const { port, opened } = await serve({ error: (_connection, error) => errors.push(error) });
      const { peer } = await dialed(port);
      const connection = await opened.within('the connection');
      connection.end('last words\n');
      expect([connection.write('more'), connection.write('more')]).toEqual([false, false]);
      expect(String(await peer.ended())).toBe('last words\n');
      expect(errors).toEqual([expect.objectContaining({ code: 'ERR_WRITE_AFTER_END' })]);
    });
  });

  describe('the end', () => {
    test('of the peer alone leaves room for an answer', { tags: ['needs-tls-on-duplex'] }, async () => {
      const { port, closed } = await serve({ end: (connection) => connection.end('goodbye\n') });
      const { socket, peer } = await dialed(port);
      socket.end();
      expect(String(await peer.ended())).toBe('goodbye\n');
      expect(await closed.within('close')).toBeUndefined();
    });

    test('of a peer that cuts the stream without saying so is an end as well', async () => {
      const ended = new Signal();
      const { port, closed, opened } = await serve({
        end: (connection) => {
          ended.set();
          connection.end();
        },
      });
      const raw = connectPlain(port, '127.0.0.1');
      onTestFinished(() => void raw.destroy());
      const socket = dial(port, { socket: raw });
      await nextEvent(socket, 'secureConnect');
      await opened.within('the connection');
      raw.end();
      await ended.within('end');
      expect(await closed.within('close')).toBeUndefined();
    });

    test('by a reset is an error', async () => {
      const { port, closed, opened } = await serve({});
      const raw = connectPlain(port, '127.0.0.1');
      const socket = dial(port, { socket: raw });
      socket.on('error', () => undefined);
      await nextEvent(socket, 'secureConnect');
      await opened.within('the connection');
      raw.resetAndDestroy();
      expect(await closed.within('close')).toMatchObject({ code: 'ECONNRESET' });
    });

    test('by destroy() drops what is pending and calls close with the reason', async () => {
      const { port, closed, opened } = await serve({});
      await dialed(port);
      const connection = await opened.within('the connection');
      const reason = new Error('enough');
      connection.write('never sent');
      connection.destroy(reason);
      expect([connection.isDestroyed, connection.isWritable]).toEqual([true, false]);
      expect(await closed.within('close')).toBe(reason);
      expect(connection.fd).toBe(-1);
    });

    test('by a record that was tampered with is an error of its own', async () => {
      const { port, closed, opened } = await serve({});
      const raw = connectPlain(port, '127.0.0.1');
      onTestFinished(() => void raw.destroy());
      const socket = dial(port, { socket: raw });
      socket.on('error', () => undefined);
      await nextEvent(socket, 'secureConnect');
      await opened.within('the connection');
      // A record of application data that no key fits.
      raw.write(Buffer.concat([Buffer.from([0x17, 3, 3, 0, 40]), pattern(40)]));
      expect(await closed.within('close')).toMatchObject({ code: 'ERR_TLS_RECORD' });
    });

    test('of the listener lets everything out that was written', async () => {
      const { port, listener, opened } = await serve({});
      const { peer } = await dialed(port);
      const connection = await opened.within('the connection');
      connection.write('last words\n');
      const closing = listener.close({ drainMs: 5000 });
      expect(String(await peer.ended())).toBe('last words\n');
      peer.socket.end();
      await within(closing, 'closing');
    });

    test('of the listener without time to drain is at once, and what was written still leaves', async () => {
      const { port, listener, opened } = await serve({});
      const { peer } = await dialed(port);
      const connection = await opened.within('the connection');
      connection.write('last words\n');
      await within(listener.close(), 'closing');
      expect(String(await peer.take(11))).toBe('last words\n');
    });

    test('of a listener amid a handshake waits for nobody', async () => {
      const { port, listener } = await serve({});
      const raw = connectPlain(port, '127.0.0.1');
      onTestFinished(() => void raw.destroy());
      await until(() => listener.connections === 1, 'the connection');
      await within(listener.close(), 'closing');
    });
  });

  test('pause keeps bytes in the kernel, and resume hands them over', async () => {
    let receivedBytes = 0;
    const { port, opened } = await serve({
      open: (connection) => connection.pause(),
      data: (_connection, bytes) => {
        receivedBytes += bytes.length;
      },
    });
    const { socket } = await dialed(port);
    const connection = await opened.within('the connection');
    const bytes = pattern(12 * MIB);
    socket.write(bytes);
    await until(() => socket.writableLength > 0 && socket.bytesWritten > 0, 'a full kernel');
    expect(connection.isPaused).toBe(true);
    expect(receivedBytes).toBe(0);
    connection.resume();
    await until(
      () => receivedBytes === bytes.length,
      () => `all bytes; ${receivedBytes} so far`,
    );
  });

  test('a handler that throws reaches uncaughtException once, and the connection goes on', async () => {
    const caught = catchUncaught();
    const { port } = await serve({
      data: (connection, bytes) => {
        if (bytes.toString() === 'bad') throw new Error('thrown by a handler');
        connection.write(bytes);
      },
    });
    const { peer } = await dialed(port);
    await peer.write('bad');
    await until(() => caught.length > 0, 'the exception');
    await peer.write('good\n');
    expect(await peer.line()).toBe('good');
    expect(caught).toEqual([expect.objectContaining({ message: 'thrown by a handler' })]);
  });

  test('a connection on which no byte moves is closed after the idle timeout', async () => {
    const { port, closed } = await serve({}, {}, { idleTimeoutMs: 1000 });
    const { socket } = await dialed(port);
    socket.on('error', () => undefined);
    expect(await closed.within('close')).toMatchObject({ code: 'ERR_IDLE_TIMEOUT' });
  });

  test('a Duplex of the connection carries both ways and both ends', async () => {
    const { port, opened } = await serve({});
    const { socket, peer } = await dialed(port);
    const connection = await opened.within('the connection');
    const duplex = connection.toDuplex();
    expect(() => connection.toDuplex()).toThrow(expect.objectContaining({ code: 'ERR_BUSY' }));
    duplex.on('data', (bytes: Buffer) => duplex.write(bytes));
    duplex.on('end', () => duplex.end());
    const bytes = pattern(MIB);
    const written = peer.write(bytes);
    expect(digest(await peer.take(bytes.length))).toBe(digest(bytes));
    await written;
    socket.end();
    await peer.ended();
    await until(() => duplex.closed && connection.fd === -1, 'the close');
  });

  describe('bad peers', () => {
    async function raw(port: number): Promise<Peer> {
      const socket = connectPlain(port, '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      await nextEvent(socket, 'connect');
      return new Peer(socket);
    }

    test('one that speaks plain text is closed, and the error says so', async () => {
      const { port, failed, listener } = await serve(echo);
      const peer = await raw(port);
      await peer.write('NICK ann\r\n');
      expect(await failed.within('the failure')).toMatchObject({
        code: 'ERR_TLS_HANDSHAKE',
        message: 'the peer does not speak TLS: its first byte is 0x4e',
      });
      await peer.ended();
      await until(() => listener.connections === 0, 'the close');
    });

    test.each([
      ['nothing', ''],
      ['one byte of a hello', '\u0016'],
    ])('one that sends %s is closed after the timeout', async (_what, bytes) => {
      const { port, failed } = await serve(echo, { handshakeTimeoutMs: 40 });
      const peer = await raw(port);
      if (bytes !== '') await peer.write(bytes);
      expect(await failed.within('the failure')).toMatchObject({
        code: 'ERR_TLS_HANDSHAKE_TIMEOUT',
        message: 'the handshake has taken 40 ms (handshakeTimeoutMs)',
      });
      await peer.ended();
    });

    test('one that ends in the handshake is closed', async () => {
      const { port, failed } = await serve(echo);
      const peer = await raw(port);
      await peer.write(Buffer.from([0x16, 3, 1]));
      peer.socket.end();
      expect(await failed.within('the failure')).toMatchObject({ code: 'ERR_TLS_HANDSHAKE' });
      await peer.ended();
    });

    test('one that resets in the handshake is gone', async () => {
      const { port, failed, listener } = await serve(echo);
      const peer = await raw(port);
      await peer.write(Buffer.from([0x16, 3, 1]));
      await until(() => listener.connections === 1, 'the connection');
      peer.socket.resetAndDestroy();
      expect(await failed.within('the failure')).toMatchObject({ code: 'ERR_TLS_HANDSHAKE' });
      await until(() => listener.connections === 0, 'the close');
    });

    test('one whose records arrive byte by byte is served', async () => {
      const { port } = await serve(echo);
      const through = new SplitStream(await raw(port).then(({ socket }) => socket));
      const { peer } = await dialed(port, { socket: through });
      await peer.write('slowly\n');
      expect(await peer.line()).toBe('slowly');
    });

    test('none begins while handshakes have taken more than their share of the time', async () => {
      const { port, listener, opened } = await serve(
        {
          open: () => {
            const before = process.cpuUsage();
            while (process.cpuUsage(before).user < 150_000);
          },
        },
        { handshakeCpuPercent: 1 },
      );
      await dialed(port);
      await opened.within('the connection');
      await raw(port);
      for (let round = 0; round < 10; round += 1) await new Promise(setImmediate);
      expect(listener.connections).toBe(1);
    });

    test('none takes more places than there are: the next waits, and is served when one is free', async () => {
      const { port, listener, failures } = await serve(echo, { maxHandshakes: 2, handshakeTimeoutMs: 300 });
      const silent = [await raw(port), await raw(port)];
      await until(() => listener.connections === 2, 'two handshakes');
      const { peer } = await dialed(port);
      await peer.write('in\n');
      expect(await peer.line()).toBe('in');
      expect(failures[0]).toMatchObject({ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' });
      expect(listener.refusedConnections).toBe(0);
      for (const { socket } of silent) socket.destroy();
    });
  });
});

/** Sends every byte by itself. */
class SplitStream extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket.setNoDelay(true);
    socket.on('data', (bytes) => this.push(bytes));
    socket.on('end', () => this.push(null));
  }

  override _read(): void {
    // Everything is pushed as it arrives.
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const sendFrom = (index: number): void => {
      if (index === bytes.length) done();
      else this.#socket.write(bytes.subarray(index, index + 1), () => setImmediate(sendFrom, index + 1));
    };
    sendFrom(0);
  }
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
