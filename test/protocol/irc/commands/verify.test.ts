/** VERIFY: IRCv3 draft/account-registration, with a program that sends the codes. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AccountSettings } from '../../../../src/accounts/account-service.js';
import { DEFAULT_ACCOUNT_SETTINGS } from '../../../../src/accounts/account-service.js';
import { plainLines } from '../../../support/sasl.js';
import { temporaryFolder } from '../../../support/temporary.js';
import { type IrcTestServer, numerics, startIrc } from '../irc-client.js';

const FAILED = '904 :SASL authentication failed';

/** A server that sends codes by a program: it writes down what it was given, and exits. */
async function startMailing(
  status = 0,
  accounts: Partial<AccountSettings> = {},
): Promise<{ readonly server: IrcTestServer; readonly sent: () => string[] }> {
  const folder = temporaryFolder();
  const program = join(folder, 'send mail.sh');
  const letter = join(folder, 'letter');
  const line = 'read code; printf "%s\\n" "$code" "$#" "$2" "$FDMUX_ACCOUNT" "$FDMUX_EMAIL" > "$1"';
  writeFileSync(program, `#!/bin/sh\n${line}\nexit ${status}\n`);
  chmodSync(program, 0o700);
  const emailCommand = [program, letter];
  const settings = { ...DEFAULT_ACCOUNT_SETTINGS, emailCommand, ...accounts };
  const server = await startIrc({ irc: { accounts: settings }, limits: { maxPasswordDelayMs: 0 } });
  return { server, sent: () => (existsSync(letter) ? readFileSync(letter, 'utf8').split('\n').slice(0, -1) : []) };
}

describe('VERIFY', () => {
  test('confirms an account by the code that the program has got; until then nobody can log in', async () => {
    const { server, sent } = await startMailing();
    const ann = await server.client('ann');
    expect(await ann.ask('REGISTER * ann+irc@example.org sesame')).toEqual([
      ':fdmux.local REGISTER VERIFICATION_REQUIRED ann :A code was sent to ann+irc@example.org: VERIFY ann <code>',
    ]);
    const [code = '', ...rest] = sent();
    expect(code).toMatch(/^[A-Z2-9]{10}$/);
    expect(rest).toEqual(['2', 'ann+irc@example.org', 'ann', 'ann+irc@example.org']);
    expect(numerics(await ann.ask(...plainLines('ann', 'sesame')))).toEqual([
      `${FAILED}: this account is not verified yet`,
    ]);
    expect(await ann.ask('VERIFY ann WRONG')).toEqual([
      ':fdmux.local FAIL VERIFY INVALID_CODE ann :This code is wrong, or has expired',
    ]);
    expect(await ann.ask(`VERIFY ANN ${code.toLowerCase()}`)).toEqual([
      ':fdmux.local VERIFY SUCCESS ann :Your account is ready',
      ':fdmux.local 900 ann ann!ann@127.0.0.1 ann :You are now logged in as ann',
    ]);
  });

  test('a code holds once, for one account and for some time', async () => {
    const { server, sent } = await startMailing(0, { codeLifetimeMs: 1 });
    const ann = await server.client('ann');
    await ann.ask('REGISTER * ann@example.org sesame');
    const [code = ''] = sent();
    // The account makes way for another attempt, since nobody has confirmed it in time.
    await ann.ask('REGISTER * ann@example.org sesame');
    expect(sent()[0]).not.toBe(code);
    for (const attempt of [`VERIFY ann ${code}`, `VERIFY ann ${sent()[0] ?? ''}`, `VERIFY bob ${code}`]) {
      expect((await ann.ask(attempt))[0]).toMatch(/ FAIL VERIFY INVALID_CODE /);
    }
  });

  test.each([
    [67, 'INVALID_EMAIL'],
    [1, 'TEMPORARILY_UNAVAILABLE'],
  ])('a program that exits with %i leaves no account: %s', async (status, why) => {
    const { server } = await startMailing(status);
    const ann = await server.client('ann');
    expect((await ann.ask('REGISTER * ann@example.org sesame'))[0]).toContain(` FAIL REGISTER ${why} ann `);
    expect((await ann.ask('REGISTER * * sesame'))[0]).toMatch(/ REGISTER SUCCESS ann /);
  });

  test('a program that is not there is the server’s fault', async () => {
    const { server } = await startMailing(0, { emailCommand: ['/nonexistent/mailer'] });
    const ann = await server.client('ann');
    expect((await ann.ask('REGISTER * ann@example.org sesame'))[0]).toMatch(/ TEMPORARILY_UNAVAILABLE ann /);
    expect(server.records.map(({ message }) => message)).toContain('code not sent');
    expect(JSON.stringify(server.records)).not.toContain('sesame');
  });
});
