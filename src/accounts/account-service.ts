/**
 * The questions that protocols ask about accounts. Every question is answered by plain data with a `kind`, and none is
 * rejected: the answers can be recorded. Everything that depends on a secret, or on a name next to one, is decided in
 * the answer.
 */

/** The SASL mechanisms, in the order in which they are offered. */
export const MECHANISMS = ['PLAIN', 'EXTERNAL', 'SCRAM-SHA-256'] as const;
export type Mechanism = (typeof MECHANISMS)[number];

/** The settings of accounts; all can change while a server runs. */
export interface AccountSettings {
  /** Whether people may make accounts themselves. */
  readonly registration: boolean;
  /** The mechanisms that are offered. Without any, nobody can log in by SASL. */
  readonly mechanisms: readonly Mechanism[];
  /** Whether somebody can make an account before it has entered the chat. */
  readonly beforeConnect: boolean;
  /** Whether the name of a new account may differ from the nick of the one who makes it. */
  readonly customNames: boolean;
  /** Whether a new account needs an e-mail address. */
  readonly requireEmail: boolean;
  /** The program that sends the code of a new account, with its arguments; null if no addresses are confirmed. */
  readonly emailCommand: readonly string[] | null;
  /** The lifetime of the code of a new account, in milliseconds. */
  readonly codeLifetimeMs: number;
  /** The fewest characters of a new password, at least 1. */
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

/** The client that asks. */
export interface Asker {
  /** Its address, or the network that counts as one. */
  readonly source: string;
  /** The longest wait after failed passwords, in milliseconds; 0 for none. */
  readonly maxDelayMs: number;
}

/**
 * The result of an attempt to log in. `wrong` does not say whether there is such an account; `busy`: too many others
 * are being checked; `unavailable`: the accounts cannot be read at the moment.
 */
export type LogInOutcome =
  | { readonly kind: 'logged-in'; readonly account: string }
  | { readonly kind: 'unconfirmed'; readonly account: string }
  | { readonly kind: 'suspended'; readonly account: string }
  | { readonly kind: 'wrong' | 'busy' | 'unavailable' };

/** The result of one step of a SASL exchange: text for the peer, or the end. */
export type SaslStep = { readonly kind: 'challenge'; readonly text: string } | LogInOutcome;

/** One SASL exchange. Its steps must not overlap. */
export interface SaslExchange {
  /** @param response - the response of the peer, in base64; empty for an empty response */
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

/** The result of a registration. `account` is the name, as far as it may be shown. */
export type RegisterOutcome =
  | { readonly kind: 'registered'; readonly account: string }
  | { readonly kind: 'confirmation-required'; readonly account: string; readonly email: string }
  | { readonly kind: 'refused'; readonly why: RegistrationRefusal; readonly account: string };

/** The result of a confirmation. */
export type VerifyOutcome =
  | { readonly kind: 'registered'; readonly account: string }
  | {
      readonly kind: 'refused';
      readonly why: 'INVALID_CODE' | 'TEMPORARILY_UNAVAILABLE';
      readonly account: string;
    };

/** A request for a new account. */
export interface RegisterAsk extends Asker {
  /** `*` for the nick. */
  readonly name: string;
  /** The nick of the client that asks; null if it has none yet. */
  readonly nick: string | null;
  /** The nick that was refused to it; null if none was. */
  readonly refusedNick: string | null;
  /** `*` for none. */
  readonly email: string;
  readonly password: string;
  /** Whether a name is well formed, and nobody else has it as a nick. */
  readonly mayBeNamed: (name: string) => 'yes' | 'malformed' | 'taken';
  /** The most new accounts that its source may make in an hour; 0 for no limit. */
  readonly accountsPerHour: number;
}

/** The facts about an account that anybody who may ask is shown. */
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

/** The result of a change. `none`: there is no such account, or no such certificate. */
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

/** The names of all accounts, as their owners spelled them, in the order in which they were made. */
export type NamesOutcome =
  { readonly kind: 'names'; readonly names: readonly string[] } | { readonly kind: 'unavailable' };

/** The observer of accounts that are made and accounts that are erased. */
export interface AccountObserver {
  registered(account: string): void;
  erased(account: string): void;
}

/** The questions about the accounts of one server, with their answers. */
export interface AccountAnswers {
  /** Logs somebody in with a password, or checks a password for another purpose. */
  logIn(ask: Asker & { readonly name: string; readonly password: string }): Promise<LogInOutcome>;
  /** Begins a SASL exchange. @param certificate - the fingerprint of the peer's certificate; null without one */
  exchange(mechanism: Mechanism, ask: Asker & { readonly certificate: string | null }): SaslExchange;
  register(ask: RegisterAsk): Promise<RegisterOutcome>;
  /** Confirms a new account with the code that was sent to its owner. */
  verify(ask: Asker & { readonly name: string; readonly code: string }): Promise<VerifyOutcome>;
  find(name: string): Promise<FindOutcome>;
  change(name: string, change: AccountChange): Promise<ChangeOutcome>;
  /** Removes an account. An observer deals with those who are logged in to it. */
  erase(name: string): Promise<EraseOutcome>;
  /** Accounts that wait for their confirmation are left out. */
  names(): Promise<NamesOutcome>;
}

/** The accounts of one server, for its protocols. */
export interface AccountService extends AccountAnswers {
  /**
   * Reports to an observer accounts that are later made, or confirmed, and erased, before the asker gets its answer.
   */
  observe(observer: AccountObserver): void;
}
