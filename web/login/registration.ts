/** Making an account (IRCv3 account-registration). */
import { formatLine } from '../irc/outgoing.js';

/** @param mail - empty for none */
export function registerLine(mail: string, password: string): string {
  // The account has the name of the nick.
  return `${formatLine('REGISTER', ['*', mail === '' ? '*' : mail])} :${password}`;
}

export function verifyLine(account: string, code: string): string {
  return formatLine('VERIFY', [account, code.trim()]);
}
