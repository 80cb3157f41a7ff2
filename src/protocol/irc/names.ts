/** Which nicks, channel names and user names are well formed. */

// RFC 2812 section 2.3.1: letters, digits, specials and "-"; neither a digit nor "-" first.
const NICK = /^[A-Za-z[\]\\`_^{|}][A-Za-z0-9[\]\\`_^{|}-]*$/;
// RFC 2812 section 1.3: no space, comma, colon, BELL. Beyond that nothing that is shown as a blank or not at all, and
// nothing that controls a terminal or reorders text: two names that look alike would not be the same.
const CHANNEL = /^#[^\s,:\p{Cc}\p{Cf}\u034f\u115f\u1160\u2800\u3164\uffa0]+$/u;
const USER_UNFIT = /[^A-Za-z0-9._[\]\\`^{|}~-]/g;

/** Whether a nick is well formed and not too long. */
export function isNick(name: string, maxLength: number): boolean {
  return name.length <= maxLength && NICK.test(name);
}

/** Whether a channel's name is well formed; how long it may be is a setting. */
export function isChannelName(name: string): boolean {
  return CHANNEL.test(name);
}

/** Whether a target is meant to be a channel. */
export function isChannelLike(name: string): boolean {
  return name.startsWith('#');
}

/** The part of a user name that may stand in a mask; empty when nothing of it may. */
export function fitUserName(name: string, maxLength: number): string {
  return name.replace(USER_UNFIT, '').slice(0, maxLength);
}
