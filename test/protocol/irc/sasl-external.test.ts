/** AUTHENTICATE EXTERNAL, over TLS. */
import tls from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MemoryAccounts } from '../../../src/accounts/memory-accounts.js';
import { readTlsFiles } from '../../../src/server/config/tls-files.js';
import { accountOf } from '../../accounts/book.js';
import { CertificateFolder, hasOpenssl, type TestIdentity } from '../../support/certificates.js';
import { nextEvent } from '../../support/deadline.js';
import { Peer } from '../../support/peers.js';
import { IrcClient, type IrcTestServer, numerics, startIrc } from './irc-client.js';

const FAILED = '904 :SASL authentication failed';

describe.skipIf(!hasOpenssl)('AUTHENTICATE EXTERNAL', () => {
  const folder = new CertificateFolder();
  const identity = folder.make({ name: '127.0.0.1' });
  // Nobody but the account vouches for it.
  const ann = folder.make({ name: 'ann' });
  const eve = folder.make({ name: 'eve' });

  async function startWithCertificate(irc = {}): Promise<IrcTestServer> {
    const accounts = new MemoryAccounts();
    const credentials = [{ kind: 'certfp', data: folder.fingerprint(ann) }] as const;
    await accounts.add(accountOf('Ann', { credentials }), 10);
    const files = { cert: identity.certFile, key: identity.keyFile, clientCertificates: 'request' } as const;
    const secure = { tls: await readTlsFiles(files, '/', 'tls') };
    return startIrc({ accounts, irc, listeners: [{}, secure], limits: { maxPasswordDelayMs: 0 } });
  }

  async function dial(server: IrcTestServer, own: TestIdentity | null): Promise<IrcClient> {
    const shown = own === null ? {} : { cert: own.cert, key: own.key };
    const socket = tls.connect({ port: server.ports.at(-1), host: '127.0.0.1', ca: identity.cert, ...shown });
    onTestFinished(() => void socket.destroy());
    await nextEvent(socket, 'secureConnect');
    return new IrcClient(new Peer(socket));
  }

  const attempt = async (client: IrcClient, authorization = ''): Promise<string[]> => {
    const response = authorization === '' ? '+' : Buffer.from(authorization).toString('base64');
    return numerics(await client.ask('CAP REQ :sasl', 'AUTHENTICATE EXTERNAL', `AUTHENTICATE ${response}`));
  };

  test('the certificate of an account logs in to it, named or not', async () => {
    const server = await startWithCertificate();
    for (const authorization of ['', 'ann']) {
      const client = await dial(server, ann);
      expect(await attempt(client, authorization)).toEqual([
        '900 *!*@127.0.0.1 Ann :You are now logged in as Ann',
        '903 :SASL authentication successful',
      ]);
    }
  });

  test('another account, another certificate, no certificate and no TLS fail', async () => {
    const server = await startWithCertificate();
    expect(await attempt(await dial(server, ann), 'bob')).toEqual([FAILED]);
    expect(await attempt(await dial(server, eve))).toEqual([FAILED]);
    expect(await attempt(await dial(server, null), 'ann')).toEqual([FAILED]);
    expect(await attempt(await server.connect(), 'ann')).toEqual([FAILED]);
  });

  test('the certificate of a gateway is not that of those for whom it speaks', async () => {
    const gateways = [{ name: 'kiwi', password: 'hunter2', addresses: ['127.0.0.1'] }];
    const server = await startWithCertificate({ gateways });
    const relayed = await dial(server, ann);
    relayed.send('WEBIRC hunter2 kiwi x 198.51.100.3 :secure');
    expect(await attempt(relayed)).toEqual([FAILED]);
  });
});
