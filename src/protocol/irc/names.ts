/** The syntax of nicks, channel names and user names. */
import { isPrecisNick, spellPrecis } from '../precis.js';
import type { IrcSettings } from './settings.js';

// RFC 2812 section 2.3.1: letters, digits, specials and "-"; neither a digit nor "-" first.
const NICK = /^[A-Za-z[\]\\`_^{|}][A-Za-z0-9[\]\\`_^{|}-]*$/;
// RFC 2812 section 1.3: no space, comma, colon, BELL. Also no character that is invisible, controls a terminal or
// reorders text: two names that look alike would not be the same.
const CHANNEL = /^#[^\s,:\p{Cc}\p{Cf}\u034f\u115f\u1160\u2800\u3164\uffa0]+$/u;
const USER_UNFIT = /[^A-Za-z0-9._[\]\\`^{|}~-]/g;

/** Whether a nick is well formed and not too long. */
export function isNick(name: string, { nicks, nickLength }: Pick<IrcSettings, 'nicks' | 'nickLength'>): boolean {
  if (Buffer.byteLength(name, 'utf8') > nickLength) return false;
  return nicks === 'ascii' ? NICK.test(name) : isPrecisNick(name);
}

/** Spells a nick that somebody wants as others will see it. */
export function spellNick(name: string, { nicks }: Pick<IrcSettings, 'nicks'>): string {
  return nicks === 'ascii' ? name : spellPrecis(name);
}

/** Whether a channel's name is well formed. Its length is limited by a setting. */
export function isChannelName(name: string): boolean {
  return CHANNEL.test(name);
}

/** Whether a name is that of a channel, here or (`#room:domain`) in another domain. */
export function isPlacedChannelName(name: string): boolean {
  return isChannelName(name.replace(/(?<=..):[a-z\d-]+(?:\.[a-z\d-]+)+$/i, ''));
}

/** Whether a target looks like a channel. */
export function isChannelLike(name: string): boolean {
  return name.startsWith('#');
}

/** Returns the characters of a user name that may stand in a mask; empty if none may. */
export function fitUserName(name: string, maxLength: number): string {
  return name.replace(USER_UNFIT, '').slice(0, maxLength);
}
