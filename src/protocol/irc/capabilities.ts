/** The capabilities that a client may ask for (IRCv3 capability-negotiation), as bits. */
import type { AccountSettings } from '../../accounts/account-service.js';
import { MAX_METADATA_KEYS, MAX_SUBSCRIPTIONS, METADATA_KEY_BYTES, METADATA_VALUE_BYTES } from './metadata-limits.js';
import { MULTILINE_MAX_BYTES, MULTILINE_MAX_LINES } from './multiline.js';
import type { IrcSettings } from './settings.js';

/** Bits of a client's capabilities. */
export const CAPABILITY_BITS = {
  'account-notify': 1 << 0,
  'account-tag': 1 << 1,
  'away-notify': 1 << 2,
  batch: 1 << 3,
  'cap-notify': 1 << 4,
  chghost: 1 << 5,
  'echo-message': 1 << 6,
  'extended-join': 1 << 7,
  'extended-monitor': 1 << 8,
  'invite-notify': 1 << 9,
  'labeled-response': 1 << 10,
  'message-tags': 1 << 11,
  'multi-prefix': 1 << 12,
  'server-time': 1 << 13,
  setname: 1 << 14,
  'standard-replies': 1 << 15,
  'userhost-in-names': 1 << 16,
  'draft/channel-rename': 1 << 17,
  'draft/multiline': 1 << 18,
  'draft/message-redaction': 1 << 19,
  'draft/metadata-3': 1 << 20,
  sasl: 1 << 21,
  'draft/account-registration': 1 << 22,
  'draft/chathistory': 1 << 23,
  'draft/event-playback': 1 << 24,
  'soju.im/search': 1 << 25,
  'draft/read-marker': 1 << 26,
} as const;

/** The name of a capability. */
export type Capability = keyof typeof CAPABILITY_BITS;

const bits: ReadonlyMap<string, number> = new Map(Object.entries(CAPABILITY_BITS));

/** Returns the bit of a name; undefined for an unknown name. */
export function capabilityBit(name: string): number | undefined {
  return bits.get(name);
}

/** Returns the names of a set of bits. */
export function capabilityNames(set: number): string[] {
  return [...bits].filter(([, bit]) => (set & bit) > 0).map(([name]) => name);
}

/** Whether a set of bits has a capability. */
export function hasCapability(set: number, name: Capability): boolean {
  return (set & CAPABILITY_BITS[name]) > 0;
}

/** The capabilities that change how an event reads. */
const READING_BITS =
  CAPABILITY_BITS['account-notify'] |
  CAPABILITY_BITS['account-tag'] |
  CAPABILITY_BITS['away-notify'] |
  CAPABILITY_BITS.chghost |
  CAPABILITY_BITS['extended-join'] |
  CAPABILITY_BITS['invite-notify'] |
  CAPABILITY_BITS['message-tags'] |
  CAPABILITY_BITS['server-time'] |
  CAPABILITY_BITS.setname |
  CAPABILITY_BITS['draft/channel-rename'] |
  CAPABILITY_BITS['draft/multiline'] |
  CAPABILITY_BITS['draft/message-redaction'];

/** Returns the capabilities of a set that change how an event reads. Clients with the same ones share encodings. */
export function readingBits(set: number): number {
  const reading = set & READING_BITS;
  // A message of several lines is a batch (multiline, "Dependencies").
  return hasCapability(set, 'batch') ? reading : reading & ~CAPABILITY_BITS['draft/multiline'];
}

/** The values that capabilities are offered with. */
const VALUES: ReadonlyMap<string, string> = new Map<Capability, string>([
  [
    'draft/metadata-3',
    [
      'before-connect',
      `max-subs=${MAX_SUBSCRIPTIONS}`,
      `max-keys=${MAX_METADATA_KEYS}`,
      `max-key-bytes=${METADATA_KEY_BYTES}`,
      `max-value-bytes=${METADATA_VALUE_BYTES}`,
    ].join(','),
  ],
  ['draft/multiline', `max-bytes=${MULTILINE_MAX_BYTES},max-lines=${MULTILINE_MAX_LINES}`],
]);

/** Every capability that is offered, with its value, which may be empty; in the order of CAP LS. */
export type Offers = ReadonlyMap<string, string>;

/** Returns what a server with these settings offers. */
export function offersOf({ accounts, password }: Pick<IrcSettings, 'accounts' | 'password'>): Offers {
  const values = new Map<string, string | null>([
    ...VALUES,
    ['sasl', saslValue(accounts)],
    ['draft/account-registration', registrationValue(accounts, password !== null)],
  ]);
  const offers = new Map<string, string>();
  for (const name of bits.keys()) {
    const value = values.get(name) ?? (values.has(name) ? null : '');
    if (value !== null) offers.set(name, value);
  }
  return offers;
}

/** Returns the mechanisms (IRCv3 sasl-3.2, "Mechanism list in CAP LS"); null if there are none. */
function saslValue(accounts: AccountSettings | null): string | null {
  return accounts === null || accounts.mechanisms.length === 0 ? null : accounts.mechanisms.join(',');
}

/** Returns the keys of draft/account-registration; null if nobody can make an account by itself. */
function registrationValue(accounts: AccountSettings | null, hasPassword: boolean): string | null {
  if (accounts?.registration !== true) return null;
  const keys: string[] = [];
  // A client that does not know the password of the server must not make accounts on it.
  if (accounts.beforeConnect && !hasPassword) keys.push('before-connect');
  if (accounts.customNames) keys.push('custom-account-name');
  if (accounts.requireEmail) keys.push('email-required');
  return keys.join(',');
}

/** Formats what is offered, each with its value if it has one. */
export function formatOffers(offers: Offers): string[] {
  return [...offers].map(([name, value]) => (value === '' ? name : `${name}=${value}`));
}

/** Returns the changes between two sets of offers: those that are new or have another value, and those withdrawn. */
export function offerChanges(before: Offers, after: Offers): { readonly added: Offers; readonly removed: string[] } {
  return {
    added: new Map([...after].filter(([name, value]) => before.get(name) !== value)),
    removed: [...before.keys()].filter((name) => !after.has(name)),
  };
}
