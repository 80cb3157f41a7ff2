/** Warnings of certificates that expire while the server runs. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CertificateWatch } from '../../src/server/certificate-watch.js';
import { loadConfig } from '../../src/server/config/load.js';
import { REAL_WORLD } from '../../src/server/world.js';
import { CertificateFolder, hasOpenssl } from '../support/certificates.js';
import { until } from '../support/deadline.js';
import { temporaryFolder } from '../support/temporary.js';
import { startServer } from './start-server.js';

const DAY_MS = 86_400_000;

function startLog() {
  const logged: Record<string, unknown>[] = [];
  const record = (event: string, details: object = {}): void => void logged.push({ event, ...details });
  return { logged, log: { debug: record, info: record, warn: record, error: record } };
}

test('there is a warning on each of the last days, one when it expires, and one on each day after that', () => {
  const { logged, log } = startLog();
  const watch = new CertificateWatch(log);
  const certificates = [{ file: 'one.pem', expiresMs: 20 * DAY_MS }];
  for (let nowMs = 0; nowMs < 23 * DAY_MS; nowMs += 3_600_000) watch.look(certificates, nowMs);
  const soon = logged.filter(({ event }) => event === 'certificate expires soon');
  expect(soon.map(({ leftDays }) => leftDays)).toEqual([13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  expect(logged.slice(soon.length).map(({ event }) => event)).toEqual([
    'certificate expired',
    'certificate expired',
    'certificate expired',
  ]);
});

test('each file has its own warnings, and somebody who asks gets all of them again', () => {
  const { logged, log } = startLog();
  const watch = new CertificateWatch(log);
  const certificates = [
    { file: 'one.pem', expiresMs: 2 * DAY_MS },
    { file: 'two.pem', expiresMs: 2 * DAY_MS },
    { file: 'later.pem', expiresMs: 99 * DAY_MS },
  ];
  for (let nowMs = 1; nowMs < 1000; nowMs += 1) watch.look(certificates, nowMs);
  expect(logged.map(({ file }) => file)).toEqual(['one.pem', 'two.pem']);
  watch.lookAgain(certificates, 1000);
  expect(logged.map(({ file }) => file)).toEqual(['one.pem', 'two.pem', 'one.pem', 'two.pem']);
});

const certificateFolder = new CertificateFolder();

test.skipIf(!hasOpenssl)('a server that runs for weeks warns by itself', async () => {
  const folder = temporaryFolder();
  const { certFile, keyFile } = certificateFolder.make({ name: 'one.test', days: 30 });
  copyFileSync(certFile, join(folder, 'cert.pem'));
  copyFileSync(keyFile, join(folder, 'key.pem'));
  const file = join(folder, 'fdmux.json');
  const listeners = [{ protocol: 'irc', port: 0, tls: { cert: 'cert.pem', key: 'key.pem' } }];
  writeFileSync(file, JSON.stringify({ listeners }));
  const { logged, log } = startLog();
  let elapsedMs = 0;
  const readConfig = () => loadConfig({ config: file });
  const server = await startServer({
    config: await readConfig(),
    log,
    configurationName: file,
    readConfig,
    world: { ...REAL_WORLD, now: () => Date.now() + elapsedMs },
  });
  onTestFinished(() => server.close('the end'));
  const warnings = () => logged.filter(({ event }) => String(event).startsWith('certificate'));
  expect(warnings()).toEqual([]);
  elapsedMs = 20 * DAY_MS;
  await until(() => warnings().length > 0, 'the warning');
  expect(warnings()).toEqual([expect.objectContaining({ event: 'certificate expires soon', leftDays: 9 })]);
});
