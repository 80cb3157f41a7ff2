/** A configuration of a domain that is read again. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ask } from '../server/keeping.js';
import { hasOpenssl, type TestIdentity } from '../support/certificates.js';
import { nextEvent, until } from '../support/deadline.js';
import { Authority, startPair, TestDomain, Way } from './domains.js';
import { startTwo } from './worlds.js';

const tea = '#tea:beijing.example';

/** Returns the serial number of the certificate that a domain shows. */
async function serialOf(domain: TestDomain, { certFile, keyFile }: TestIdentity, ca: TestIdentity): Promise<string> {
  const socket = connect({
    host: '127.0.0.1',
    port: domain.linkPort,
    servername: 'beijing.example',
    ca: readFileSync(ca.certFile),
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
  });
  onTestFinished(() => void socket.destroy());
  await nextEvent(socket, 'secureConnect');
  return socket.getPeerCertificate().serialNumber;
}

describe.skipIf(!hasOpenssl)(`a reload of a domain${hasOpenssl ? '' : ' (needs openssl)'}`, () => {
  const authority = new Authority();

  test('new links show the new certificate, and those that are open stay', async () => {
    const { beijing, shanghai, toBeijing } = await startPair(authority);
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, `JOIN ${tea}`, / 366 /);
    const guest = authority.identity('shanghai.example');
    const before = await serialOf(beijing, guest, authority.own);
    const next = authority.folder.make({ name: 'beijing.example', issuer: authority.own });
    const tls = {
      cert: readFileSync(next.certFile, 'utf8'),
      key: readFileSync(next.keyFile, 'utf8'),
      ca: readFileSync(authority.own.certFile, 'utf8'),
    };
    expect(await beijing.reload({ tls })).toEqual({ problem: null, waitingKeys: [] });
    expect(await serialOf(beijing, guest, authority.own)).not.toBe(before);
    await ask(ann, `PRIVMSG ${tea} :the link is as it was`, /:ann!\S+ PRIVMSG/);
    await bob.lineLike(/:the link is as it was/);
    toBeijing.cut();
    await shanghai.linked('beijing.example', false);
    toBeijing.mend();
    await shanghai.linked('beijing.example');
    await ask(ann, `PRIVMSG ${tea} :and again`, /:ann!\S+ PRIVMSG/);
    await bob.lineLike(/:and again/);
  });

  test('a domain that is removed is out at once, both ways, and does not come back', async () => {
    const { beijing, shanghai } = await startPair(authority);
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(bob, 'JOIN #boats:shanghai.example', / 366 /);
    await ask(ann, `JOIN ${tea}`, / 366 /);
    await bob.lineLike(/:ann\/shanghai!\S+ JOIN/);
    expect(await beijing.reload({ links: [] })).toEqual({ problem: null, waitingKeys: [] });
    const lines = [await bob.lineLike(/PART/), await bob.lineLike(/PART/)].map((line) =>
      / :(\S+)!\S+ PART (\S+)/.exec(line)?.slice(1),
    );
    expect(lines.sort()).toEqual([
      ['ann/shanghai', '#tea'],
      ['bob', '#boats:shanghai.example'],
    ]);
    expect(beijing.server.readings().domainLinks).toEqual([]);
    await shanghai.linked('beijing.example', false);
    await until(() => beijing.records.some((record) => record.includes('it is not linked')), 'another attempt');
    await ask(bob, 'CAP REQ standard-replies', /ACK/);
    await ask(bob, 'JOIN #boats:shanghai.example', / UNKNOWN_DOMAIN /);
    await ask(ann, 'CAP REQ standard-replies', /ACK/);
    await ask(ann, 'PRIVMSG bob/beijing :?', / DOMAIN_UNREACHABLE bob\/beijing /);
    await ask(bob, 'PRIVMSG #tea :we talk on', /we talk on/);
  });

  test('a domain that is added is linked both ways, and what it shares with others stays', async () => {
    const [toBeijing, toShanghai] = [await Way.open(), await Way.open()];
    const beijing = await TestDomain.start({ name: 'beijing.example', authority, rooms: ['#tea'], links: [] });
    const shanghai = await TestDomain.start({ name: 'shanghai.example', authority, rooms: ['#boats'], links: [] });
    toBeijing.leadTo(beijing.linkPort);
    toShanghai.leadTo(shanghai.linkPort);
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(ann, 'CAP REQ standard-replies', /ACK/);
    await ask(ann, `JOIN ${tea}`, / UNKNOWN_DOMAIN /);
    const applied = { problem: null, waitingKeys: [] };
    const toTea = { name: 'beijing.example', at: { host: '127.0.0.1', port: toBeijing.port }, rooms: ['#tea'] };
    expect(await shanghai.reload({ links: [toTea] })).toEqual(applied);
    const toBoats = { name: 'shanghai.example', at: { host: '127.0.0.1', port: toShanghai.port }, rooms: ['#boats'] };
    expect(await beijing.reload({ links: [toBoats] })).toEqual(applied);
    await Promise.all([shanghai.linked('beijing.example'), beijing.linked('shanghai.example')]);
    await ask(ann, `JOIN ${tea}`, / 366 /);
    await bob.lineLike(/:ann\/shanghai!\S+ JOIN/);
    await ask(ann, `PRIVMSG ${tea} :from afar`, /:ann!\S+ PRIVMSG/);
    await bob.lineLike(/:from afar/);
    await ask(bob, 'JOIN #boats:shanghai.example', / 366 /);
    expect(shanghai.server.config.domain?.links).toEqual([toTea]);
    // The same file again changes nothing, and a third domain leaves the links as they are.
    const third = { name: 'beijing.elsewhere', at: null, rooms: [] };
    expect(await shanghai.reload({ links: [toTea, third] })).toEqual(applied);
    await ask(bob, 'PRIVMSG #tea :still here', /:still here/);
    expect(await ann.lineLike(/:still here/)).toMatch(/:bob\/beijing!/);
    expect(shanghai.records.filter((record) => record.startsWith('link lost'))).toEqual([]);
  });

  test('a link goes over to another address, and to more rooms', async () => {
    const { beijing, shanghai, toBeijing } = await startPair(authority);
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(bob, 'JOIN #ops', / 366 /);
    await ask(ann, `JOIN ${tea}`, / 366 /);
    await ask(ann, 'CAP REQ standard-replies', /ACK/);
    await ask(ann, 'JOIN #ops:beijing.example', / FAIL|403|DOMAIN/);
    const other = await Way.open();
    other.leadTo(beijing.linkPort);
    const at = { host: '127.0.0.1', port: other.port };
    const links = [{ name: 'beijing.example', at, rooms: ['#tea', '#ops'] }];
    expect(await shanghai.reload({ links })).toEqual({ problem: null, waitingKeys: [] });
    await until(() => shanghai.records.filter((each) => each.startsWith('link opened')).length === 2, 'another link');
    toBeijing.cut();
    await ask(ann, `PRIVMSG ${tea} :by the other way`, /:ann!\S+ PRIVMSG/);
    await bob.lineLike(/:by the other way/);
    await ask(ann, 'JOIN #ops:beijing.example', / 366 /);
  });

  test('another name is refused, and nothing else of that file applies; other changes wait', async () => {
    const { beijing, shanghai } = await startPair(authority);
    const renamed = await beijing.reload({ name: 'peking.example', links: [] });
    expect(renamed.problem).toMatch(/domain\.name: this server is beijing\.example, and cannot become peking\.example/);
    await shanghai.linked('beijing.example');
    expect(beijing.server.readings().domainLinks).toHaveLength(1);
    expect(await beijing.reload({ name: 'beijing.example', rooms: [] })).toEqual({
      problem: null,
      waitingKeys: ['domain'],
    });
    await shanghai.linked('beijing.example');
  });

  test('a link that leads nowhere any more lets the people of that domain in all the same', async () => {
    const { beijing, shanghai, toShanghai } = await startPair(authority);
    const [bob, ann] = [await beijing.irc('bob'), await shanghai.irc('ann')];
    await ask(bob, 'JOIN #tea', / 366 /);
    await ask(bob, 'JOIN #boats:shanghai.example', / 366 /);
    await ask(ann, `JOIN ${tea}`, / 366 /);
    const nowhere = [{ name: 'shanghai.example', at: null, rooms: [] }];
    expect(await beijing.reload({ links: nowhere })).toEqual({ problem: null, waitingKeys: [] });
    await bob.lineLike(/ PART #boats:shanghai\.example/);
    await ask(ann, `PRIVMSG ${tea} :as before`, /:ann!\S+ PRIVMSG/);
    await bob.lineLike(/:as before/);
    const at = { host: '127.0.0.1', port: toShanghai.port };
    await beijing.reload({ links: [{ name: 'shanghai.example', at, rooms: ['#boats'] }] });
    await beijing.linked('shanghai.example');
    await ask(bob, 'JOIN #boats:shanghai.example', / 366 /);
  });
});

test('a reload that ends after the server links nobody', async () => {
  const { home, far, ways, settle } = await startTwo([], []);
  settle();
  await Promise.all([home, far].map(({ domains }) => domains.close()));
  settle();
  const { links } = far.settings;
  const third = { name: 'third.example', at: { host: '', port: 0 }, rooms: [] };
  far.domains.reload({ ...far.settings, links: [...links, third] });
  expect(ways.step(1)).toBe(false);
});
