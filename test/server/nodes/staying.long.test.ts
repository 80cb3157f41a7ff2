import * as tls from 'node:tls';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { RunningServer } from '../../cli/chat-server.js';
import { describePostgres } from '../../store/postgres/with-postgres.js';
import { CertificateFolder, hasOpenssl } from '../../support/certificates.js';
import { nextEvent } from '../../support/deadline.js';
import { Peer } from '../../support/peers.js';
import { logInByPlain } from '../../support/sasl.js';
import { frame, openWebSocket, takeFrame } from '../../support/web-sockets.js';
import { ask, client, stop } from '../keeping.js';
import { LOSS_MS, SLACK_MS, startNode, TestNode } from './nodes.js';

describePostgres((database) => {
  beforeEach(() => database.clear());

  const start = (name: string): Promise<RunningServer> => startNode(database.server.url, name);

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'members that are always on leave with their node (%s), and are back in their rooms when it starts again',
    async (signal) => {
      const [one, two] = [await start('one'), await start('two')];
      const [ann, bob] = [await client(one, 'ann'), await client(two, 'bob')];
      await ask(ann, 'NS REGISTER sesame', /logged in as ann$/);
      await ask(ann, 'NS SET ALWAYS-ON on', /You stay/);
      await ask(ann, 'JOIN #tea', / 366 /);
      await ask(bob, 'JOIN #tea', / 353 .*@ann/);
      await ask(ann, 'NS INFO', /Always on: yes/);
      if (signal === 'SIGTERM') {
        await ann.write('QUIT\r\n');
        await ann.ended();
      }
      await stop(one, signal);
      await bob.lineLike(/:ann!.* QUIT /, LOSS_MS + SLACK_MS);
      const again = await start('one');
      await bob.lineLike(/:ann!.* JOIN #tea/, SLACK_MS);
      await ask(bob, 'NAMES #tea', / 353 .*@ann/);
      await ask(bob, 'WHOIS ann', / 301 .*:Not connected$/);
      await ask(bob, 'PRIVMSG #tea :are you there?', /PRIVMSG #tea/);
      const back = await client(again, 'other');
      await logInByPlain(back, 'ann', 'sesame');
      for (const server of [again, two]) await stop(server, 'SIGTERM');
    },
  );

  test.skipIf(!hasOpenssl)('clients over TLS and of the web stay connected while their node comes back', async () => {
    const folder = new CertificateFolder();
    const authority = folder.make({ name: 'authority.test', isAuthority: true });
    const { certFile, keyFile } = folder.make({ name: 'one.test', issuer: authority });
    const listeners = [
      { protocol: 'irc', port: 0 },
      { protocol: 'irc', port: 0, tls: { cert: certFile, key: keyFile } },
      { protocol: 'web', port: 0 },
    ];
    const { url } = database.server;
    const [one, two] = [await TestNode.start(url, 'one'), await TestNode.start(url, 'two', { listeners })];
    const ann = await one.irc('ann');
    await ask(ann, 'JOIN #tea', / 366 /);
    const portOf = (protocol: string, isSecure: boolean): number => {
      const found = two.server.listeners.find((each) => each.protocol === protocol && each.isSecure === isSecure);
      return found !== undefined && 'port' in found.address ? found.address.port : 0;
    };
    const socket = tls.connect({
      ...{ port: portOf('irc', true), host: '127.0.0.1' },
      ...{ ca: authority.cert, servername: 'one.test' },
    });
    onTestFinished(() => void socket.destroy());
    const bob = new Peer(socket);
    await nextEvent(socket, 'secureConnect');
    await bob.write('NICK bob\r\nUSER bob 0 * :x\r\nJOIN #tea\r\n');
    await bob.lineLike(/ 366 /);
    const { peer: web } = await openWebSocket(portOf('web', false));
    const says = (line: string): Promise<void> => web.write(frame({ payload: line }));
    const hears = async (pattern: RegExp): Promise<string> => {
      for (;;) {
        const text = (await takeFrame(web)).payload.toString();
        if (pattern.test(text)) return text;
      }
    };
    for (const line of ['NICK cid', 'USER cid 0 * :x', 'JOIN #tea']) await says(line);
    await hears(/ 366 /);
    one.server.chat.giveUp(`two.${two.server.readings().node?.incarnation ?? 0}`);
    for (const nick of ['bob', 'cid']) await ann.lineLike(new RegExp(`:${nick}!.* QUIT :node lost`));
    await ann.lineLike(/:(?:bob|cid)!.* JOIN #tea/, SLACK_MS);
    await ann.lineLike(/:(?:bob|cid)!.* JOIN #tea/, SLACK_MS);
    await bob.write('PRIVMSG #tea :over TLS\r\n');
    await ann.lineLike(/:bob!.* PRIVMSG #tea :over TLS/);
    expect(await hears(/PRIVMSG| QUIT | PART | JOIN /)).toContain('over TLS');
    await says('PRIVMSG #tea :of the web');
    await ann.lineLike(/:cid!.* PRIVMSG #tea :of the web/);
    await bob.lineLike(/:cid!.* PRIVMSG #tea :of the web/);
    await ask(ann, 'WHOIS bob', / 671 ann bob /);
  });
});
