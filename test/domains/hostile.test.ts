import { connect } from 'node:net';
import { connect as connectTls, createServer, type TLSSocket } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { encodeRoom } from '../../src/chat/snapshot-codec.js';
import { isVisit, isWord, LINK_VERSION } from '../../src/domains/messages.js';
import { decodePack, encodePack } from '../../src/log/codec.js';
import type { Entry, Who } from '../../src/log/entry.js';
import { encodeFrame, FrameReader } from '../../src/log/frames.js';
import { ask } from '../server/keeping.js';
import { hasOpenssl, type TestIdentity } from '../support/certificates.js';
import { nextEvent, until } from '../support/deadline.js';
import { Authority, TestDomain, Way } from './domains.js';
import { emptyRoom, eve, stamp, words } from './entries.js';

/** The other end of a link that says whatever it likes. */
class Raw {
  readonly socket: TLSSocket;
  readonly heads: unknown[] = [];
  /** The bodies of the same. */
  readonly bodies: Uint8Array[] = [];
  isClosed = false;
  readonly #frames = new FrameReader();

  constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (bytes: Uint8Array) => {
      this.#frames.push(bytes);
      for (let frame = this.#frames.next(); frame !== null && frame !== 'malformed'; frame = this.#frames.next()) {
        this.heads.push(frame.head);
        this.bodies.push(new Uint8Array(frame.body));
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  say(head: object, body?: Uint8Array): void {
    this.socket.write(encodeFrame(head, body));
  }

  append(...entries: Entry[]): void {
    const encoded = encodePack(entries);
    if (encoded.kind === 'bytes') this.say({ kind: 'append', id: 1, turn: 1 }, encoded.bytes);
  }

  heard(kind: string): Promise<void> {
    return until(() => this.heads.some((head) => isWord(head) && head.kind === kind), kind);
  }

  closed(): Promise<void> {
    return until(() => this.isClosed, 'the end of a link');
  }
}

const who = eve('eve/shanghai');
const join = { ...stamp, kind: 'join', who, name: '#tea', key: null, flags: [] } as const;

describe.skipIf(!hasOpenssl)(`a domain that means ill${hasOpenssl ? '' : ' (needs openssl)'}`, () => {
  const authority = new Authority();
  const ca = (): string => authority.own.cert;

  async function visit(identity: TestIdentity): Promise<{ raw: Raw; beijing: TestDomain }> {
    const beijing = await TestDomain.start({
      name: 'beijing.example',
      authority,
      rooms: ['#tea'],
      links: [{ name: 'shanghai.example' }, { name: 'tokyo.example' }],
    });
    return { raw: connectTo(beijing, identity), beijing };
  }

  function connectTo(beijing: TestDomain, { cert, key }: TestIdentity): Raw {
    const socket = connectTls({ port: beijing.linkPort, cert, key, ca: ca(), servername: 'beijing.example' });
    onTestFinished(() => void socket.destroy());
    return new Raw(socket);
  }

  const greet = (raw: Raw, domain = 'shanghai.example', run = 'x'): void => {
    raw.say({ kind: 'hello', version: LINK_VERSION, domain, run });
  };

  /** Greets, and receives a room. */
  const follow = async (raw: Raw, room = '#tea'): Promise<void> => {
    greet(raw);
    raw.say({ kind: 'follow', id: 1, room, resume: null });
    await raw.heard('caught-up');
  };

  test('it cannot greet as another domain', async () => {
    const { raw, beijing } = await visit(authority.identity('shanghai.example'));
    greet(raw, 'tokyo.example');
    await raw.closed();
    expect(beijing.records.some((line) => line.includes('its certificate is that of another domain'))).toBe(true);
  });

  test('two servers with one name do not end the connections of each other all the time', async () => {
    const identity = authority.identity('shanghai.example');
    const { raw, beijing } = await visit(identity);
    greet(raw);
    await raw.heard('hello');
    const other = connectTo(beijing, identity);
    greet(other, 'shanghai.example', 'y');
    await other.closed();
    expect(beijing.records.some((line) => line.includes('another server with its name'))).toBe(true);
    // The same server may have lost its former connection.
    const again = connectTo(beijing, identity);
    greet(again);
    await again.heard('hello');
    await raw.closed();
  });

  test.each([
    ['bytes that are no frame', (raw: Raw) => void raw.socket.write(new Uint8Array(64).fill(0xff))],
    [
      'the beginning of a large frame before its greeting',
      (raw: Raw) => void raw.socket.write(encodeFrame({ kind: 'pulse' }, new Uint8Array(5_000)).subarray(0, 100)),
    ],
    ['a frame without a greeting', (raw: Raw) => raw.say({ kind: 'follow', id: 1, room: '#tea', resume: null })],
    ['another version', (raw: Raw) => raw.say({ kind: 'hello', version: 99, domain: 'shanghai.example', run: 'x' })],
    ['a name that is none', (raw: Raw) => raw.say({ kind: 'hello', version: 1, domain: 'a\0b', run: 'x' })],
    ['a head that is no message', (raw: Raw) => raw.say({ kind: 'shutdown' })],
  ])('%s ends its link, and nothing else', async (_, spoil) => {
    const { raw, beijing } = await visit(authority.identity('shanghai.example'));
    spoil(raw);
    await raw.closed();
    const bob = await beijing.irc('bob');
    await ask(bob, 'JOIN #tea', / 366 /);
  });

  test('strangers who try again and again do not fill the log', async () => {
    const beijing = await TestDomain.start({ name: 'beijing.example', authority, links: [] });
    const sockets = Array.from({ length: 60 }, () => connect(beijing.linkPort, '127.0.0.1'));
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
    await Promise.all(
      sockets.map((socket) => {
        socket.on('error', () => undefined).resume();
        socket.write('this is not TLS\r\n');
        return nextEvent(socket, 'close');
      }),
    );
    const refusals = beijing.records.filter((line) => line.startsWith('a link has failed to open'));
    expect(refusals.length).toBeGreaterThan(0);
    expect(refusals.length).toBeLessThan(60);
  });

  test('it cannot speak as anybody else, or as more than anybody', async () => {
    const { raw, beijing } = await visit(authority.identity('shanghai.example'));
    const bob = await beijing.irc('bob');
    await ask(bob, 'JOIN #tea', / 366 /);
    await follow(raw);
    const spoiled: Partial<Who>[] = [
      { nick: 'bob' },
      { nick: 'eve/tokyo' },
      { nick: 'eve/tokyo/shanghai' },
      { nick: 'e ve/shanghai' },
      { nick: 'eve!x@y/shanghai' },
      { nick: '/shanghai' },
      { user: 'x y' },
      { host: 'a\r\nb' },
      { address: '192.0.2.2' },
      { account: 'bob' },
      { account: 'bob@tokyo.example' },
      { privileges: ['override'] },
      { realName: 'x\r\nQUIT' },
    ];
    spoiled.forEach((some, index) => {
      raw.append({ ...join, n: index + 1, who: { ...who, ...some } });
    });
    const n = spoiled.length + 1;
    raw.append(
      { ...join, n },
      { ...stamp, n: n + 1, kind: 'say', ...words, text: 'one\r\n:bob!b@b PRIVMSG #tea :two' },
      { ...stamp, n: n + 2, kind: 'retitle', who: null, name: '#coffee', reason: '' },
      { ...stamp, n: n + 3, kind: 'gone', node: 'a.1' },
      { ...stamp, n: n + 4, kind: 'say', ...words, text: 'only this' },
    );
    expect(await bob.line()).toMatch(/:eve\/shanghai!eve@192\.0\.2\.1 JOIN #tea/);
    // A text of several lines is said line by line.
    expect(await bob.line()).toMatch(/:eve\/shanghai!eve@192\.0\.2\.1 PRIVMSG #tea :one/);
    expect(await bob.line()).toMatch(/:eve\/shanghai!eve@192\.0\.2\.1 PRIVMSG #tea ::bob!b@b PRIVMSG #tea :two/);
    expect(await bob.line()).toMatch(/:eve\/shanghai!eve@192\.0\.2\.1 PRIVMSG #tea :only this/);
    // Sessions of this domain, or of a third one, are not its own either.
    raw.append({ ...stamp, session: 'tokyo.example/a.1.1', kind: 'say', ...words, text: '?' });
    await raw.closed();
    await ask(bob, 'PRIVMSG #tea :still here', / PRIVMSG #tea :still here/);
  });

  test('it cannot enter an empty room by the name of another one', async () => {
    const { raw, beijing } = await visit(authority.identity('shanghai.example'));
    const bob = await beijing.irc('bob');
    await ask(bob, 'JOIN #lobby', / 366 /);
    await follow(raw, '#Tea');
    raw.append({ ...join, name: '#lobby' });
    await raw.heard('appended');
    expect(await ask(bob, 'NAMES #lobby', / 353 /)).not.toContain('eve/shanghai');
    expect(await ask(bob, 'JOIN #tea', / 353 /)).toContain('eve/shanghai');
  });

  test('it cannot invite people without a bound, or under any name', async () => {
    const { raw, beijing } = await visit(authority.identity('shanghai.example'));
    await ask(await beijing.irc('bob'), 'JOIN #tea', / 366 /);
    await follow(raw);
    const invite = (n: number, guest: string): Entry => ({ ...stamp, n, kind: 'invite', guest, who });
    const count = 1_005;
    const good = Array.from({ length: count }, (_, index) => `shanghai.example/a.2.${index}`);
    const bad = ['shanghai.example/', `shanghai.example/${'x'.repeat(400)}`, 'shanghai.example/tokyo.example/a.1.1'];
    raw.append(join, ...bad.map((guest, index) => invite(index + 2, guest)));
    const invitations = good.map((guest, index) => invite(index + 2 + bad.length, guest));
    for (let at = 0; at < count; at += 201) raw.append(...invitations.slice(at, at + 201));
    await until(() => raw.heads.filter((head) => isWord(head) && head.kind === 'appended').length === 6, 'answers');
    let guests: string[] = [];
    beijing.server.chat.originOf('#tea', (_, { snapshot }) => {
      guests = snapshot.invitations.map(({ guest }) => guest);
    });
    expect(guests).toEqual(good.slice(-1_000));
  });

  test('it gets no room that is not shared', async () => {
    const { raw, beijing } = await visit(authority.identity('shanghai.example'));
    await ask(await beijing.irc('bob'), 'JOIN #secret', / 366 /);
    greet(raw);
    raw.say({ kind: 'follow', id: 1, room: '#secret', resume: null });
    await raw.heard('refused');
  });

  test('a home cannot speak for people of a domain that has entered its room', async () => {
    const identity = authority.identity('beijing.example');
    const visitors: Raw[] = [];
    const server = createServer({ ...identity, ca: ca(), requestCert: true }, (socket) => {
      visitors.push(new Raw(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const { socket } of visitors) socket.destroy();
      server.close();
    });
    const way = await Way.open();
    const address = server.address();
    way.leadTo(typeof address === 'object' && address !== null ? address.port : 0);
    const shanghai = await TestDomain.start({
      name: 'shanghai.example',
      authority,
      links: [{ name: 'beijing.example', way, rooms: ['#tea'] }],
    });
    await until(() => visitors.some(({ heads }) => heads.length > 0), 'a greeting');
    const home = visitors.find(({ heads }) => heads.length > 0);
    if (home === undefined) return;
    home.say({
      kind: 'hello',
      version: LINK_VERSION,
      domain: 'beijing.example',
      label: 'shanghai',
      epoch: 'e',
      rooms: ['#tea'],
    });
    await shanghai.linked('beijing.example');
    const ann = await shanghai.irc('ann');
    await ann.write('JOIN #tea:beijing.example\r\n');
    // It has followed the letters before: what is said about the room earlier than this would concern nobody.
    await until(
      () => home.heads.some((head) => isVisit(head) && head.kind === 'follow' && head.room === '#tea'),
      'a room',
    );
    const state = new TextEncoder().encode(encodeRoom(emptyRoom()));
    home.say({ kind: 'state', id: 1, log: 'x', seq: 0, bytes: state.length }, state);
    home.say({ kind: 'caught-up', id: 1 });
    const isProposal = (head: unknown): boolean => isVisit(head) && head.kind === 'append';
    await until(() => home.heads.some(isProposal), 'a proposal');
    const index = home.heads.findIndex(isProposal);
    const proposed = decodePack(home.bodies[index] ?? new Uint8Array());
    const session = proposed.kind === 'pack' ? (proposed.entries[0]?.session ?? '') : '';
    const forged = encodePack([
      { ...stamp, session: `shanghai.example/${session}`, kind: 'join', who, name: '#tea', key: 'forged', flags: [] },
    ]);
    if (forged.kind === 'bytes') home.say({ kind: 'pack', id: 1, seq: 1 }, forged.bytes);
    await home.closed();
    expect(shanghai.records.some((line) => line.includes('spoken for somebody of this domain'))).toBe(true);
    const joe = await shanghai.irc('joe');
    await ask(joe, 'JOIN #local', / 366 /);
  });
});
