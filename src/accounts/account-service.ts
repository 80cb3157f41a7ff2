/**
 * What protocols ask about accounts. Every question is answered by plain data with a `kind`, and none is rejected: the
 * answers can be recorded. Whatever depends on a secret, or on a name that stands beside one, is decided in the answer.
 */

/** The mechanisms of SASL, in the order in which they are offered. */
export const MECHANISMS = ['PLAIN', 'EXTERNAL', 'SCRAM-SHA-256'] as const;
export type Mechanism = (typeof MECHANISMS)[number];

/** The choices about accounts; all can change while a server runs. */
export interface AccountSettings {
  /** Whether people may make accounts by themselves. */
  readonly registration: boolean;
  /** The mechanisms that are offered; none switches logging in by SASL off. */
  readonly mechanisms: readonly Mechanism[];
  /** Whether somebody can make an account before it has entered the chat. */
  readonly beforeConnect: boolean;
  /** Whether the name of a new account may differ from the nick of the one who makes it. */
  readonly customNames: boolean;
  /** Whether a new account needs an e-mail address. */
  readonly requireEmail: boolean;
  /** The program, and its arguments, that sends the code of a new account; null if no addresses are confirmed. */
  readonly emailCommand: readonly string[] | null;
  /** Milliseconds in which the code of a new account must be given back. */
  readonly codeLifetimeMs: number;
  /** Characters of a new password, at least 1. */
  readonly minPasswordLength: number;
  /** The most accounts. */
  readonly maxAccounts: number;
}

/** The settings of a server without a configuration. */
export const DEFAULT_ACCOUNT_SETTINGS: AccountSettings = {
  registration: true,
  mechanisms: MECHANISMS,
  beforeConnect: true,
  customNames: false,
  requireEmail: false,
  emailCommand: null,
  codeLifetimeMs: 86_400_000,
  minPasswordLength: 1,
  maxAccounts: 100_000,
};

/** Who asks. */
export interface Asker {
  /** Its address, or the network that counts as one. */
  readonly source: string;
  /** The longest wait after failed passwords, in milliseconds; 0 for none. */
  readonly maxDelayMs: number;
}

/**
 * How an attempt to log in has ended. `wrong` does not say whether there is such an account; `busy`: too many others
 * are being checked; `unavailable`: the accounts cannot be read at the moment.
 */
export type LogInOutcome =
  | { readonly kind: 'logged-in'; readonly account: string }
  | { readonly kind: 'unconfirmed'; readonly account: string }
  | { readonly kind: 'suspended'; readonly account: string }
  | { readonly kind: 'wrong' | 'busy' | 'unavailable' };

/** What a step of a SASL exchange has brought: text for the peer, or the end. */
export type SaslStep = { readonly kind: 'challenge'; readonly text: string } | LogInOutcome;

/** One SASL exchange. Its steps must not overlap. */
export interface SaslExchange {
  /** @param response - of the peer, in base64; empty for an empty response */
  step(response: string): Promise<SaslStep>;
}

/** Why an account was not made; the names are those of draft/account-registration. */
export type RegistrationRefusal =
  | 'ACCOUNT_EXISTS'
  | 'BAD_ACCOUNT_NAME'
  | 'ACCOUNT_NAME_MUST_BE_NICK'
  | 'NEED_NICK'
  | 'WEAK_PASSWORD'
  | 'UNACCEPTABLE_PASSWORD'
  | 'INVALID_EMAIL'
  | 'TEMPORARILY_UNAVAILABLE';

/** How a registration has ended. `account` is the name, as far as it may be shown. */
export type RegisterOutcome =
  | { readonly kind: 'registered'; readonly account: string }
  | { readonly kind: 'confirmation-required'; readonly account: string; readonly email: string }
  | { readonly kind: 'refused'; readonly why: RegistrationRefusal; readonly account: string };

