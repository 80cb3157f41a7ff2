/** Terminal clients: they start and stop as slowly as they do for their users. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { CertificateFolder, hasOpenssl } from '../../support/certificates.js';
import { until } from '../../support/deadline.js';
import { start } from '../../support/processes.js';
import { type Driven, type Login, ROOM, shown, testLogin, testPagingBack, testRealClient } from './real-clients.js';

/** Returns a folder for a client's settings, which is gone when the test ends. */
function temporaryHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'fdmux-client-'));
  // A client that is ending may still write its settings, and Deno's rmSync does not retry by itself.
  onTestFinished(() => until(() => isRemoved(home), `the end of ${home}`));
  return home;
}

function isRemoved(folder: string): boolean {
  try {
    rmSync(folder, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}

const isInstalled = (command: string): boolean =>
  [command, 'script'].every((each) => spawnSync('which', [each]).status === 0);

/** Starts a terminal client in a terminal of its own, and types to it. */
function startInTerminal(command: string): Driven {
  const client = start('script', ['-qec', `stty rows 24 cols 100; exec ${command}`, '/dev/null'], {
    env: { TERM: 'xterm' },
  });
  const type = (text: string): void => {
    client.write(`${text}\r`);
  };
  return {
    type,
    say: (text) => type(`/msg ${ROOM} ${text}`),
    shows: (text) => shown(client, text),
    hasShown: (text) => client.stdout.includes(text),
  };
}

function startIrssi(port: number, nick: string): Driven {
  return startInTerminal(`irssi --home ${temporaryHome()} --connect 127.0.0.1 --port ${port} --nick ${nick}`);
}

function startWeechat(port: number, nick: string): Driven {
  const home = temporaryHome();
  const commands = `/server add test 127.0.0.1/${port};/set irc.server.test.nicks ${nick};/connect test`;
  return startInTerminal(`weechat -s -d ${home} -P irc -r '${commands}'`);
}

const [hasIrssi, hasWeechat] = [isInstalled('irssi'), isInstalled('weechat')];
testRealClient({ name: 'irssi', isHere: hasIrssi, namesRoom: false, startClient: startIrssi });
testRealClient({ name: 'weechat', isHere: hasWeechat, namesRoom: false, startClient: startWeechat });

/** Starts irssi without its pauses of 2 s between the commands that it sends. */
function startIrssiLogin({ port, account, password }: Login): Driven {
  const home = temporaryHome();
  writeFileSync(
    join(home, 'config'),
    `servers = ( { address = "127.0.0.1"; chatnet = "test"; port = "${port}"; autoconnect = "yes"; } );
     chatnets = { test = { type = "IRC"; nick = "guest"; sasl_mechanism = "PLAIN"; sasl_username = "${account}";
       sasl_password = "${password}"; }; };
     settings = { "irc/core" = { cmd_queue_speed = "10msec"; }; };`,
  );
  return startInTerminal(`irssi --home ${home}`);
}

/** Starts WeeChat without its pauses of 2 s between the commands that it sends, where it has the option. */
function startWeechatLogin({ port, account, password }: Login): Driven {
  const commands = [
    `/server add test 127.0.0.1/${port}`,
    '/set irc.server.test.nicks guest',
    '/set irc.server.test.sasl_mechanism scram-sha-256',
    `/set irc.server.test.sasl_username ${account}`,
    `/set irc.server.test.sasl_password "${password}"`,
    '/set irc.server.test.anti_flood_prio_high 0',
    '/connect test',
  ];
  return startInTerminal(`weechat -s -d ${temporaryHome()} -P irc -r '${commands.join(';')}'`);
}

testLogin({ name: 'irssi', isHere: hasIrssi, startLogin: startIrssiLogin });
testLogin({ name: 'weechat', isHere: hasWeechat, startLogin: startWeechatLogin });
testPagingBack({ name: 'irssi', isHere: hasIrssi, startLogin: startIrssiLogin });
testPagingBack({ name: 'weechat', isHere: hasWeechat, startLogin: startWeechatLogin });

if (hasOpenssl) {
  const folder = new CertificateFolder();
  const authority = folder.make({ name: 'authority.test', isAuthority: true });
  const identity = folder.make({ name: 'localhost', issuer: authority });

  /** Both check the certificate, and its name. */
  const startSecureIrssi = (port: number, nick: string): Driven => {
    const home = temporaryHome();
    const options = `-4 -tls -tls_verify -tls_cafile ${authority.certFile}`;
    writeFileSync(join(home, 'startup'), `connect ${options} localhost ${port}\n`);
    return startInTerminal(`irssi --home ${home} --nick ${nick}`);
  };
  const startSecureWeechat = (port: number, nick: string): Driven => {
    const isOld = /^[0-3]\./.test(spawnSync('weechat', ['--version'], { encoding: 'utf8' }).stdout);
    const commands = [
      `/set weechat.network.gnutls_ca_user ${authority.certFile}`,
      `/server add test localhost/${port} -noipv6 ${isOld ? '-ssl' : '-tls'}`,
      `/set irc.server.test.nicks ${nick}`,
      '/connect test',
    ];
    return startInTerminal(`weechat -s -d ${temporaryHome()} -P irc -r '${commands.join(';')}'`);
  };

  const secure = { namesRoom: false, identity };
  testRealClient({ ...secure, name: 'irssi over TLS', isHere: hasIrssi, startClient: startSecureIrssi });
  testRealClient({ ...secure, name: 'weechat over TLS', isHere: hasWeechat, startClient: startSecureWeechat });
}
