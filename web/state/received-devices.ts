/** The devices of the user's account, as NickServ lists them. */
import type { Incoming } from '../irc/incoming.js';
import type { State } from './model.js';

const CLIENT = /^Client (\d+)( \(this one\))?: (\S+), (not )?secure, since (\S+), as (\S+)$/;

/** Adds the device that a line describes; the other lines of the answer have nothing to show. */
export function withDevice(state: State, { params }: Incoming): State {
  const match = CLIENT.exec(params.at(-1) ?? '');
  if (match === null) return state;
  const [, number = '', own, address = '', insecure, since = '', nick = ''] = match;
  const device = {
    ...{ number, address, nick, sinceMs: Date.parse(since) },
    ...{ isThis: own !== undefined, isSecure: insecure === undefined },
  };
  if (Number.isNaN(device.sinceMs)) return state;
  return { ...state, devices: { ...state.devices, list: [...state.devices.list, device] } };
}