/** How a confirmation has ended. */
export type VerifyOutcome =
  | { readonly kind: 'registered'; readonly account: string }
  | {
      readonly kind: 'refused';
      readonly why: 'INVALID_CODE' | 'TEMPORARILY_UNAVAILABLE';
      readonly account: string;
    };

/** Somebody who wants an account. */
export interface RegisterAsk extends Asker {
  /** `*` for the nick. */
  readonly name: string;
  /** The nick of the one who asks; null as long as it has none. */
  readonly nick: string | null;
  /** The nick that it has asked for in vain; null if it has not. */
  readonly refusedNick: string | null;
  /** `*` for none. */
  readonly email: string;
  readonly password: string;
  /** Whether a name is well formed, and nobody else goes by it. */
  readonly mayBeNamed: (name: string) => 'yes' | 'malformed' | 'taken';
  /** New accounts that its source may make in an hour; 0 for no limit. */
  readonly accountsPerHour: number;
}

/** What anybody who may ask is shown of an account. */
export interface AccountFacts {
  readonly name: string;
  readonly createdMs: number;
  readonly email: string | null;
  readonly isConfirmed: boolean;
  readonly suspendedMs: number | null;
  readonly settings: Readonly<Record<string, string>>;
  readonly certificates: readonly string[];
}

export type FindOutcome =
  { readonly kind: 'account'; readonly facts: AccountFacts } | { readonly kind: 'none' | 'unavailable' };

/** One change of an account. The value of a setting is null if it is removed. */
export type AccountChange =
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'email'; readonly email: string | null }
  | { readonly kind: 'add-certificate' | 'drop-certificate'; readonly fingerprint: string }
  | { readonly kind: 'setting'; readonly key: string; readonly value: string | null }
  | { readonly kind: 'suspended'; readonly on: boolean };

/** How a change has ended; `none`: there is no such account, or no such certificate. */
export type ChangeOutcome =
  | { readonly kind: 'changed' | 'none' | 'busy' | 'unavailable' }
  | {
      readonly kind: 'refused';
      readonly why:
        | 'WEAK_PASSWORD'
        | 'UNACCEPTABLE_PASSWORD'
        | 'INVALID_EMAIL'
        | 'INVALID_CERTIFICATE'
        | 'CERTIFICATE_TAKEN'
        | 'TOO_MANY';
    };

export type EraseOutcome =
  { readonly kind: 'erased'; readonly account: string } | { readonly kind: 'none' | 'unavailable' };

/** The names of all accounts, as their owners have spelled them, in the order in which they were made. */
export type NamesOutcome =
  { readonly kind: 'names'; readonly names: readonly string[] } | { readonly kind: 'unavailable' };

/** Hears of accounts that are there from now on, and of those that are gone. */
export interface AccountObserver {
  registered(account: string): void;
  erased(account: string): void;
}

/** What can be asked about the accounts of one server. */
export interface AccountAnswers {
  /** Logs somebody in by a password, or checks a password for something else. */
  logIn(ask: Asker & { readonly name: string; readonly password: string }): Promise<LogInOutcome>;
  /** Begins a SASL exchange. @param certificate - the fingerprint of the peer's; null without one */
  exchange(mechanism: Mechanism, ask: Asker & { readonly certificate: string | null }): SaslExchange;
  register(ask: RegisterAsk): Promise<RegisterOutcome>;
  /** Confirms a new account by the code that was sent to its owner. */
  verify(ask: Asker & { readonly name: string; readonly code: string }): Promise<VerifyOutcome>;
  find(name: string): Promise<FindOutcome>;
  change(name: string, change: AccountChange): Promise<ChangeOutcome>;
  /** Removes an account. Whoever is logged in to it is the business of an observer. */
  erase(name: string): Promise<EraseOutcome>;
  /** Accounts that wait for their confirmation are left out. */
  names(): Promise<NamesOutcome>;
}

/** The accounts of one server, for its protocols. */
export interface AccountService extends AccountAnswers {
  /** Lets an observer know of accounts that are made, or confirmed, and erased later, before the one who asked. */
  observe(observer: AccountObserver): void;
}
