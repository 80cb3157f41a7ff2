/** `fdmux serve` when its configuration file changes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectPeer } from '../support/peers.js';
import { startCli } from '../support/processes.js';
import { temporaryFolder } from '../support/temporary.js';

test('SIGHUP changes how much is logged, and in which form', async () => {
  const config = join(temporaryFolder(), 'fdmux.json');
  const write = (log: object): void => {
    writeFileSync(config, JSON.stringify({ listeners: [{ protocol: 'plain', port: 0 }], log }));
  };
  write({ level: 'warning' });
  const server = startCli(['serve', '--config', config]);
  const [, port] = await server.line(/plain lines +.*:(\d+)$/);
  await server.line('Ctrl-C ends the server.');
  await connectPeer(Number(port));
  write({ level: 'info', format: 'json' });
  server.kill('SIGHUP');
  await server.errorText(/"message":"configuration reloaded".*"waitingKeys":\[\]/);
  await connectPeer(Number(port));
  await server.errorText(/"message":"connected"/);
  expect(server.stderr.match(/connected/g)).toHaveLength(1);
});

test('a server that is recorded keeps its listeners, and says so', async () => {
  const folder = temporaryFolder();
  const config = join(folder, 'fdmux.json');
  const plain = { protocol: 'plain', port: 0 };
  writeFileSync(config, JSON.stringify({ listeners: [plain] }));
  const server = startCli(['serve', '--config', config, '--record', join(folder, 'recording')]);
  const [, port] = await server.line(/plain lines +.*:(\d+)$/);
  await server.line('Ctrl-C ends the server.');
  writeFileSync(config, JSON.stringify({ listeners: [{ ...plain, charset: 'gbk' }] }));
  server.kill('SIGHUP');
  await server.errorText(/configuration reloaded .*waitingKeys=\["listeners"\]/);
  await connectPeer(Number(port));
});
