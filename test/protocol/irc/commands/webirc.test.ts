/** WEBIRC: IRCv3 webirc. */
import { describe, expect, test } from 'vitest';
import { hashPassword } from '../../../../src/accounts/password.js';
import { type IrcTestServer, numerics, startIrc } from '../irc-client.js';

const gateway = { name: 'kiwi', password: 'hunter2', addresses: ['127.0.0.0/8'] };

const relayed = ({ records }: IrcTestServer) => records.find(({ message }) => message === 'relayed')?.details;

const names = (nick: string): string[] => [`NICK ${nick}`, `USER ${nick} 0 * :${nick}`];

describe('WEBIRC', () => {
  test.each(['in clear', 'hashed'])('with the password %s, the peer has the address that is named', async (form) => {
    const password = form === 'hashed' ? await hashPassword('hunter2') : 'hunter2';
    const server = await startIrc({ irc: { gateways: [{ ...gateway, password }] } });
    const ann = await server.connect();
    const first = `WEBIRC hunter2 kiwi host.example.org 198.51.100.3 :secure=x local-port=6697 remote-port=21726`;
    expect(numerics(await ann.ask(first, ...names('ann')), '001')).toHaveLength(1);
    expect(numerics(await ann.ask('WHOIS ann'), '311')).toEqual(['311 ann ann 198.51.100.3 * :ann']);
    expect(relayed(server)).toMatchObject({ gateway: 'kiwi', host: '198.51.100.3', port: 21_726 });
    const bob = await server.client('bob');
    await bob.ask('JOIN #a', 'MODE #a +b *!*@198.51.100.0/24');
    expect(numerics(await ann.ask('JOIN #a'), '474')).toHaveLength(1);
  });

  test('an IPv6 address may have a zero before its colon', async () => {
    const server = await startIrc({ irc: { gateways: [gateway] } });
    const ann = await server.connect();
    await ann.ask('WEBIRC hunter2 kiwi 0::7 0::7', ...names('ann'));
    expect(numerics(await ann.ask('WHOIS ann'), '311')).toEqual(['311 ann ann 0::7 * :ann']);
  });

  test('CAP and everything else follow it as usual, in one packet too', async () => {
    const server = await startIrc({ irc: { gateways: [gateway], password: 'door' } });
    const ann = await server.connect();
    const lines = await ann.ask(
      'WEBIRC hunter2 kiwi x 198.51.100.3',
      'CAP LS 302',
      'PASS door',
      ...names('ann'),
      'CAP REQ :echo-message',
      'CAP END',
    );
    // The list of capabilities may take several lines.
    expect(lines.filter((line) => line.includes(' CAP ')).slice(-2)).toEqual([
      expect.stringContaining('CAP * LS :'),
      expect.stringContaining('CAP * ACK :echo-message'),
    ]);
    expect(numerics(lines, '001')).toHaveLength(1);
  });

  test.each([
    ['a wrong password', 'WEBIRC wrong kiwi x 198.51.100.3', 'Invalid WebIRC password'],
    ['no address', 'WEBIRC hunter2 kiwi x example.org', 'WEBIRC without a valid address'],
    ['an address with rubbish', 'WEBIRC hunter2 kiwi x 198.51.100.3/24', 'WEBIRC without a valid address'],
  ])('with %s the connection is closed, and the log has why', async (_, line, why) => {
    const server = await startIrc({ irc: { gateways: [gateway] } });
    const eve = await server.connect();
    eve.send(line, ...names('eve'));
    expect(await eve.rest()).toEqual([`ERROR :Closing Link: 127.0.0.1 (${why})`]);
    expect(server.records).toContainEqual({
      level: 'warn',
      message: 'gateway refused',
      details: expect.objectContaining({ address: '127.0.0.1', reason: why }),
    });
  });

  test('from an address that is not listed it is refused, whatever the password', async () => {
    const server = await startIrc({ irc: { gateways: [{ ...gateway, addresses: ['192.0.2.1', 'unix'] }] } });
    const eve = await server.connect();
    eve.send('WEBIRC hunter2 kiwi x 198.51.100.3');
    expect(await eve.rest()).toEqual(['ERROR :Closing Link: 127.0.0.1 (This address is no WebIRC gateway)']);
  });

  test('after another command it is refused', async () => {
    const server = await startIrc({ irc: { gateways: [gateway] } });
    const eve = await server.connect();
    eve.send('NICK eve', 'WEBIRC hunter2 kiwi x 198.51.100.3');
    expect(await eve.rest()).toEqual(['ERROR :Closing Link: 127.0.0.1 (WEBIRC must be the first command)']);
    const twice = await server.connect();
    twice.send('WEBIRC hunter2 kiwi x 127.0.0.3', 'PING x', 'WEBIRC hunter2 kiwi x 198.51.100.3');
    expect((await twice.rest()).at(-1)).toBe('ERROR :Closing Link: 127.0.0.3 (WEBIRC must be the first command)');
  });

  test('a peer whose address is banned gets 465', async () => {
    const root = { name: 'root', password: 'pw', masks: ['*@*'], host: null };
    const server = await startIrc({ irc: { gateways: [gateway], operators: [root] } });
    await (await server.client('root1')).ask('OPER root pw', 'DLINE 198.51.100.0/24 :begone');
    const eve = await server.connect();
    eve.send('WEBIRC hunter2 kiwi x 198.51.100.3');
    expect((await eve.rest())[0]).toContain(' 465 * :You are banned from this server: begone');
  });

  test('the limits are those of the named address, and the place at the old one is free again', async () => {
    const server = await startIrc({ irc: { gateways: [gateway] }, limits: { maxPerAddress: 2 } });
    const relay = async (host: string) => {
      const client = await server.connect();
      client.send(`WEBIRC hunter2 kiwi x ${host}`);
      return client;
    };
    // More than two at once from the address of the gateway.
    for (const host of ['198.51.100.1', '198.51.100.2', '198.51.100.3', '198.51.100.3']) {
      await (await relay(host)).ask('PING x');
    }
    const third = await relay('198.51.100.3');
    expect(await third.rest()).toEqual(['ERROR :Closing Link: 127.0.0.1 (too many connections from your address)']);
    await (await relay('198.51.100.4')).ask('PING x');
  });
});
