/** CAP: IRCv3 capability-negotiation. */
import { describe, expect, test } from 'vitest';
import { numerics, startIrc } from '../irc-client.js';

describe('CAP', () => {
  test('LS lists and delays registration until END, and REQ grants all or nothing', async () => {
    const ann = await (await startIrc()).connect();
    const [listed = ''] = await ann.ask('CAP LS 302', 'NICK ann', 'USER a 0 * :Ann');
    for (const name of [
      'server-time',
      'message-tags',
      'multi-prefix',
      'userhost-in-names',
      'away-notify',
      'account-notify',
      'extended-join',
      'invite-notify',
      'chghost',
      'setname',
      'cap-notify',
      'echo-message',
      'batch',
      'labeled-response',
      'standard-replies',
      'extended-monitor',
    ]) {
      expect(listed).toContain(name);
    }
    expect(await ann.ask('CAP REQ :multi-prefix nonsense')).toEqual([':fdmux.local CAP * NAK :multi-prefix nonsense']);
    expect(await ann.ask('CAP LIST')).toEqual([':fdmux.local CAP * LIST :cap-notify']);
    expect(await ann.ask('CAP REQ :multi-prefix echo-message')).toEqual([
      ':fdmux.local CAP * ACK :multi-prefix echo-message',
    ]);
    expect(await ann.ask('CAP REQ :-echo-message')).toEqual([':fdmux.local CAP * ACK :-echo-message']);
    expect(await ann.ask('CAP LIST')).toEqual([':fdmux.local CAP * LIST :cap-notify multi-prefix']);
    expect(numerics(await ann.ask('CAP END'), '001')).toHaveLength(1);
    expect(await ann.ask('CAP END')).toEqual([]);
  });

  test('an unknown subcommand gets 410', async () => {
    const ann = await (await startIrc()).connect();
    expect(numerics(await ann.ask('CAP SING'))).toEqual(['410 SING :Invalid CAP command']);
    expect(numerics(await ann.ask('CAP'))).toEqual(['461 CAP :Not enough parameters']);
  });
});
