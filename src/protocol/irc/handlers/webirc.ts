/** WEBIRC: a gateway says whose connection it has opened (IRCv3 webirc). */
import { canonicalAddress, parseAddress } from '../../../chat/address.js';
import { AddressList } from '../../address-list.js';
import type { Client } from '../client.js';
import type { Message } from '../message.js';
import { defer, type Outcome } from '../outcome.js';
import type { GatewaySettings } from '../settings.js';

const MAX_PORT = 65_535;

/** WEBIRC: `password gateway hostname ip [:options]`. Any error in it closes the connection. */
export function webirc(client: Client, message: Message): Outcome {
  const { registration, server } = client;
  if (registration === null) return undefined;
  const { address } = client.member;
  const gateway = server.settings.gateways.find(({ addresses }) => new AddressList(addresses).has(address));
  // Nothing that the gateway's own address has decided may stand.
  const isFirst = registration.commands === 1;
  if (gateway === undefined || !isFirst) {
    refuse(client, isFirst ? 'This address is no WebIRC gateway' : 'WEBIRC must be the first command');
    return undefined;
  }
  const { passwords } = server;
  const names = [`WEBIRC ${client.source}`];
  return defer(passwords.turn(names, client.limits.maxPasswordDelayMs), () =>
    defer(passwords.check(message.params[0] ?? '', gateway.password, names), (verdict) => {
      if (verdict === 'right') takePeer(client, gateway, message);
      else if (verdict === 'wrong') refuse(client, 'Invalid WebIRC password');
      else client.close('Too many passwords are being checked, try again later');
    }),
  );
}

function refuse(client: Client, why: string): void {
  client.log('gateway refused', { address: client.member.address, reason: why });
  client.close(why);
}

function takePeer(client: Client, gateway: GatewaySettings, message: Message): void {
  // The third parameter, a host name, is left out: nothing here could verify it.
  const [, , , host = '', ...more] = message.params;
  if (parseAddress(host) === null) {
    refuse(client, 'WEBIRC without a valid address');
    return;
  }
  const options = optionsOf(more.join(' '));
  const port = Number(options.get('remote-port'));
  const refused = client.relocate({
    host: canonicalAddress(host),
    port: Number.isInteger(port) && port > 0 && port <= MAX_PORT ? port : 0,
    isSecure: options.has('secure'),
    gateway: gateway.name,
  });
  if (refused === null) return;
  if (refused.isBan) client.replyBanned(refused.reason);
  client.close(refused.reason);
}

/** An option may have a value, and values that are not defined yet mean nothing. */
function optionsOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split(' ').map((option) => {
      const [name = '', ...value] = option.split('=');
      return [name, value.join('=')];
    }),
  );
}
